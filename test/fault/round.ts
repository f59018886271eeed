import { setTimeout as sleep } from 'node:timers/promises';
import { hasServer } from '../../src/redis/dataDir.ts';
import { hasEnded } from '../../src/runs/run.ts';
import { seededRandom } from '../../src/simulator/random.ts';
import { join } from 'node:path';
import {
  tallyOf,
  violations,
  type Evidence,
  type ResultLine,
  type RolledBack,
  type StatusLine,
  type Tally,
} from './checkers.ts';
import type { IncidentName, Plan } from './plan.ts';
import { REDIS_INCIDENTS } from './redisIncidents.ts';
import { killProducerWhilePublishing, killProducerWhileStaging, RUN_INCIDENTS } from './runIncidents.ts';
import { ANY_FAILURES, Site, SUBMIT_FLAGS } from './site.ts';
import { WORKER_INCIDENTS, type Incident } from './workerIncidents.ts';

/** A run of seconds, with all that can be done to it, on a busy machine. */
const RUN_MAX_MS = 120_000;
const LOOK_MS = 100;
const LANDED_SLACK_MS = 500;

export interface Round {
  readonly plan: Plan;
  /** Deeds that found their moment; a run that was over too early had none. */
  readonly struck: readonly IncidentName[];
  readonly violations: readonly string[];
  readonly tally: Tally;
  readonly takenUpAfterMs: readonly number[];
  readonly tookMs: number;
  /** What the processes said, for whoever has to find out why. */
  readonly said: readonly string[];
}

/** Before there is a run; everything else is done to a run at work. */
type ProducerDeed = 'producerKilledStaging' | 'producerKilledPublishing';

const DEEDS: Readonly<Record<Exclude<IncidentName, ProducerDeed>, Incident>> = {
  ...WORKER_INCIDENTS,
  ...REDIS_INCIDENTS,
  ...RUN_INCIDENTS,
};

export async function playRound(plan: Plan): Promise<Round> {
  const startedMs = performance.now();
  await using site = await Site.open(plan);
  const random = seededRandom(plan.seed + 0x5eed);
  const before = await listsOf(site);
  if (plan.isPlanned) await site.makePlan();
  await site.simulator.configure({ faults: plan.faults });
  const struck: IncidentName[] = [];
  await submit(site, struck);
  for (let i = 0; i < plan.workers; i += 1) site.startWorker();
  for (const name of plan.incidents) {
    if (name === 'producerKilledStaging' || name === 'producerKilledPublishing') continue;
    if (await DEEDS[name](site, random)) struck.push(name);
  }
  if (site.workers.length === 0) site.startWorker();
  await untilEnded(site);
  await Promise.all(site.workers.map((worker) => site.endWorker(worker)));
  // A rollback is judged by what it could know: all that was on its way has landed by then.
  if (site.lateMs > 0) await sleep(site.lateMs + LANDED_SLACK_MS);
  const gathered = await gather(site, before);
  const evidence = plan.rollsBack
    ? { ...gathered, rolledBack: await rollBack(site), said: saidIn(site) }
    : gathered;
  return {
    plan,
    struck,
    violations: violations(evidence),
    tally: tallyOf(evidence),
    takenUpAfterMs: site.takenUpAfterMs,
    tookMs: performance.now() - startedMs,
    said: evidence.said,
  };
}

async function submit(site: Site, struck: IncidentName[]): Promise<void> {
  for (const name of site.plan.incidents) {
    if (name === 'producerKilledStaging' && (await killProducerWhileStaging(site))) struck.push(name);
    if (name === 'producerKilledPublishing' && (await killProducerWhilePublishing(site))) struck.push(name);
  }
  if (site.runId === '')
    site.runId = (
      await site.run([
        'submit',
        ...(site.plan.isPlanned ? [...ANY_FAILURES, ...site.planFlags] : SUBMIT_FLAGS),
        site.submitted,
      ])
    ).trim();
}

/** A run must end by its workers alone. One that does not is left as it is, and the checkers say so. */
async function untilEnded(site: Site): Promise<void> {
  const deadline = performance.now() + RUN_MAX_MS;
  const record = await site.record();
  while (performance.now() < deadline) {
    const run = await Promise.race([record.run(site.runId), sleep(LOOK_MS)]);
    if (run && hasEnded(run)) return;
    await sleep(LOOK_MS);
  }
}

async function gather(site: Site, before: Evidence['before']): Promise<Evidence> {
  const stats = await site.simulator.stats();
  await site.simulator.configure({ faults: {}, latencyMs: 0, otherAppShare: 0 });
  const after = await listsOf(site);
  const results = JSON.parse(await site.run(['results', site.runId, '--format', 'json'])) as ResultLine[];
  const status = JSON.parse(await site.run(['status', site.runId, '--json'])) as StatusLine;
  const { desires, plan, endings, takenUpAfterMs, cancelled } = site;
  if (plan.redis === 'embedded') {
    const isLeft = hasServer({ lifeline: join(site.dir, 'data', 'redis.alive') });
    endings.push({ what: 'a redis-server after the last command', exitCode: isLeft ? 1 : 0 });
  }
  return {
    plan,
    desires: desires.desires,
    results,
    status,
    stats,
    before,
    after,
    cancelled,
    takenUpAfterMs,
    rolledBack: undefined,
    endings,
    said: saidIn(site),
  };
}

const saidIn = ({ processes }: Site): string[] =>
  processes.all.map((child) => `[${child.name} ${child.pid}]\n${child.stderr()}`);

/** Puts the run back, and answers what became of that. The results are the judge of it, not the exit code. */
async function rollBack(site: Site): Promise<RolledBack> {
  const child = site.command('rollback', site.runId, '--yes', '--work', '--include-unrecorded', '--json');
  const ended = await child.endedWithin(RUN_MAX_MS);
  if (ended === undefined) site.endings.push({ what: 'rollback: did not end', exitCode: -1 });
  // From the command and not from the record: an embedded Redis has ended with it.
  const run = ended?.stdout ? (JSON.parse(ended.stdout) as { readonly runId: string }) : undefined;
  const results = run === undefined ? '[]' : await site.run(['results', run.runId, '--format', 'json']);
  const stats = await site.simulator.stats();
  return { stats, results: JSON.parse(results) as ResultLine[], after: await listsOf(site) };
}

async function listsOf({ desires, simulator }: Site): Promise<Map<string, Record<string, unknown>[]>> {
  const paths = [...new Set(desires.desires.map(({ listPath }) => listPath))];
  const lists = new Map<string, Record<string, unknown>[]>();
  for (const path of paths) lists.set(path, [...(await simulator.targetsAt(path))]);
  return lists;
}
