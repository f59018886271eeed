import { tenantDomain, tenantInWords } from '../../app/doctor/tenantName.ts';
import { graphOf } from '../../app/graphOf.ts';
import type { Plan } from '../../app/plan/plan.ts';
import type { Services } from '../../app/services.ts';
import { count } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { Context } from '../context.ts';
import { ask } from './ask.ts';
import { shortFingerprint } from './planSummary.ts';

type Asked = Pick<Plan, 'writes' | 'fingerprint' | 'doubt'>;

/**
 * Asks whether a plan is to be carried out, and says so when it is not.
 * @param verb what is done to the assignments: `Change`, `Put back`
 */
export async function mayChange(
  verb: string,
  plan: Asked,
  services: Services,
  context: Context,
): Promise<boolean> {
  const isWanted = await ask(await question(verb, plan, services), context);
  if (!isWanted) context.print.say('Nothing was changed.');
  return isWanted;
}

/** Whoever says yes must see which tenant it is, by the name that people know it by. */
async function question(verb: string, plan: Asked, services: Services): Promise<string> {
  const { identity, interrupted } = services;
  const graph = graphOf(identity, services);
  try {
    const domain = await tenantDomain(identity, graph, interrupted);
    const named = `${tenantInWords(identity, domain && visible(domain))}, plan ${shortFingerprint(plan.fingerprint)}`;
    // A yes to a number of assignments is no answer to it.
    if (plan.doubt !== null) return `${plan.doubt} This is ${named}. Go on?`;
    return `${verb} ${count(plan.writes, 'assignment')} in ${named}?`;
  } finally {
    await graph.close();
  }
}
