import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiVersion } from '../assignments/values/apiVersion.ts';
import { EXIT, UserError, type ExitCode } from '../errors.ts';
import { tellReach } from '../graph/reach.ts';
import type { Ledger } from '../queue/ledger.ts';
import { awaitsSignIn } from '../queue/pauseRun.ts';
import { Producer } from '../queue/producer.ts';
import { SignIn } from '../queue/signIn.ts';
import { startWorker, type BatchWorker } from '../queue/worker.ts';
import { redisFailure } from '../redis/failure.ts';
import { ROW_STATUSES } from '../runs/rowState.ts';
import { hasEnded, type Run } from '../runs/run.ts';
import { ALREADY_SO_UNPLANNED } from '../runs/unrecorded.ts';
import { statusOfRun, type LedgerStatus, type RunStatus, type Waiting } from '../runs/progress.ts';
import type { Stop } from '../runs/runReader.ts';
import { RunStore } from '../runs/runStore.ts';
import { endedInTime, type Ending } from './away.ts';
import type { Context } from './context.ts';
import { isInterrupt } from './interrupt.ts';
import { graphClientOf } from './livePlan.ts';
import { count, duration, visible } from './print.ts';
import { showProgress } from './progressBar.ts';
import { signedIn, type Identity } from './identity.ts';
import type { Session } from './session.ts';
import { stopInWords, whyWaiting, type HasWorkers } from './waiting.ts';

/** How often the record is read for progress. */
const LOOK_AT_RUN_MS = 250;
/** How often it is asked why a run does not go on. */
const LOOK_WHY_MS = 2_000;
/** The time to record what was broken off. */
const RECORD_LOST_MS = 500;

/**
 * Starts a worker of this process: its Redis clients wait for Redis, for it works overnight.
 * @param only the runs that it works on; undefined: all of the tenant
 */
export async function openWorker(
  session: Session,
  { redactor, breakOff }: Context,
  only?: ReadonlySet<string>,
): Promise<BatchWorker & AsyncDisposable> {
  const { identity, log } = session;
  const { credentials } = signedIn(identity);
  const redis = await session.open('wait', 'worker');
  const runs = new RunStore(redis, identity.tenant);
  const producer = new Producer(runs, redis, identity.config.graphUrl, true, only);
  // A run keeps the version it was submitted with.
  const told = tellReach(log);
  const graphs = {
    beta: told(graphClientOf(identity, log, 'beta')),
    'v1.0': told(graphClientOf(identity, log, 'v1.0')),
  };
  const edges = {
    runs,
    graphUrl: identity.config.graphUrl,
    only,
    graphOf: (version: ApiVersion) => graphs[version],
    log,
    ledger: session.ledgerOn(runs),
    signIn: new SignIn(credentials),
    redacted: redactor.redacted,
    now: Date.now,
    random: Math.random,
  };
  const worker = startWorker(edges, producer, redis, { concurrency: identity.config.concurrency });
  const stop = async (): Promise<void> => {
    const ended = worker.stop().then(() => producer.close());
    const ending = await endedInTime(ended, redis, breakOff);
    if (ending !== 'ended') log.warn(LEFT[ending]);
    await Promise.all([graphs.beta.close(), graphs['v1.0'].close()]);
    // What was broken off is lost now. Once that is recorded, the next worker need not wait until its time is over.
    if (ending === 'late') await endedInTime(ended, redis, AbortSignal.timeout(RECORD_LOST_MS));
  };
  return { ...worker, stop, [Symbol.asyncDispose]: stop };
}

const LEFT: Readonly<Record<Exclude<Ending, 'ended'>, string>> = {
  redisAway: 'Redis is out of reach: leaving without it. The next worker looks at what was in flight.',
  late: 'What is in flight did not end in time: leaving without it. The next worker looks at it.',
};

/**
 * Works in this process until the run has ended, with progress on the way. The first signal drains and leaves the run
 * paused. Answers the exit code of the run.
 * @param also other runs that are worked on, when it is their turn before this one
 */
export async function workOn(
  runId: string,
  session: Session,
  context: Context,
  also: readonly string[] = [],
): Promise<ExitCode> {
  try {
    return await workUntilEnd(runId, new Set([runId, ...also]), session, context);
  } catch (error) {
    if (!context.interrupted.aborted || redisFailure(error) === undefined) throw error;
    context.print.say(
      `Redis is out of reach: run ${runId} could not be paused, and the next worker goes on with it.`,
    );
    return EXIT.interrupted;
  }
}

async function workUntilEnd(
  runId: string,
  only: ReadonlySet<string>,
  session: Session,
  context: Context,
): Promise<ExitCode> {
  const { runs, identity } = session;
  // A sign-in that renews itself may work again, and then the worker lets the run go on.
  const isLeftAlone = (now: Run): boolean =>
    now.state === 'paused' && (identity.isReadyToken || !awaitsSignIn(now));
  const worker = await openWorker(session, context, only).catch(async (error: unknown) => {
    if (!isInterrupt(error, context.interrupted)) throw error;
  });
  let run: Run | undefined;
  try {
    // Of its own worker nobody needs to ask.
    const hasWorkers: HasWorkers = async (id) => id === runId || session.producer.hasWorkers(id);
    run = await followRun(runId, session, context, hasWorkers, isLeftAlone);
    if (context.interrupted.aborted && !hasEnded(run))
      context.print.say('Finishing what is in flight; a second signal leaves at once.');
  } finally {
    await worker?.stop();
  }
  if (context.interrupted.aborted && !hasEnded(run)) {
    const reasonText = `interrupted by ${String(context.interrupted.reason)}`;
    await runs.transition(runId, {
      ...{ to: 'paused', from: ['running', 'queued'] },
      ...{ reason: 'interrupted', reasonText },
    });
    run = (await runs.run(runId)) ?? run;
  }
  return summary(run, session, context);
}

/**
 * Shows progress until the run has ended, `until` is met, or a signal came. Answers the run as it was last. A Redis that
 * goes away on the way is waited for, as the run goes on when it is back.
 */
export async function followRun(
  runId: string,
  session: Session,
  context: Context,
  hasWorkers: HasWorkers,
  until: (run: Run) => boolean = () => false,
): Promise<Run> {
  const { runs, identity } = session;
  const ledger = session.ledgerOn(runs);
  const progress = showProgress(context);
  setMaxListeners(0, context.interrupted);
  let run: Run | undefined;
  let why: Waiting | undefined;
  let [nextWhyAt, toldWhy] = [0, new Set<string>()];
  let toldStopAt: number | undefined;
  let toldSignIn = false;
  try {
    for (;;) {
      try {
        run = await runs.run(runId);
        if (run === undefined) throw gone(runId);
        const stop = await runs.stopped();
        if (stop?.at !== toldStopAt) tellStopOrEnd(stop, session, context);
        toldStopAt = stop?.at;
        if (performance.now() >= nextWhyAt) {
          why = await whyWaiting(run, runs, identity, hasWorkers);
          nextWhyAt = performance.now() + LOOK_WHY_MS;
          // That the tenant is stopped is said above.
          if (why && why.reason !== 'tenantStopped' && !toldWhy.has(why.reason))
            context.print.say(`Run ${runId} waits: ${why.reasonText}.`);
          toldWhy = why === undefined ? new Set() : toldWhy.add(why.reason);
        }
        if (!awaitsSignIn(run)) toldSignIn = false;
        else if (!toldSignIn && !until(run)) {
          context.print.say(`Run ${runId} waits, and goes on by itself when the sign-in works again.`);
          toldSignIn = true;
        }
        const isOver = hasEnded(run) || until(run) || context.interrupted.aborted;
        progress.update(statusOfRun(run, await ledgerStatus(runs, ledger), await runs.now(), why), isOver);
        if (isOver) return run;
      } catch (error) {
        // The client says itself that Redis is away, and tries on.
        if (redisFailure(error) === undefined || run === undefined || context.interrupted.aborted)
          throw error;
      }
      await sleep(LOOK_AT_RUN_MS, undefined, { signal: context.interrupted }).catch(() => undefined);
    }
  } finally {
    progress.stop();
  }
}

function tellStopOrEnd(stop: Stop | undefined, { identity }: Session, { print }: Context): void {
  print.say(visible(stop ? `The tenant ${stopInWords(stop, identity.hint)}.` : 'The tenant goes on.'));
}

/**
 * Said where something was left to workers.
 * @param runId the run that was; a process that works on it alone is enough
 */
export async function tellNoWorkers(
  { producer, identity }: Session,
  { print }: Context,
  orElse = ', or add --work',
  runId?: string,
): Promise<void> {
  if (await producer.hasWorkers(runId)) return;
  print.say(`No worker is at work for this tenant: start one with \`${identity.hint('worker')}\`${orElse}.`);
}

const gone = (runId: string): UserError =>
  new UserError(`Run ${runId} is gone from Redis.`, {
    remedy: 'Its time to be kept has passed, or Redis was flushed; `retarget status` shows what is there.',
    exitCode: EXIT.environment,
  });

export async function ledgerStatus(runs: RunStore, ledger: Ledger): Promise<LedgerStatus> {
  const { charged, accepted, budget, holdUntil, holdReason } = await runs.ledgerNow(ledger.policy());
  return {
    limit: ledger.pace.writesPerWindow,
    budget,
    charged,
    used: budget === 0 ? 0 : Math.round((accepted / budget) * 100) / 100,
    holdUntil: holdUntil === null ? null : new Date(holdUntil).toISOString(),
    holdReason,
  };
}

/** A run as it is shown, with the reason when it waits for something. */
export async function statusOf(run: Run, session: Session): Promise<RunStatus> {
  const { runs, identity } = session;
  const hasWorkers: HasWorkers = (runId) => session.producer.hasWorkers(runId);
  const why = await whyWaiting(run, runs, identity, hasWorkers);
  return statusOfRun(run, await ledgerStatus(runs, session.ledgerOn(runs)), await runs.now(), why);
}

const SUMMED_UP = [...ROW_STATUSES.filter((status) => status !== 'pending'), 'pending'] as const;

/** The last words about a run, and what they mean to the shell. */
export function summary(
  run: Run,
  { identity }: { readonly identity: Pick<Identity, 'hint'> },
  context: Pick<Context, 'print' | 'interrupted'>,
): ExitCode {
  const { print } = context;
  const { counts } = run;
  const took =
    run.startedAt === null ? '' : ` in ${duration(((run.finishedAt ?? Date.now()) - run.startedAt) / 1000)}`;
  const parts = [
    ...SUMMED_UP.flatMap((status) =>
      counts[status] > 0 ? [`${counts[status].toLocaleString('en-US')} ${status}`] : [],
    ),
    ...(run.throttled > 0 ? [`throttled ${count(run.throttled, 'time')}`] : []),
  ];
  print.say(`Run ${run.runId} ${run.state}${took}: ${parts.join(', ')}.`);
  if (run.reasonText) print.say(`  ${visible(run.reasonText)}`);
  if (run.unrecorded > 0)
    print.say(
      `  ${count(run.unrecorded, 'skipped row')} found so though the plan wanted a write, and none is on record (${ALREADY_SO_UNPLANNED}).`,
    );
  // Hours after it was said, and the reason for exit 1.
  if (run.leftOut > 0)
    print.say(`  Not among them: ${count(run.leftOut, 'row')} that --skip-invalid left out of the run.`);
  for (const hint of hints(run, identity)) print.say(`  ${hint}`);
  return exitCodeOf(run, context);
}

function hints(run: Run, { hint }: Pick<Identity, 'hint'>): string[] {
  const { runId, counts, state, reason, finishedAt } = run;
  const hasFailed = counts.failed + counts.stale > 0;
  // What stops a run before it has begun is not mended by trying on: its reason says what to do.
  const hasBegun = counts.succeeded + counts.failed + counts.unsure > 0;
  const isAborted = state === 'aborted' && hasBegun && reason !== 'route' && reason !== 'lostEntries';
  return [
    ...(state === 'paused' ? [`Go on with:   ${hint(`resume ${runId} --work`)}`] : []),
    ...(hasAwaiting(run) ? [`Approved:     ${hint(`resume ${runId} --work`)}`] : []),
    ...(hasFailed ? [`Failed rows:  ${hint(`results ${runId} --only failed,stale`)}`] : []),
    ...(counts.unsure > 0 ? [`May be there: ${hint(`results ${runId} --only unsure`)}`] : []),
    ...((isAborted || reason === 'lostEntries') && counts.pending > 0
      ? [`The rest:     ${hint(`resume ${runId} --work`)}`]
      : []),
    ...(isAborted
      ? [
          `Failed too:   ${hint(`retry ${runId} --work`)}`,
          `Other limit:  ${hint(`set ${runId} --max-failures 10%`)}`,
        ]
      : []),
    ...(finishedAt !== null ? [`All results:  ${hint(`results ${runId} -o results.csv`)}`] : []),
  ];
}

/** A run that has ended with such rows goes on with them by `resume`; see `resumeEnded` in steer.ts. */
const hasAwaiting = ({ counts, state }: Run): boolean =>
  counts.awaitingApproval > 0 && (state === 'completed' || state === 'aborted');

/** Rows that did not come through, as far as anybody knows. */
const leftUndone = ({ failed, stale, awaitingApproval, unsure }: Run['counts']): number =>
  failed + stale + awaitingApproval + unsure;

export function exitCodeOf(run: Run, context: Pick<Context, 'interrupted'>): ExitCode {
  switch (run.state) {
    case 'completed':
      return leftUndone(run.counts) + run.leftOut > 0 ? EXIT.someRowsFailed : EXIT.done;
    case 'cancelled':
    case 'aborted':
      return EXIT.stoppedEarly;
    case 'paused':
      if (context.interrupted.aborted) return EXIT.interrupted;
      return awaitsSignIn(run) ? EXIT.environment : EXIT.stoppedEarly;
    case 'loading':
    case 'queued':
    case 'running':
      return EXIT.interrupted;
  }
}
