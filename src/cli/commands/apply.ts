import { Draft } from '../../app/draft/draft.ts';
import { connectedOrProblems } from '../../app/draft/rowsIntake.ts';
import { identify, signIn } from '../../app/identity.ts';
import { expectJustified } from '../../app/plan/justification.ts';
import { isStopped, type Plan } from '../../app/plan/plan.ts';
import { statusOfId } from '../../app/runs/status.ts';
import { openServices, type Services } from '../../app/services.ts';
import { warningOfTokenEnd } from '../../app/tokenExpiry.ts';
import { EXIT, UserError, type ExitCode } from '../../errors.ts';
import { openFrom } from '../../runs/schedule/schedule.ts';
import type { Context } from '../context.ts';
import { draining, type DrainFlags } from '../draining.ts';
import { draftTerms, makeOptions, openInput, planTerms, runTerms } from '../draftFlags.ts';
import type { MakeFlags } from '../draftFlags.ts';
import { numberIn } from '../flags.ts';
import { optionsOfRun, ROWS, type GuardFlags, type RunFlags } from '../planFlags.ts';
import { askFindings, canBeAsked } from '../terminal/askFindings.ts';
import { canAsk, nobodyToAsk } from '../terminal/ask.ts';
import { mayChange } from '../terminal/askPlan.ts';
import { followCanary } from '../terminal/canary.ts';
import { showPlan } from '../terminal/showPlan.ts';
import { tellSchedule } from '../terminal/tellSchedule.ts';
import { tellStop } from '../terminal/tellWaits.ts';
import { takeTurn, turnOptions, type TurnFlags } from '../terminal/turn.ts';
import { planFile } from './plan.ts';

/** The flags of a command that carries a plan out here. */
export interface CarryOutFlags extends RunFlags, GuardFlags, DrainFlags, TurnFlags {
  readonly again?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly canaryStop?: boolean;
}

interface ApplyFlags extends MakeFlags, CarryOutFlags {
  readonly dryRun?: boolean;
  readonly sample?: number;
}

export const apply = draining<ApplyFlags>({
  options: (command) =>
    turnOptions(makeOptions(command))
      .option('--canary-stop', 'after the canary, stop instead of asking; `retarget resume` goes on')
      .addOption(
        numberIn('--sample <rows>', 'write so many of the rows, spread over the policies, and end', ROWS),
      )
      .option('--yes', 'do not ask')
      .option('--dry-run', 'the same as `retarget plan`')
      .option('--json', 'print the run as JSON when it has ended, or the plan when the guard stops it'),
  async run([path = ''], flags, context) {
    if (flags.dryRun) return planFile(path, flags, context);
    // Said before the file is read and the tenant is looked at, which may take long.
    if (path === '-' && !flags.yes) throw stdinNeedsYes();
    if (!flags.yes && !canAsk(context)) throw nobodyToAsk();
    const terms = draftTerms(flags, runTerms(flags));
    const wanted = planTerms(flags);
    const known = identify(flags, context);
    const file = await openInput(path, flags, context);
    const connecting = signIn(known, context).then((signedIn) => openServices(signedIn, context));
    await using services = await connectedOrProblems(connecting, file, terms, known, context);
    await using draft = await Draft.open(file, terms, services);
    if (flags.sample !== undefined) await draft.sample(flags.sample, wanted);
    return await applyPlanned(draft, await draft.plan(wanted), flags, services, context);
  },
});

/** What is done to the assignments, as the question asks, and what the log calls it. */
export interface Deed {
  readonly verb: string;
  readonly action: string;
}

/** Shows a plan, asks, makes it a run and works on it here. */
export async function applyPlanned(
  draft: Draft,
  plan: Plan,
  flags: CarryOutFlags,
  services: Services,
  context: Context,
  { verb, action }: Deed = { verb: 'Change', action: 'apply' },
): Promise<ExitCode> {
  const { print } = context;
  const isAskedFor = canBeAsked(plan, flags, context);
  showPlan(plan, print, { details: flags.details === true, isAsked: isAskedFor });
  const options = optionsOfRun(flags);
  expectJustified(plan, options);
  const allowed = isAskedFor ? await askFindings(plan, context) : [];
  if (allowed === undefined || (isStopped(plan) && !isAskedFor)) {
    if (flags.json) print.json(plan);
    print.say('Nothing was changed.');
    return EXIT.stoppedEarly;
  }
  const beginsAt = openFrom(options, Date.now())[0]?.[0] ?? Date.now();
  const warning = plan.writes > 0 ? warningOfTokenEnd(services.identity, plan, beginsAt) : undefined;
  if (warning !== undefined) print.say(warning);
  tellSchedule(plan, options, services, print);
  await tellStop(services, print);
  const isAsked = (plan.writes > 0 || plan.doubt !== null) && !flags.yes;
  if (isAsked && !(await mayChange(verb, plan, services, context))) return EXIT.stoppedEarly;
  const also = await takeTurn(undefined, flags, services, context);
  if (also === undefined) return EXIT.stoppedEarly;
  // The log tells what was let through, whoever has typed it where.
  const said = allowed.length === 0 ? flags : { ...flags, allow: [...(flags.allow ?? []), ...allowed] };
  const runId = await draft.publish({ again: flags.again === true, action, said });
  print.say(`Run ${runId}`);
  const exitCode = await followCanary(runId, flags, also, services, context);
  if (flags.json) print.json(await statusOfId(runId, services));
  return exitCode;
}

const stdinNeedsYes = (): UserError =>
  new UserError('The file comes from stdin, so there is nobody to ask.', {
    remedy: 'Run `retarget plan -` on it first, then `retarget apply - --yes`.',
    exitCode: EXIT.badInput,
  });
