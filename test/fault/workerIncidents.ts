import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/simulator/random.ts';
import type { Child } from '../support/processes.ts';
import { pick } from './plan.ts';
import type { Site } from './site.ts';

/** Does something to a run at work. False when the run was over before the moment came. */
export type Incident = (site: Site, random: Random) => Promise<boolean>;

/** Replies take this long where a deed has to hit a moment between sending and reply. */
const SLOW_LATENCY_MS = 600;
/** Past the 10 s for which a worker's lock on its job lasts. */
const STALL_MS = 12_000;
const TAKE_UP_LOOK_MS = 50;
export const TAKE_UP_WATCHED_MS = 60_000;

/** Kills all workers as soon as `moment` has come, and starts as many others, whose taking up is timed. */
const killedAt =
  (moment: (site: Site, random: Random) => Promise<boolean>, latencyMs = SLOW_LATENCY_MS): Incident =>
  async (site, random) => {
    if (!(await site.untilWritten(site.plan.moment))) return false;
    await site.simulator.configure({ latencyMs });
    const hasCome = await moment(site, random);
    if (hasCome) await killAll(site);
    await site.simulator.configure({ latencyMs: site.plan.latencyMs });
    return hasCome;
  };

export async function killAll(site: Site): Promise<void> {
  const workers = site.workers;
  for (const worker of workers) worker.kill('SIGKILL');
  const killedAtMs = performance.now();
  const killedWallMs = Date.now();
  await Promise.all(workers.map(({ ended }) => ended));
  const queue = await site.queue();
  const orphans = await queue.getActive();
  for (const _ of workers) site.startWorker();
  for (const { id = '' } of orphans) {
    for (;;) {
      const job = await queue.getJob(id);
      const isInOtherHands = job === undefined || (job.processedOn ?? 0) > killedWallMs;
      if (isInOtherHands || performance.now() - killedAtMs > TAKE_UP_WATCHED_MS) break;
      await sleep(TAKE_UP_LOOK_MS);
    }
    site.takenUpAfterMs.push(performance.now() - killedAtMs);
  }
}

const counted = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Reads are on their way to Graph and not answered. */
async function inRead(site: Site): Promise<boolean> {
  const { requests, envelopes } = await site.simulator.stats();
  const reads = requests['GET'] ?? 0;
  return site.until((now) => now.envelopes > envelopes && (now.requests['GET'] ?? 0) === reads);
}

/** Nothing is on its way, and jobs are in workers' hands: they wait for a permit. */
async function beforeSend(site: Site): Promise<boolean> {
  const queue = await site.queue();
  return site.until(
    async ({ envelopes, singles, exchanges }) =>
      envelopes + singles === counted(exchanges) && (await queue.getActiveCount()) > 0,
  );
}

/** Rows are marked sent; their write is about to leave, or has not arrived. */
async function inFlight(site: Site): Promise<boolean> {
  const record = await site.record();
  const { writesArrived } = await site.simulator.stats();
  return site.until(
    async (now) => now.writesArrived === writesArrived && ((await record.run(site.runId))?.sent ?? 0) > 0,
  );
}

/** Graph has done what it was asked, and nobody has been told. */
async function afterApply(site: Site): Promise<boolean> {
  const { writesDone } = await site.simulator.stats();
  return site.until((now) => now.writesDone > writesDone);
}

/** Replies are in the record, and their jobs are about to end. */
async function afterRecord(site: Site): Promise<boolean> {
  const record = await site.record();
  const succeeded = async (): Promise<number> => (await record.run(site.runId))?.counts.succeeded ?? 0;
  const before = await succeeded();
  return site.until(async () => (await succeeded()) > before);
}

async function anyTime(site: Site, random: Random): Promise<boolean> {
  await sleep(random() * 1_500);
  return !(await site.isOver());
}

/** Stops a worker's whole process for longer than its locks last, while another one works; then it wakes up. */
const stalled: Incident = async (site) => {
  if (!(await site.untilWritten(site.plan.moment))) return false;
  await site.simulator.configure({ latencyMs: SLOW_LATENCY_MS });
  const hasCome = await afterApply(site);
  const [worker] = site.workers;
  if (!hasCome || worker === undefined) return false;
  worker.kill('SIGSTOP');
  site.startWorker();
  await site.simulator.configure({ latencyMs: site.plan.latencyMs });
  await sleep(STALL_MS);
  worker.kill('SIGCONT');
  return true;
};

/** SIGTERM or SIGHUP with work in flight; others take over. */
const terminated: Incident = async (site, random) => {
  if (!(await site.untilWritten(site.plan.moment))) return false;
  await site.simulator.configure({ latencyMs: SLOW_LATENCY_MS });
  const hasCome = await afterApply(site);
  const workers: readonly Child[] = site.workers;
  const signal = pick(['SIGTERM', 'SIGHUP'] as const, random);
  await Promise.all(workers.map((worker) => site.endWorker(worker, signal)));
  await site.simulator.configure({ latencyMs: site.plan.latencyMs });
  site.startWorker();
  return hasCome;
};

export const WORKER_INCIDENTS = {
  workerKilledInRead: killedAt(inRead),
  workerKilledBeforeSend: killedAt(beforeSend, 20),
  workerKilledInFlight: killedAt(inFlight),
  workerKilledAfterApply: killedAt(afterApply),
  workerKilledAfterRecord: killedAt(afterRecord, 20),
  workerKilledAnyTime: killedAt(anyTime, 200),
  workerStalled: stalled,
  workerTerminated: terminated,
  embeddedWorkerKilled: killedAt(afterApply),
} satisfies Record<string, Incident>;
