import { limiterInWords } from '../../src/app/limiterInWords.ts';
import type { Family } from '../../src/assignments/kinds/family.ts';
import type { PolicyType } from '../../src/simulator/policyKinds.ts';
import { createEvents, type LimiterChange } from '../../src/events.ts';
import { NO_LOG } from '../../src/log.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import { accessTokenCredentials } from '../../src/graph/auth/credentials.ts';
import { createGraphClient, type EnvelopeReply } from '../../src/graph/client/graphClient.ts';
import type { WorkerDeps } from '../../src/worker/deps.ts';
import { Limiter } from '../../src/worker/limiter/limiter.ts';
import { paceOf, type Pace } from '../../src/worker/limiter/pace.ts';
import { Producer } from '../../src/worker/producer.ts';
import { SignIn } from '../../src/worker/workerSignIn.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { RunStore } from '../../src/runs/runStore.ts';
import { hasEnded } from '../../src/runs/run.ts';
import { eachAlone } from '../support/rows.ts';
import { world, type SimulatorState, type WorldOptions } from '../support/batchWorld.ts';
import { recordForTests, runAtWork } from '../support/record.ts';
import { groupRow } from '../support/rows.ts';
import { groupTarget, simulator } from '../support/simulatorClient.ts';

const record = recordForTests();
const CONFIGURED = 1_000;
/** The calls of a batch: its read, then its writes. */
const WRITE = 2;

interface TwoWorkers extends SimulatorState {
  /** What both have logged, in order. */
  readonly lines: readonly string[];
  readonly one: WorkerDeps;
  readonly other: WorkerDeps;
  budget(): Promise<number>;
}

/** Two workers of one tenant, one batch, and a log that both write to. */
async function twoWorkers(options: WorldOptions): Promise<TwoWorkers> {
  const each = await world(record, { writesPerWindow: CONFIGURED, pace: { windowMs: 600 }, ...options });
  const lines: string[] = [];
  const told = (change: LimiterChange): void => void lines.push(limiterInWords(change));
  const { pace } = each.deps.limiter;
  const deps = (of: WorkerDeps): WorkerDeps => ({ ...of, limiter: new Limiter(each.runs, pace, { told }) });
  return {
    ...each,
    lines,
    one: deps(each.deps),
    other: deps(each.anotherWorker()),
    budget: async () => (await each.runs.limiterNow(each.deps.limiter.policy())).budget,
  };
}

test('a 429 that one worker sees holds and slows the other, and each is logged once', async () => {
  const each = await twoWorkers({ graph: { script: [{ envelope: WRITE, fault: 'throttled' }] } });
  await each.step(each.one);
  expect(each.lines).toEqual([expect.stringMatching(/^Throttled: nothing is sent for \d+\.\d s\.$/)]);
  expect(await each.budget()).toBe(CONFIGURED);
  const { backoffUntil } = await each.runs.limiterNow(each.other.limiter.policy());
  await each.work(each.other);
  expect(Date.now()).toBeGreaterThanOrEqual(backoffUntil ?? Infinity);
  expect(each.graph.stats()).toMatchObject({ requestsDuringBackoff: 0, writesDone: 20 });
  // Nothing was accepted before, so nothing is known but that it was too much.
  expect(each.lines.slice(1)).toEqual([
    `Budget cut from ${CONFIGURED} to ${CONFIGURED / 2} writes a window: the tenant refused some, and what it takes is not known yet.`,
  ]);
  expect(await each.budget()).toBe(CONFIGURED / 2);
  expect(await each.run()).toMatchObject({ throttled: 20, counts: { succeeded: 20 } });
});

test('a call that is refused as a whole backs off all families of the run, also those at work in another process', async () => {
  const of = (type: PolicyType, family: Family, rank: number) => ({
    policy: { type, id: `p${rank}`, assignments: [{ id: 'x', target: groupTarget('old') }] },
    row: { rank, policy: `p${rank}`, family, input: { ...groupRow(`p${rank}`, 'x', 'new'), line: rank + 2 } },
    type,
  });
  const each = [
    of('deviceConfiguration', 'deviceConfiguration', 0),
    of('termsAndConditions', 'companyTerms', 1),
  ];
  const rows = each.map(({ row, type }) => {
    const cells = new Map(row.input.cells).set('policyType', type);
    return { ...row, input: { ...row.input, cells } };
  });
  const both = await twoWorkers({
    instead: { policies: each.map(({ policy }) => policy), rows },
    graph: { script: [{ envelope: WRITE, fault: 'throttled' }] },
  });
  await both.step(both.one);
  for (const { row } of each) {
    const { backoffUntil } = await both.runs.limiterNow(both.other.limiter.of(row.family).policy());
    expect(backoffUntil, row.family).not.toBeNull();
  }
});

test('a budget that one worker has learned is what the other gets its permit from', async () => {
  const each = await twoWorkers({ graph: { writeLimit: 7, windowMs: 600, window: 'sliding' } });
  await each.step(each.one);
  expect(await each.run()).toMatchObject({ throttled: 13, counts: { succeeded: 7 } });
  const ref = { runId: 'r1', batch: 0 };
  const open = eachAlone((await each.rows()).filter(({ state }) => state === 'pending'));
  const never = new AbortController().signal;
  let permit = await each.other.limiter.permit(ref, open, never);
  while (permit.kind === 'late') permit = await each.other.limiter.permit(ref, open, never);
  // Thirteen rows are left, and seven are what the tenant takes.
  if (permit.kind !== 'granted') throw new Error(`not granted but ${permit.kind}`);
  expect(permit.places.length).toBeGreaterThanOrEqual(5);
  expect(permit.places.length).toBeLessThanOrEqual(7);
  await each.other.limiter.giveBack(ref, permit);
  expect(await each.budget()).toBe(7);
  expect(each.lines.filter((line) => line.includes(`cut from ${CONFIGURED} to 7 `))).toHaveLength(1);
});

const refused401: EnvelopeReply = {
  kind: 'refused',
  status: 401,
  error: { code: 'InvalidAuthenticationToken', message: 'no' },
};

test.each<[string, WorldOptions, boolean]>([
  ['a read that is throttled', { graph: { script: [{ envelope: 1, fault: 'throttled' }] } }, false],
  [
    'a batch that is refused with 401',
    { intercept: (call, pass) => (call === WRITE ? Promise.resolve(refused401) : pass()) },
    true,
  ],
  [
    'a batch whose connection breaks',
    { graph: { script: [{ envelope: WRITE, fault: 'resetBefore' }] } },
    true,
  ],
])('%s neither cuts the budget nor counts as accepted', async (_, options, isOfWrites) => {
  const each = await twoWorkers({ ...options, renew: () => true });
  const accepted: number[] = [];
  const recorded = each.runs.record.bind(each.runs);
  vi.spyOn(each.runs, 'record').mockImplementation(async (ref, rows, policy, settlement) => {
    if (settlement !== undefined && settlement.answered > 0) accepted.push(settlement.accepted);
    return recorded(ref, rows, policy, settlement);
  });
  await each.work(each.one);
  expect(await each.budget()).toBe(CONFIGURED);
  expect(accepted[0]).toBe(isOfWrites ? 0 : 20);
  expect(accepted.reduce((sum, n) => sum + n, 0)).toBe(20);
  expect(each.lines.filter((line) => line.startsWith('Budget'))).toEqual([]);
});

test('two BullMQ workers learn one budget together, and the log tells each of its steps once', async () => {
  const rows = 260;
  const windowMs = 600;
  const configured = 80;
  const places = Array.from({ length: rows }, (_, i) => i);
  const graph = await simulator({
    ...{ writeLimit: 40, requestLimit: null, windowMs, window: 'sliding', countRefused: false },
    tenant: {
      policies: places.map((i) => ({
        ...{ id: `c${i}`, type: 'deviceConfiguration' },
        assignments: [{ id: `a${i}`, target: groupTarget('old') }],
      })),
    },
  });
  const runs = record.store();
  const pace: Pace = { ...paceOf(configured, windowMs), requestTimeoutMs: 2_000 };
  const runId = await runAtWork(
    runs,
    places.map((i) => groupRow(`c${i}`, `a${i}`, 'new')),
    { graphUrl: graph.url },
  );
  const lines: string[] = [];
  const sent = [0, 0];
  const workers = sent.map((_, worker) => {
    const redis = record.connect();
    const store = new RunStore(redis, tenantOf(runs));
    const credentials = accessTokenCredentials({ RETARGET_ACCESS_TOKEN: 'token-1' });
    const client = createGraphClient({
      ...{ root: graph.url, apiVersion: 'beta' as const, credentials, userAgent: 'retarget/test' },
      limits: { requestMs: pace.requestTimeoutMs },
    });
    const producer = new Producer(store, redis, graph.url);
    const deps: WorkerDeps = {
      runs: store,
      limiter: new Limiter(store, pace, { told: (change) => void lines.push(limiterInWords(change)) }),
      graphUrl: graph.url,
      graphOf: () => ({
        ...client,
        postBatch(requests, given) {
          if (requests.some(({ method }) => method === 'PATCH')) sent[worker] = (sent[worker] ?? 0) + 1;
          return client.postBatch(requests, given);
        },
      }),
      signIn: new SignIn(credentials),
      redacted: (text) => text,
      log: NO_LOG,
      events: createEvents(),
      now: Date.now,
      random: Math.random,
    };
    const started = startWorker(deps, producer, redis, { concurrency: 2 });
    onTestFinished(async () => {
      await started.stop();
      await producer.close();
      await client.close();
    });
    return started;
  });
  expect(workers).toHaveLength(2);
  await vi.waitUntil(
    async () => {
      const run = await runs.run(runId);
      return run !== undefined && hasEnded(run);
    },
    { timeout: 40_000, interval: 20 },
  );
  expect((await runs.run(runId))?.counts.succeeded).toBe(rows);
  expect(Math.min(...sent)).toBeGreaterThan(0);
  expect(graph.stats().requestsDuringBackoff).toBe(0);

  const steps = lines.flatMap((line) => {
    const [, cutFrom, cutTo, triedAt, upFrom] =
      /cut from (\d+) to (\d+)|tried at (\d+) writes a window, up from (\d+)/.exec(line) ?? [];
    return cutFrom === undefined && triedAt === undefined
      ? []
      : [{ from: Number(cutFrom ?? upFrom), to: Number(cutTo ?? triedAt) }];
  });
  const cuts = lines.filter((line) => line.includes('cut')).length;
  const holds = lines.filter((line) => line.startsWith('Throttled')).length;
  expect(cuts).toBeGreaterThan(0);
  expect(holds).toBeGreaterThanOrEqual(cuts);
  // All steps together lead from the configured limit to the budget of now: none was told twice, none left out.
  const { budget } = await runs.limiterNow(new Limiter(runs, pace).policy());
  expect(configured + steps.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(budget);
  expect(budget).toBeLessThan(configured);
});

const tenantOf = ({ keys }: RunStore): string => /\{(.*)\}/.exec(keys.prefix)?.[1] ?? '';
