import { guid } from '../support/guid.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { SLOW_MS, SUBMIT_FLAGS, type Site } from './site.ts';
import { TAKE_UP_WATCHED_MS, type Incident } from './workerIncidents.ts';
import { csvOf } from './desires.ts';

/** A permit is good for half a second; the rest is for a busy machine. */
const LEAVE_MS = 500;
const SLACK_MS = 300;
/** A paused run is watched for so long, in windows: its writes would come in every one. */
const QUIET_WINDOWS = 2;
/** Rows enough that some are staged before the last is read. */
const STAGED_ROWS = 2_500;
const LOOK_MS = 2;
/** Long enough for another worker to look and to be given permit; a call is cut after 3 s, and what is cut counts as lost. */
const LATE_MS = 2_000;
/** As many batches as a worker takes together. */
const CONCURRENCY_MAX = 64;
/** How long after their answer late writes land: longer than they are waited for before they are sent again. */
const LATE_LANDING_MS = 6_000;
/** The same where all that is sent is to be given up before any of it lands. */
const GIVEN_UP_LANDING_MS = 25_000;
/** The share of the rows, behind the moment, that is written before the rest is given up. */
const GIVEN_UP_FROM = 0.4;
/** The share of writes that a round has land late. */
const LATE_RATE = 0.4;
/** The share of the rows that is written while writes arrive late. */
const LATE_SHARE = 0.4;

/** Cancelled with work in flight: what is on its way may arrive, nothing else. */
const cancelled: Incident = async (site) => {
  if (!(await site.untilWritten(site.plan.moment))) return false;
  if (!(await site.runControl('cancel'))) return false;
  const run = await (await site.record()).run(site.runId);
  if (run?.state !== 'cancelled') return false;
  const at = Date.now();
  site.cancelled = { at, lastArrivalAt: at + LEAVE_MS + site.plan.latencyMs + SLACK_MS };
  return true;
};

const pausedAndResumed: Incident = async (site) => {
  if (!(await site.untilWritten(site.plan.moment))) return false;
  const record = await site.record();
  if (!(await site.runControl('pause'))) return false;
  if ((await record.run(site.runId))?.state !== 'paused') return false;
  await sleep(LEAVE_MS + site.plan.latencyMs + SLACK_MS);
  const before = await site.simulator.stats();
  await sleep(QUIET_WINDOWS * site.plan.windowMs);
  const after = await site.simulator.stats();
  const late = after.writesArrived - before.writesArrived;
  site.endings.push({ what: `${late} writes came while the run was paused`, exitCode: late });
  await site.run(['resume', site.runId]);
  return true;
};

/**
 * The same batches a second time, by other jobs and one more worker that takes all at once: nobody knows of the other. Writes
 * arrive late, so that the one looks while the other's are on their way, and finds nothing.
 */
const sameBatchTwice: Incident = async (site) => {
  const { runId, plan } = site;
  await site.simulator.configure({ faults: { ...plan.faults, slowApply: 1 }, slowMs: LATE_MS });
  const record = await site.record();
  const hasCome = await site.until(async () => ((await record.run(runId))?.sent ?? 0) > 0);
  if (hasCome) {
    await queueAllAgain(site);
    site.startWorker({ RETARGET_CONCURRENCY: String(CONCURRENCY_MAX) });
    await site.untilWritten(plan.moment + LATE_SHARE);
  }
  await site.simulator.configure({ faults: plan.faults, slowMs: SLOW_MS });
  // What is on its way by then is over before anything else is done.
  await sleep(LATE_MS);
  return hasCome;
};

async function queueAllAgain(site: Site): Promise<void> {
  const { runId } = site;
  const run = await (await site.record()).run(runId);
  const queue = await site.queue();
  await queue.addBulk(
    Array.from({ length: run?.batches ?? 0 }, (_, batch) => ({
      name: 'batch',
      data: { runId, batch },
      opts: { jobId: `again-${batch}`, removeOnComplete: true, removeOnFail: true, lifo: true },
    })),
  );
}

/** Answers of writes that land all the same, when nobody waits for them any more. */
const landingLate = (share: number) => ({ timeoutLate: share, lostLate: share / 2, resetLate: share / 4 });

/** Writes of which no answer comes, or a time-out, land seconds later: after others were sent in their place, or given up. */
const writesLandLate: Incident = async (site) => {
  const { plan, simulator } = site;
  site.lateMs = LATE_LANDING_MS;
  await simulator.configure({
    faults: { ...plan.faults, ...landingLate(LATE_RATE) },
    lateMs: LATE_LANDING_MS,
  });
  const hasCome = await site.until(
    ({ faults }) => (faults['timeoutLate'] ?? 0) + (faults['resetLate'] ?? 0) > 0,
  );
  await site.untilWritten(plan.moment + LATE_SHARE);
  await simulator.configure({ faults: plan.faults });
  return hasCome;
};

/** All that is sent from here on is answered with 500, as often as it is tried, and lands after the run has ended. */
const givenUpBeforeLanding: Incident = async (site) => {
  const { plan, simulator } = site;
  if (!(await site.untilWritten(plan.moment + GIVEN_UP_FROM))) return false;
  site.lateMs = GIVEN_UP_LANDING_MS;
  await simulator.configure({ faults: { ...plan.faults, error500Late: 1 }, lateMs: site.lateMs });
  return site.until(({ faults }) => (faults['error500Late'] ?? 0) > 0);
};

/** Cancelled while all that was sent has been answered with a time-out, and lands after the run has ended. */
const cancelledBeforeLanding: Incident = async (site, random) => {
  const { plan, simulator } = site;
  if (!(await site.untilWritten(plan.moment))) return false;
  site.lateMs = LATE_LANDING_MS;
  await simulator.configure({ faults: { ...plan.faults, timeoutLate: 1 }, lateMs: LATE_LANDING_MS });
  const hasCome = await site.until(({ faults }) => (faults['timeoutLate'] ?? 0) > 0);
  const hasStruck = hasCome && (await cancelled(site, random));
  await simulator.configure({ faults: plan.faults });
  return hasStruck;
};

/** A producer that dies while it reads leaves nothing that works, and what it staged goes by itself. */
export async function killProducerWhileStaging(site: Site): Promise<boolean> {
  const producer = site.command('submit', '--no-plan', '-');
  const rows = Array.from({ length: STAGED_ROWS }, (_, n) => ({
    path: `/deviceManagement/deviceConfigurations/staged-${n}/assignments/a`,
    groupId: guid('g'),
  }));
  producer.stdin.write(csvOf(rows));
  const redis = await site.watcher();
  const staged = async (): Promise<string[]> => redis.keys('*:run:*');
  while (!(await staged()).some((key) => key.endsWith(':inputs'))) {
    if (producer.isOver) throw new Error(`submit ended before it staged: ${producer.stderr()}`);
    await sleep(LOOK_MS);
  }
  producer.kill('SIGKILL');
  await producer.ended;
  const lasting = await Promise.all(
    (await staged()).map(async (key) => ({ key, ttl: await redis.ttl(key) })),
  );
  for (const { key, ttl } of lasting.filter((found) => found.ttl < 0))
    site.endings.push({ what: `${key} stays for ever after its producer died`, exitCode: ttl });
  const runs = JSON.parse(await site.run(['status', '--json'])) as unknown[];
  site.endings.push({ what: 'runs of a producer that died in staging', exitCode: runs.length });
  return true;
}

/**
 * A producer that dies as its run is published: there is a run, or there is none, and a worker that is there takes it up.
 * Answers whether there is.
 */
export async function killProducerWhilePublishing(site: Site): Promise<boolean> {
  const record = await site.record();
  await site.startWorker().said('Working for tenant');
  const producer = site.command('submit', ...SUBMIT_FLAGS, site.file);
  const redis = await site.watcher();
  while (!producer.isOver && (await redis.zcard(record.keys.open)) === 0) await sleep(LOOK_MS);
  producer.kill('SIGKILL');
  const killedAtMs = performance.now();
  await producer.ended;
  const [run] = await record.runs();
  if (run === undefined) return false;
  site.runId = run.runId;
  const isTakenUp = async (): Promise<boolean> => (await record.run(site.runId))?.state !== 'queued';
  while (!(await isTakenUp()) && performance.now() - killedAtMs < TAKE_UP_WATCHED_MS) await sleep(LOOK_MS);
  site.takenUpAfterMs.push(performance.now() - killedAtMs);
  // It is a run like any other: the same file is not taken a second time.
  await site.run(['submit', '--no-plan', site.file], 2);
  return true;
}

export const RUN_INCIDENTS = {
  cancelled,
  pausedAndResumed,
  sameBatchTwice,
  writesLandLate,
  givenUpBeforeLanding,
  cancelledBeforeLanding,
} satisfies Record<string, Incident>;
