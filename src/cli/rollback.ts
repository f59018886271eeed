import type { Staged } from './staged.ts';
import { rm } from 'node:fs/promises';
import type { SharedFlags } from '../config.ts';
import { EXIT, UserError, type ExitCode } from '../errors.ts';
import { DEFAULT_OPTIONS } from '../runs/run.ts';
import { Staging } from '../runs/staging.ts';
import { question } from './apply.ts';
import { expectJustified } from './approvals.ts';
import { ask, canAsk, nobodyToAsk } from './ask.ts';
import type { CliCommand, Context } from './context.ts';
import { draining, type DrainFlags } from './drain.ts';
import { findRun } from './findRun.ts';
import { reasonOption } from './flags.ts';
import { identify, sharedOptions, signIn, type Identity } from './identity.ts';
import { stageInverses, showInverses, type Inverses } from './inverses.ts';
import { waitForLateWrites } from './lateWrites.ts';
import { planStaged } from './livePlan.ts';
import { keepPlanIn } from './making.ts';
import { planTerms } from './plan.ts';
import { JUSTIFICATION, justificationFrom } from './planOptions.ts';
import { keptTexts, logRun } from './runLog.ts';
import { selectionOptions, selectorFrom, type SelectionFlags } from './selection.ts';
import { openSession, rememberTenant, type Session } from './session.ts';
import { showPlan } from './showPlan.ts';
import { publish, runIdentity } from './stage.ts';
import { tellStop } from './stopAll.ts';
import { takeTurn, turnOptions, type TurnFlags } from './turn.ts';
import { statusOf, tellNoWorkers, workOn } from './work.ts';
import { writtenByPlan, writtenByRun, type Unrecorded, type Written } from './writtenRows.ts';

const KEEP_DAYS = 30;

interface RollbackFlags extends SharedFlags, DrainFlags, SelectionFlags, TurnFlags {
  readonly from?: string;
  readonly force?: boolean;
  readonly includeUnrecorded?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly work?: boolean;
  readonly json?: boolean;
  readonly reason?: string;
  readonly planDir?: string;
  readonly justification?: string;
}

export const rollback: CliCommand<RollbackFlags> = draining({
  options: (command) =>
    turnOptions(selectionOptions(sharedOptions(command)))
      .option('--from <plan>', 'take back what a plan file has changed, also when Redis knows nothing of it')
      .option('--force', 'put back also what somebody has changed since')
      .option(
        '--include-unrecorded',
        "put back, from the run's plan, also what was found so with no write on record",
      )
      .option('--dry-run', 'show what would be put back')
      .option('--yes', 'do not ask')
      .option('--work', 'work here until the rollback is done')
      .option(
        '--plan-dir <directory>',
        'where the plan of the rollback is kept; otherwise in the data directory',
      )
      .addOption(reasonOption())
      .option(...JUSTIFICATION)
      .option('--json', 'print the run as JSON; with --dry-run the plan'),
  async run([name], flags, context) {
    if ((name === undefined) === (flags.from === undefined)) throw whatIsMeant();
    const selection = { where: selectorFrom(flags.where), rows: flags.rows };
    const known = identify(flags, context);
    if (!isSure(known)) expectAnswer(flags, context);
    await using opened = await openSession(isSure(known) ? known : await signIn(known, context), context);
    // What is not there is told before anybody signs in or is asked.
    if (name !== undefined && name !== '@last')
      await findRun(name, opened.runs, opened.identity.tenant, context);
    expectAnswer(flags, context);
    const session = isSure(known) ? { ...opened, identity: await signIn(opened.identity, context) } : opened;
    const written =
      flags.from === undefined
        ? await writtenByRun(name ?? '', selection, unrecordedBy(flags, context), session, context)
        : await writtenByPlan(flags.from, selection, session, context);
    expectItsVersion(flags.apiVersion, written);
    if (written.isUnseen) {
      context.print.say(
        `${written.name} was made without a look at the tenant: it has no before-images, so there is nothing to go back to.`,
      );
      return EXIT.done;
    }
    if (!flags.dryRun && written.runId !== undefined)
      await waitForLateWrites(written.runId, session, context);
    const staging = await beginRollback(written, flags, session, context);
    try {
      return await rollBack(written, staging, flags, session, context);
    } finally {
      await staging.discard().catch(() => undefined);
    }
  },
});

function expectAnswer({ dryRun, yes }: RollbackFlags, context: Context): void {
  if (!dryRun && !yes && !canAsk(context)) throw nobodyToAsk();
}

/** Whose runs are meant is known without the sign-in. */
const isSure = ({ isReadyToken, tenantFrom }: Identity): boolean => isReadyToken || tenantFrom === 'id';

const unrecordedBy = (flags: RollbackFlags, context: Context): Unrecorded => ({
  isIncluded: flags.includeUnrecorded === true,
  planPath: keepPlanIn(flags, context),
});

const whatIsMeant = (): UserError =>
  new UserError('What is to be rolled back is not said.', {
    remedy: 'Give either a run id (or @last), or --from with the plan file of the run.',
    exitCode: EXIT.badInput,
  });

/** A rollback writes as what it takes back was written. @throws UserError (exit 2) for another version */
function expectItsVersion(given: string | undefined, { name, apiVersion }: Written): void {
  if (given === undefined || given.trim().toLowerCase() === apiVersion) return;
  throw new UserError(`${name} was written through ${apiVersion}, not through ${given}.`, {
    remedy: `Leave --api-version out: it goes back as it came.`,
    exitCode: EXIT.badInput,
  });
}

const beginRollback = async (
  written: Written,
  flags: RollbackFlags,
  session: Session,
  context: Context,
): Promise<Staging> => {
  const { runs, identity } = session;
  await rememberTenant(session);
  const rules = { root: identity.config.graphUrl, apiVersion: written.apiVersion, blind: false };
  const run = runIdentity(identity, { name: `rollback of ${written.name}` }, rules, KEEP_DAYS, context);
  const options = keptTexts(
    {
      ...DEFAULT_OPTIONS,
      strategy: written.strategy,
      restores: true,
      justification: justificationFrom(flags.justification),
      revertOf: written.name,
      purpose: flags.reason ?? null,
    },
    context.redactor,
  );
  return Staging.begin(runs, { ...run, options }, Date.now());
};

async function rollBack(
  written: Written,
  staging: Staging,
  flags: RollbackFlags,
  session: Session,
  context: Context,
): Promise<ExitCode> {
  const inverses = await stageInverses(written, staging, flags.force === true, session, context);
  showInverses(inverses, written, context);
  const leftOut = inverses.leftOut + written.unrecordedLines.length;
  const unless = leftOut > 0 ? EXIT.someRowsFailed : EXIT.done;
  if (inverses.rows === 0) return unless;
  const staged = stagedInverses(inverses, written, staging, session);
  let also: readonly string[] = [];
  if (!flags.dryRun) staged.keptPlan = keepPlanIn(flags, context)(staging.runId);
  try {
    const plan = await planStaged(staged, planTerms({}, staged.keptPlan ? [staged.keptPlan] : []), context);
    if (flags.dryRun && flags.json) context.print.json(plan);
    else showPlan(plan, context);
    if (flags.dryRun) return unless;
    expectJustified(plan, { justification: justificationFrom(flags.justification) });
    await tellStop(session, context);
    if (!flags.yes && !(await ask(await question('Put back', plan, session.identity, context), context))) {
      context.print.say('Nothing was changed.');
      return EXIT.stoppedEarly;
    }
    const turn = flags.work ? await takeTurn(undefined, flags, session, context) : [];
    if (turn === undefined) return EXIT.stoppedEarly;
    also = turn;
    await publish(staged, true);
  } finally {
    if (staged.keptPlan !== undefined && !staged.isPublished) await rm(staged.keptPlan, { force: true });
  }
  await logRollback(written, staging.runId, flags, session, context);
  return (await workedOn(staging.runId, also, flags, session, context)) ?? unless;
}

/** Answers the exit code of the run when it was worked on here. */
async function workedOn(
  runId: string,
  also: readonly string[],
  flags: RollbackFlags,
  session: Session,
  context: Context,
): Promise<ExitCode | undefined> {
  const { print } = context;
  print.say(`Run ${runId}`);
  if (!flags.work && !flags.json) print.data(runId);
  let exitCode: ExitCode | undefined;
  if (flags.work) exitCode = await workOn(runId, session, context, also);
  else await tellNoWorkers(session, context);
  const run = flags.json ? await session.runs.run(runId) : undefined;
  if (run) print.json(await statusOf(run, session));
  return exitCode;
}

async function logRollback(
  { name, runId: rolledBack }: Written,
  runId: string,
  flags: RollbackFlags,
  session: Session,
  context: Context,
): Promise<void> {
  const force = flags.force ? { force: true } : {};
  await logRun('rollback', runId, session, context, flags, { of: name, ...force });
  if (rolledBack !== undefined)
    await logRun('rolled back', rolledBack, session, context, flags, { by: runId, ...force });
}

const stagedInverses = (
  { sha256, columns, rows, leftOut }: Inverses,
  { name, apiVersion, strategy, unrecordedLines }: Written,
  staging: Staging,
  session: Session,
): Staged => ({
  session,
  staging,
  intake: {
    ...{ name: `rollback of ${name}`, sha256, columns, rows },
    ...{ problems: [], problemTotal: 0, isBroken: false, badPolicies: new Set(), unplacedLine: undefined },
  },
  rules: { root: session.identity.config.graphUrl, apiVersion, blind: false, restores: true, strategy },
  leftOut: leftOut + unrecordedLines.length,
  begin: async () => staging,
  isRestoring: true,
  isPublished: false,
});
