import type { Begin, FileFlags, Staged } from './staged.ts';
import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { Command } from 'commander';
import type { ReadingRules } from '../../assignments/rows/rowReader.ts';
import { EXIT, UserError } from '../../errors.ts';
import { FILE_FORMATS } from '../../formats/format.ts';
import { recognise } from '../../formats/planFile.ts';
import { STRATEGIES } from '../../assignments/kinds/kind.ts';
import { DEFAULT_OPTIONS, type RunOptions } from '../../runs/run.ts';
import { Staging, type StagedRow } from '../../runs/staging.ts';
import { RunStore } from '../../runs/runStore.ts';
import type { Context } from '../../cli/context.ts';
import type { LivePlan } from '../plan/makePlan.ts';
import { numberIn, oneOf } from '../../cli/flags.ts';
import { openInput, policyByPolicy, readIn, withoutPolicies, type InputFile } from './intake.ts';
import { isInterrupt } from '../interrupt.ts';
import { pruneKeptPlans, type IsRecorded } from './keptPlans.ts';
import { canSkip, refused, showProblems } from '../../cli/terminal/problems.ts';
import { identify, type Identity } from '../identity.ts';
import { keptTexts } from '../runs/runLog.ts';
import { problemOfPlan, stagePlan } from './planFileIntake.ts';
import { rememberTenant, openSession, type Session } from '../services.ts';
import { count } from '../words.ts';

/** What a command that makes a run wants of it. */
export interface Making {
  readonly options: RunOptions;
  /** The file becomes a run without being compared with the tenant. */
  readonly unplanned?: boolean;
  /** Where a copy of a plan file is kept, by the run's id. */
  readonly keepPlanIn?: (runId: string) => string;
}

const NO_RUN: Making = { options: DEFAULT_OPTIONS };

export function fileOptions(command: Command): Command {
  return command
    .addOption(oneOf('--input-format <format>', 'otherwise by extension, else by content', FILE_FORMATS))
    .option(
      '--skip-invalid',
      'leave out every row of a policy that has a row with a problem; refused when a row does not tell its policy',
    )
    .option('--again', 'take a file although a run of it is unfinished')
    .option('--blind', 'write without looking first: nothing is skipped, blank filters are problems, no undo')
    .addOption(
      oneOf(
        '--strategy <strategy>',
        'patch (default): each assignment by itself; assign: the whole list of each policy, for tenants that refuse PATCH',
        STRATEGIES,
      ),
    )
    .addOption(
      numberIn('--keep-days <days>', 'how long the run is kept after its end', { least: 1, most: 3650 }, 30),
    );
}

/**
 * Reads a file and stages its rows, then hands them to `use`. Problems of the file come first, also when Redis is away.
 * What `use` did not publish is forgotten.
 * @param signIn signs in as far as the command needs it, which may depend on whether the file is a plan
 * @throws UserError (exit 2) for a file with problems: they are shown, nothing is left in Redis.
 */
export async function withStagedFile<T>(
  path: string,
  flags: FileFlags,
  context: Context,
  signIn: (identity: Identity, context: Context, isPlan: boolean) => Promise<Identity>,
  use: (staged: Staged) => Promise<T>,
  making = NO_RUN,
): Promise<T> {
  const known = identify(flags, context);
  const { keepDays } = flags;
  const rules: ReadingRules = {
    root: known.config.graphUrl,
    apiVersion: known.config.apiVersion,
    blind: flags.blind === true,
    strategy: flags.strategy ?? 'patch',
    ...(making.unplanned && { unplanned: true }),
  };
  refuseUnfit(rules);
  const opened = await openInput(path, flags.inputFormat, context);
  const { isPlan, bytes } = await recognise(opened.bytes);
  const file = { ...opened, bytes };
  const orProblems = <T>(opening: Promise<T>): Promise<T> =>
    isPlan ? openedOrProblem(opening, file) : openedOrProblems(opening, file, rules, flags, context);
  const signedIn = await orProblems(signIn(known, context, isPlan));
  await using session = await orProblems(openSession(signedIn, context));
  const { identity } = session;
  const stagings: Staging[] = [];
  const begin: Begin = async (more = {}) => {
    const run = {
      ...runIdentity(identity, file, rules, keepDays, context),
      options: keptTexts(
        { ...making.options, strategy: rules.strategy ?? 'patch', ...more.options },
        context.redactor,
      ),
      ...more.run,
    };
    if (making !== NO_RUN) await rememberTenant(session);
    const staging = await Staging.begin(session.runs, run, Date.now());
    stagings.push(staging);
    return staging;
  };
  let staged: Staged | undefined;
  try {
    staged = isPlan
      ? await stagePlan(session, file, begin, flags, making.keepPlanIn, context.print)
      : await stage(session, file, rules, begin, flags, context);
    return await use(staged);
  } catch (error) {
    if (isInterrupt(error, context.interrupted) && !staged?.isPublished)
      context.print.say('Nothing was queued.');
    throw error;
  } finally {
    // Nothing happens to the one that was published. What can't be deleted, as Redis is away, Redis itself forgets.
    let isGone = true;
    for (const staging of stagings) isGone = (await staging.discard().catch(() => false)) && isGone;
    // What may be a run after all keeps its plan. One that could not be kept can't be deleted either.
    if (staged?.keptPlan !== undefined && !staged.isPublished && isGone)
      await rm(staged.keptPlan, { force: true }).catch(() => undefined);
  }
}

/** Whole lists are written only as they were read, and v1.0 shows no filters. */
export function refuseUnfit({
  strategy,
  blind,
  apiVersion,
}: Pick<ReadingRules, 'strategy' | 'blind' | 'apiVersion'>): void {
  if (strategy !== 'assign' || (!blind && apiVersion === 'beta')) return;
  const [what, remedy] = blind
    ? ['--blind', 'Leave --blind out.']
    : [`--api-version ${apiVersion}`, 'Run with --api-version beta.'];
  throw new UserError(`--strategy assign does not go with ${what}: a list is written back as it was read.`, {
    remedy,
    exitCode: EXIT.badInput,
  });
}

/** Reads the file in; with `--skip-invalid` a second time from what was staged, without the policies with problems. */
async function stage(
  session: Session,
  file: InputFile,
  rules: ReadingRules,
  begin: Begin,
  flags: FileFlags,
  context: Context,
): Promise<Staged> {
  const first = await begin();
  // V8 would let the short-lived heap grow by 100 MB and more, for rows that are gone as soon as they are staged.
  setFlagsFromString('--semi-space-growth-factor=1');
  const intake = await readIn(file, rules, (row) => first.add(row));
  await first.flush();
  setFlagsFromString('--semi-space-growth-factor=2');
  const staged = { session, intake, rules, begin, isPublished: false };
  if (intake.problemTotal === 0)
    return { ...staged, staging: await wholePolicies(first, rules, begin), leftOut: 0 };

  showProblems(intake, context);
  if (!flags.skipInvalid || !canSkip(intake)) throw refused(intake, flags.skipInvalid === true);
  const rest = await restaged(withoutPolicies(first.rowsByBatch(), intake.badPolicies, rules), begin);
  const leftOut = intake.rows - rest.rows;
  const policies = count(intake.badPolicies.size, 'policy', 'policies');
  context.print.say(`Left out: ${count(leftOut, 'row')} of ${policies} with problems.`);
  if (rest.rows === 0) throw refused(intake, false);
  return { ...staged, staging: await wholePolicies(rest, rules, begin), leftOut };
}

export async function restaged(rows: AsyncIterable<StagedRow>, begin: Begin): Promise<Staging> {
  const staging = await begin();
  for await (const row of rows) await staging.add(row);
  await staging.flush();
  return staging;
}

/** What has to be written in order within a policy must lie in one batch. */
const wholePolicies = async (staging: Staging, rules: ReadingRules, begin: Begin): Promise<Staging> =>
  staging.isScattered ? restaged(policyByPolicy(staging, rules), begin) : staging;

/**
 * The sign-in may fail, or Redis be away, and the file be wrong: then the file's problems are told, since they come back
 * whatever those do.
 */
async function openedOrProblems<T>(
  opening: Promise<T>,
  file: InputFile,
  rules: ReadingRules,
  flags: FileFlags,
  context: Context,
): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const intake = await readIn(file, rules, async () => undefined);
    if (intake.problemTotal === 0 || (flags.skipInvalid && canSkip(intake))) throw error;
    showProblems(intake, context);
    throw refused(intake, flags.skipInvalid === true);
  }
}

/** The same for a plan file. */
async function openedOrProblem<T>(opening: Promise<T>, file: InputFile): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw (await problemOfPlan(file)) ?? error;
  }
}

/** What a new run is of and for, but for its options. */
export function runIdentity(
  identity: Identity,
  file: Pick<InputFile, 'name'>,
  rules: ReadingRules,
  keepDays: number,
  context: Context,
) {
  return {
    runId: newRunId(new Date()),
    tenant: identity.tenant,
    graphUrl: identity.config.graphUrl,
    apiVersion: rules.apiVersion,
    appId: identity.appId,
    operator: identity.operator,
    arguments: context.argv.map(context.redactor.redacted),
    fileName: file.name,
    blind: rules.blind,
    keepDays,
  };
}

/** `20260131-235959-k7qd`: sorts by time, says when, and can be read out on the telephone. */
function newRunId(now: Date): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  return `${stamp}-${Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('')}`;
}

/** Old plans go when a new one comes. That one can't be deleted is no matter of the run, which is published by now. */
async function prunePlansBeside(
  path: string,
  runId: string,
  { runs, redis, identity, log }: Session,
): Promise<void> {
  // Tenants share the directory.
  const recordOf = (tenant: string): RunStore =>
    tenant === identity.tenant ? runs : new RunStore(redis, tenant);
  const isRecorded: IsRecorded = async ({ runId: id, tenant }) =>
    (await recordOf(tenant).run(id)) !== undefined;
  try {
    const keepDays = (await runs.run(runId))?.keepDays ?? 0;
    await pruneKeptPlans(dirname(path), isRecorded, { keepDays, now: Date.now() });
  } catch (error) {
    log.debug({ err: error }, 'Old plans could not be deleted.');
  }
}

/**
 * Makes the staged rows a run and queues its first batches. Answers the run's id.
 * @param plan what was accepted; undefined: nobody has compared the rows with the tenant
 */
export async function publish(
  staged: Staged,
  again: boolean,
  plan: Pick<LivePlan, 'fingerprint'> | undefined,
): Promise<string> {
  const { staging, intake, leftOut, session } = staged;
  const { sha256, columns } = intake;
  const published = await staging.publish({
    ...{ sha256, columns, leftOut, again },
    planFingerprint: plan?.fingerprint ?? null,
  });
  switch (published.kind) {
    case 'published':
      staged.isPublished = true;
      await session.producer.topUp();
      if (staged.keptPlan !== undefined) await prunePlansBeside(staged.keptPlan, staging.runId, session);
      return staging.runId;
    case 'sameFile': {
      const watch = session.identity.hint(`watch ${published.runId}`);
      throw new UserError(`Run ${published.runId} of the same file is not finished.`, {
        remedy: `Follow it with \`${watch}\`, or start another one with --again.`,
        exitCode: EXIT.badInput,
      });
    }
    case 'lost':
      throw new UserError('The rows that were read in are gone from Redis; nothing was queued.', {
        remedy: 'Start again. If it happens again, Redis was flushed or out of reach for minutes.',
        exitCode: EXIT.environment,
      });
  }
}
