import type { FileFlags } from './staged.ts';
import { EXIT, UserError } from '../errors.ts';
import type { CliCommand, Context } from './context.ts';
import { logRun, planTaken } from './runLog.ts';
import { count } from './print.ts';
import { keepPlanIn, makesRun, type MakeFlags } from './making.ts';
import { isStopped, planStaged } from './livePlan.ts';
import { planTerms } from './plan.ts';
import { optionsOfRun } from './planOptions.ts';
import { sharedOptions, signIn, type Identity } from './identity.ts';
import { showPlan } from './showPlan.ts';
import { tellStop } from './stopAll.ts';
import { fileOptions, publish, withStagedFile } from './stage.ts';
import { tellNoWorkers } from './work.ts';

const TENANT_UNKNOWN =
  'Neither the token nor --tenant says which tenant this is: only workers without both will take it.';
const NOT_PLANNED =
  'Not compared with the tenant: workers look before each write. For the guard, `retarget plan FILE -o plan.ndjson` first, then submit the plan.';

interface SubmitFlags extends FileFlags, MakeFlags {}

export const submit: CliCommand<SubmitFlags> = {
  options: (command) => makesRun(fileOptions(sharedOptions(command))),
  run: ([path = ''], flags, context) =>
    withStagedFile(
      path,
      flags,
      context,
      tenantForSure,
      async (staged) => {
        const { session, staging, leftOut } = staged;
        const isPlan = staged.saved !== undefined || staged.expected !== undefined;
        if (!isPlan) context.print.say(NOT_PLANNED);
        const kept = staged.keptPlan === undefined ? [] : [staged.keptPlan];
        const plan = isPlan ? await planStaged(staged, planTerms(flags, kept), context) : undefined;
        if (plan) showPlan(plan, context);
        if (plan && isStopped(plan)) {
          context.print.say('Nothing was queued.');
          return EXIT.stoppedEarly;
        }
        const runId = await publish(staged, flags.again === true);
        await logRun('submit', runId, session, context, flags, plan && planTaken(staged, plan));
        context.print.data(runId);
        const rows = count(staging.rows, 'row');
        context.print.say(`Run ${runId}: ${rows} queued for tenant ${session.identity.tenant}.`);
        if (session.identity.tenantFrom === 'nothing') context.print.say(TENANT_UNKNOWN);
        await tellStop(session, context);
        await tellNoWorkers(session, context, '');
        return leftOut > 0 ? EXIT.someRowsFailed : EXIT.done;
      },
      { options: optionsOfRun(flags), keepPlanIn: keepPlanIn(flags, context) },
    ),
};

/** A run is recorded under its tenant's id. Who gives that needs no sign-in; a domain's id is the token's to tell. */
async function tenantForSure(identity: Identity, context: Context): Promise<Identity> {
  if (identity.isReadyToken || identity.tenantFrom === 'id') return identity;
  try {
    return await signIn(identity, context);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.message, {
      remedy: `Give the tenant's id with --tenant: then submit needs no sign-in. Or: ${error.remedy}`,
      exitCode: error.exitCode,
    });
  }
}
