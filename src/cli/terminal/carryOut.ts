import type { Draft } from '../../app/draft/draft.ts';
import { expectJustified } from '../../app/plan/justification.ts';
import { isStopped, type Plan } from '../../app/plan/plan.ts';
import { statusOfId } from '../../app/runs/status.ts';
import type { Services } from '../../app/services.ts';
import { warningOfTokenEnd } from '../../app/tokenExpiry.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import { openFrom } from '../../runs/schedule/schedule.ts';
import type { Context } from '../context.ts';
import type { DrainFlags } from '../draining.ts';
import type { GuardFlags, RunFlags } from '../planFlags.ts';
import { askFindings, canBeAsked } from './askFindings.ts';
import { mayChange } from './askPlan.ts';
import { followCanary } from './canary.ts';
import { showPlan } from './showPlan.ts';
import { tellRevert } from './tellRevert.ts';
import { tellSchedule } from './tellSchedule.ts';
import { tellStop } from './tellWaits.ts';
import { takeTurn, type TurnFlags } from './turn.ts';

/** The flags of a command that carries a plan out here. */
export interface CarryOutFlags extends RunFlags, GuardFlags, DrainFlags, TurnFlags {
  readonly again?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly canaryStop?: boolean;
}

/**
 * Shows a plan, asks, makes it a run and works on it here.
 * @param asked.verb what is done to the assignments, as the question says it; `action` is what the log calls it
 */
export async function carryOut(
  draft: Draft,
  plan: Plan,
  flags: CarryOutFlags,
  services: Services,
  context: Context,
  asked: { readonly verb: string; readonly action: string },
): Promise<ExitCode> {
  const { print } = context;
  const isAskedFor = canBeAsked(plan, flags, context);
  showPlan(plan, print, { details: flags.details === true, isAsked: isAskedFor });
  // Not from the flags anew: `22:00` would be tomorrow's when it has come meanwhile.
  const { options } = draft;
  expectJustified(plan, options);
  const allowed = isAskedFor ? await askFindings(plan, context) : [];
  if (allowed === undefined || (isStopped(plan) && !isAskedFor)) {
    if (flags.json) print.json(plan);
    print.say('Nothing was changed.');
    return EXIT.stoppedEarly;
  }
  const now = await services.runs.now();
  const beginsAt = openFrom(options, now)[0]?.[0] ?? now;
  const warning = plan.writes > 0 ? warningOfTokenEnd(services.identity, plan, beginsAt) : undefined;
  if (warning !== undefined) print.say(warning);
  tellSchedule(plan, options, services, print, now);
  await tellRevert(options, plan, services, print);
  await tellStop(services, print);
  const isAsked = (plan.writes > 0 || plan.doubt !== null) && !flags.yes;
  if (isAsked && !(await mayChange(asked.verb, plan, services, context))) return EXIT.stoppedEarly;
  const also = await takeTurn(undefined, flags, services, context);
  if (also === undefined) return EXIT.stoppedEarly;
  // The log tells what was let through, whoever has typed it where.
  const said = allowed.length === 0 ? flags : { ...flags, allow: [...(flags.allow ?? []), ...allowed] };
  const runId = await draft.publish({ again: flags.again === true, action: asked.action, said });
  print.say(`Run ${runId}`);
  const { planReads } = draft;
  const exitCode = await followCanary(runId, flags, also, { ...services, planReads }, context);
  if (flags.json) print.json(await statusOfId(runId, services));
  return exitCode;
}
