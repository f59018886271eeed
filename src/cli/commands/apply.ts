import type { FileFlags, Staged } from '../../app/draft/staged.ts';
import { EXIT, UserError, type ExitCode } from '../../errors.ts';
import { expectJustified } from '../../app/plan/justification.ts';
import { ask, canAsk, nobodyToAsk } from '../terminal/ask.ts';
import { followCanary } from '../terminal/canary.ts';
import type { Context } from '../context.ts';
import { draining, type DrainFlags } from '../draining.ts';
import { sharedOptions, signIn, type Identity } from '../../app/identity.ts';
import { graphClientOf, isStopped, planStaged, type LivePlan } from '../../app/plan/makePlan.ts';
import { keepPlanIn, makesRun, type MakeFlags } from '../runFlags.ts';
import { OFFLINE, planCommand, planTerms } from './plan.ts';
import { numberIn } from '../flags.ts';
import { optionsOfRun, ROWS } from '../planFlags.ts';
import { logRun, planTaken } from '../../app/runs/runLog.ts';
import { sampled } from '../../app/draft/sample.ts';
import { shortFingerprint, showPlan } from '../terminal/showPlan.ts';
import { tellStop } from '../../app/runs/tenantStop.ts';
import { fileOptions, publish, withStagedFile } from '../../app/draft/draft.ts';
import { tenantDomain, tenantInWords } from '../../app/doctor/tenantName.ts';
import { warningOfTokenEnd } from '../../app/tokenExpiry.ts';
import { takeTurn, turnOptions, type TurnFlags } from '../terminal/turn.ts';
import { statusOf } from '../../app/work/work.ts';
import { count } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';

interface ApplyFlags extends FileFlags, MakeFlags, DrainFlags, TurnFlags {
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly offline?: boolean;
  readonly canaryStop?: boolean;
  readonly sample?: number;
}

export const apply = draining<ApplyFlags>({
  options: (command) =>
    turnOptions(makesRun(fileOptions(sharedOptions(command))))
      .option(...OFFLINE)
      .option('--canary-stop', 'after the canary, stop instead of asking; `retarget resume` goes on')
      .addOption(
        numberIn('--sample <rows>', 'write so many of the rows, spread over the policies, and end', ROWS),
      )
      .option('--yes', 'do not ask')
      .option('--dry-run', 'the same as `retarget plan`')
      .option('--json', 'print the run as JSON when it has ended, or the plan when the guard stops it'),
  async run([path = ''], flags, context) {
    if (flags.dryRun) return planCommand(path, flags, context);
    // Said before the file is read and the tenant is looked at, which may take long.
    if (path === '-' && !flags.yes) throw stdinNeedsYes();
    if (!flags.yes && !canAsk(context)) throw nobodyToAsk();
    const rows = flags.sample;
    const keepIn = keepPlanIn(flags, context);
    const making = { options: optionsOfRun(flags), keepPlanIn: keepIn };
    return withStagedFile(
      path,
      flags,
      context,
      signIn,
      async (staged) => {
        if (rows === undefined) return applyStaged(staged, flags, keepIn, context);
        return applyStaged(
          await sampled(staged, rows, planTerms(flags, []), context),
          flags,
          keepIn,
          context,
        );
      },
      making,
    );
  },
});

async function applyStaged(
  staged: Staged,
  flags: ApplyFlags,
  keepIn: (runId: string) => string,
  context: Context,
): Promise<ExitCode> {
  const { session, staging } = staged;
  const { identity } = session;
  staged.keptPlan ??= keepIn(staging.runId);
  const plan = await planStaged(staged, planTerms(flags, [staged.keptPlan]), context);
  showPlan(plan, context);
  expectJustified(plan, optionsOfRun(flags));
  if (isStopped(plan)) {
    if (flags.json) context.print.json(plan);
    context.print.say('Nothing was changed.');
    return EXIT.stoppedEarly;
  }
  const warning = plan.writes > 0 ? warningOfTokenEnd(identity, plan, Date.now()) : undefined;
  if (warning !== undefined) context.print.say(warning);
  await tellStop(session, context);
  if (
    (plan.writes > 0 || plan.doubt !== null) &&
    !flags.yes &&
    !(await ask(await question('Change', plan, identity, context), context))
  ) {
    context.print.say('Nothing was changed.');
    return EXIT.stoppedEarly;
  }
  const also = await takeTurn(undefined, flags, session, context);
  if (also === undefined) return EXIT.stoppedEarly;
  const runId = await publish(staged, flags.again === true, plan);
  await logRun('apply', runId, session, context, flags, planTaken(staged, plan));
  context.print.say(`Run ${runId}`);
  const exitCode = await followCanary(runId, session, flags, context, also);
  const run = flags.json ? await session.runs.run(runId) : undefined;
  if (run) context.print.json(await statusOf(run, session));
  return exitCode;
}

/** Whoever says yes must see which tenant it is, by the name that people know it by. */
export async function question(
  verb: string,
  plan: Pick<LivePlan, 'writes' | 'fingerprint' | 'doubt'>,
  identity: Identity,
  context: Context,
): Promise<string> {
  const graph = graphClientOf(identity);
  try {
    const domain = await tenantDomain(identity, graph, context.interrupted);
    const where = tenantInWords(identity, domain && visible(domain));
    const named = `${where}, plan ${shortFingerprint(plan.fingerprint)}`;
    // A yes to a number of assignments is no answer to it.
    if (plan.doubt !== null) return `${plan.doubt} This is ${named}. Go on?`;
    return `${verb} ${count(plan.writes, 'assignment')} in ${named}?`;
  } finally {
    await graph.close();
  }
}

const stdinNeedsYes = (): UserError =>
  new UserError('The file comes from stdin, so there is nobody to ask.', {
    remedy: 'Run `retarget plan -` on it first, then `retarget apply - --yes`.',
    exitCode: EXIT.badInput,
  });
