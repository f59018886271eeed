import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, type ExitCode } from '../errors.ts';
import { Ledger } from '../queue/ledger.ts';
import { Producer } from '../queue/producer.ts';
import { SignIn } from '../queue/signIn.ts';
import { startWorker, type BatchWorker } from '../queue/worker.ts';
import { hasEnded, type Run } from '../runs/run.ts';
import { statusOfRun, type LedgerStatus, type RunStatus } from '../runs/progress.ts';
import { RunStore } from '../runs/runStore.ts';
import type { Context } from './context.ts';
import { graphClientOf } from './livePlan.ts';
import { count, duration, visible } from './print.ts';
import { showProgress } from './progressBar.ts';
import { signedIn, type Session } from './session.ts';

/** How often the record is read for progress. */
const LOOK_AT_RUN_MS = 250;

/** Starts a worker of this process: its Redis clients wait for Redis, for it works overnight. */
export async function openWorker(session: Session): Promise<BatchWorker & AsyncDisposable> {
  const { identity, log } = session;
  const credentials = signedIn(identity);
  const redis = await session.open('wait', 'worker');
  const runs = new RunStore(redis, identity.tenant);
  const producer = new Producer(runs, redis, identity.config.graphUrl);
  const graph = graphClientOf(identity, log);
  const edges = {
    runs,
    graph,
    log,
    ledger: new Ledger(runs, identity.pace),
    signIn: new SignIn(credentials),
    now: Date.now,
    random: Math.random,
  };
  const worker = startWorker(edges, producer, redis, { concurrency: identity.config.concurrency });
  const stop = async (): Promise<void> => {
    await worker.stop();
    await producer.close();
    await graph.close();
  };
  return { isIdle: () => worker.isIdle(), stop, [Symbol.asyncDispose]: stop };
}

/**
 * Works in this process until the run has ended, with progress on the way. The first signal drains and leaves the run
 * paused. Answers the exit code of the run.
 */
export async function workOn(runId: string, session: Session, context: Context): Promise<ExitCode> {
  const { runs } = session;
  const worker = await openWorker(session);
  let run: Run | undefined;
  try {
    run = await followRun(runId, session, context, ({ state }) => state === 'paused');
  } finally {
    await worker.stop();
  }
  if (context.interrupted.aborted && !hasEnded(run)) {
    await runs.transition(runId, 'paused', `interrupted by ${String(context.interrupted.reason)}`, [
      'running',
      'queued',
    ]);
    run = (await runs.run(runId)) ?? run;
  }
  return summary(run, context);
}

/** Shows progress until the run has ended, `until` is met, or a signal came. Answers the run as it was last. */
export async function followRun(
  runId: string,
  { runs, identity }: Session,
  context: Context,
  until: (run: Run) => boolean = () => false,
): Promise<Run> {
  const ledger = new Ledger(runs, identity.pace);
  const progress = showProgress(context);
  setMaxListeners(0, context.interrupted);
  try {
    for (;;) {
      const run = await runs.run(runId);
      if (run === undefined) throw new Error(`run ${runId} is gone from Redis`);
      const isOver = hasEnded(run) || until(run) || context.interrupted.aborted;
      progress.update(statusOfRun(run, await ledgerStatus(runs, ledger), Date.now()), isOver);
      if (isOver) return run;
      await sleep(LOOK_AT_RUN_MS, undefined, { signal: context.interrupted }).catch(() => undefined);
    }
  } finally {
    progress.stop();
  }
}

export async function ledgerStatus(runs: RunStore, ledger: Ledger): Promise<LedgerStatus> {
  const { charged, holdUntil, holdReason } = await runs.ledgerNow(ledger.policy());
  return {
    limit: ledger.pace.writesPerWindow,
    budget: ledger.pace.writesPerWindow,
    charged,
    holdUntil: holdUntil === null ? null : new Date(holdUntil).toISOString(),
    holdReason,
  };
}

export async function statusOf(run: Run, { runs, identity }: Session): Promise<RunStatus> {
  return statusOfRun(run, await ledgerStatus(runs, new Ledger(runs, identity.pace)), Date.now());
}

/** The last words about a run, and what they mean to the shell. */
export function summary(run: Run, context: Context): ExitCode {
  const { print } = context;
  const { counts } = run;
  const took =
    run.startedAt === null ? '' : ` in ${duration(((run.finishedAt ?? Date.now()) - run.startedAt) / 1000)}`;
  const parts = [
    ...(
      ['succeeded', 'skipped', 'failed', 'stale', 'awaitingApproval', 'cancelled', 'pending'] as const
    ).flatMap((status) =>
      counts[status] > 0 ? [`${counts[status].toLocaleString('en-US')} ${status}`] : [],
    ),
    ...(run.throttled > 0 ? [`throttled ${count(run.throttled, 'time')}`] : []),
  ];
  print.say(`Run ${run.runId} ${run.state}${took}: ${parts.join(', ')}.`);
  if (run.stateReason) print.say(`  ${visible(run.stateReason)}`);
  for (const hint of hints(run)) print.say(`  ${hint}`);
  return exitCodeOf(run, context);
}

function hints(run: Run): string[] {
  const { runId, counts } = run;
  return [
    ...(run.state === 'paused' ? [`Go on with: retarget resume ${runId} --work`] : []),
    ...(counts.failed > 0 ? [`Failed rows:  retarget results ${runId} --only failed`] : []),
    ...(hasEnded(run) ? [`All results:  retarget results ${runId} -o results.csv`] : []),
  ];
}

export function exitCodeOf(run: Run, context: Pick<Context, 'interrupted'>): ExitCode {
  switch (run.state) {
    case 'completed':
      return run.counts.failed + run.counts.stale + run.counts.awaitingApproval + run.leftOut > 0
        ? EXIT.someRowsFailed
        : EXIT.done;
    case 'cancelled':
    case 'aborted':
      return EXIT.stoppedEarly;
    case 'paused':
      if (context.interrupted.aborted) return EXIT.interrupted;
      return run.stateReason?.startsWith('sign-in') ? EXIT.environment : EXIT.stoppedEarly;
    case 'loading':
    case 'queued':
    case 'running':
      return EXIT.interrupted;
  }
}
