import { setTimeout as sleep } from 'node:timers/promises';
import { createEvents } from '../../src/events.ts';
import { NO_LOG } from '../../src/log.ts';
import { onTestFinished } from 'vitest';
import type { ApiVersion } from '../../src/assignments/values/apiVersion.ts';
import { accessTokenCredentials, type Credentials } from '../../src/graph/auth/credentials.ts';
import { createGraphClient, type GraphClient } from '../../src/graph/client/graphClient.ts';
import type { WorkerDeps, Step } from '../../src/worker/deps.ts';
import { Limiter } from '../../src/worker/limiter/limiter.ts';
import { paceOf, type Pace } from '../../src/worker/limiter/pace.ts';
import { processBatch } from '../../src/worker/processBatch.ts';
import { SignIn } from '../../src/worker/workerSignIn.ts';
import { DEFAULT_OPTIONS, type Run, type RunOptions } from '../../src/runs/run.ts';
import type { RecordedRow } from '../../src/runs/batchRow.ts';
import type { InputRow } from '../../src/assignments/rows/row.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import type { StagedRow } from '../../src/runs/staging.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { runAtWork, type RecordForTests } from './record.ts';
import { groupRow } from './rows.ts';
import { groupTarget, simulator } from './simulatorClient.ts';

/** Far more steps than any batch takes, or any run: one that needs them is going in circles. */
const STEPS_MAX = 80;
const RUN_STEPS_MAX = 3_000;
/** A worker whose batch has to wait takes another one meanwhile. */
const PAUSE_MAX_MS = 20;
const ROWS = 20;

/** What happens to one `$batch` call before it reaches the simulator; the number counts all calls, from 1. */
export type Intercept = (
  call: number,
  pass: () => ReturnType<GraphClient['postBatch']>,
) => ReturnType<GraphClient['postBatch']>;

export interface WorldOptions {
  readonly graph?: SimulatorOptions;
  readonly pace?: Partial<Pace>;
  readonly writesPerWindow?: number;
  /** Assignments that backoff their desired target already. */
  readonly alreadySo?: readonly number[];
  /** Assignments that the tenant does not have. */
  readonly absent?: readonly number[];
  readonly blind?: boolean;
  readonly apiVersion?: ApiVersion;
  readonly renew?: () => boolean;
  readonly intercept?: Intercept;
  readonly run?: Partial<RunOptions>;
  /** Instead of twenty assignments of one policy, and a row for each. */
  readonly instead?: Pick<TenantSeed, 'policies'> & { readonly rows: readonly (InputRow | StagedRow)[] };
}

export interface SimulatorState {
  readonly graph: Simulator;
  readonly runs: RunStore;
  readonly deps: WorkerDeps;
  /** Edges of another worker process. */
  anotherWorker(): WorkerDeps;
  step(deps?: WorkerDeps): Promise<Step>;
  /** Goes on with the batch as a worker does, until it is done or stopped. Answers the steps on the way. */
  work(deps?: WorkerDeps): Promise<Step[]>;
  /** Goes on with the run as a worker does, batch after batch, until there is nothing to work on. */
  drain(deps?: WorkerDeps): Promise<void>;
  /** The rows of the first batch. */
  rows(): Promise<readonly RecordedRow[]>;
  /** All rows, in the order of the file. */
  allRows(images?: 'before'): Promise<RecordedRow[]>;
  run(): Promise<Run>;
  /** What the tenant holds at the place of a row; undefined when there is nothing under any id. */
  groupAt(place: number): string | undefined;
}

const PLACES = Array.from({ length: ROWS }, (_, place) => place);
const desired = (place: number): string => `new-${place}`;
const NEVER = new AbortController().signal;

/** A run of one batch of twenty rows, at work, against a tenant of one policy with as many assignments, unless told otherwise. */
export async function world(record: RecordForTests, options: WorldOptions = {}): Promise<SimulatorState> {
  const graph = await simulator({
    writeLimit: null,
    requestLimit: null,
    ...options.graph,
    tenant: { policies: options.instead?.policies ?? [onePolicy(options)] },
  });
  const runs = record.store();
  const { apiVersion = 'beta', blind = false, renew = () => false } = options;
  const more = blind ? { filterType: 'none' } : {};
  const rows =
    options.instead?.rows ?? PLACES.map((place) => groupRow('c1', `a${place}`, desired(place), more));
  const identity = {
    graphUrl: graph.url,
    apiVersion,
    blind,
    options: { ...DEFAULT_OPTIONS, ...options.run },
  };
  const runId = await runAtWork(runs, rows, identity);
  const ref = { runId, batch: 0 };

  const pace: Pace = {
    ...paceOf(options.writesPerWindow ?? 10_000, 300),
    requestTimeoutMs: 500,
    unreachedWaitMs: 20,
    ...options.pace,
  };
  const credentials: Credentials = {
    ...accessTokenCredentials({ RETARGET_ACCESS_TOKEN: 'token-1' }),
    renew: async () => renew(),
  };
  const worker = (): WorkerDeps => {
    const clientOf = (version: ApiVersion): GraphClient => {
      const client = createGraphClient({
        root: graph.url,
        apiVersion: version,
        credentials,
        userAgent: 'retarget/test',
        limits: { requestMs: pace.requestTimeoutMs },
      });
      onTestFinished(() => client.close());
      return client;
    };
    const clients = { beta: clientOf('beta'), 'v1.0': clientOf('v1.0') };
    let calls = 0;
    const { intercept = (_, pass) => pass() } = options;
    return {
      runs,
      limiter: new Limiter(runs, pace),
      graphUrl: graph.url,
      graphOf: (version) => ({
        postBatch: (requests, given) =>
          intercept((calls += 1), () => clients[version].postBatch(requests, given)),
        close: () => clients[version].close(),
      }),
      signIn: new SignIn(credentials),
      log: NO_LOG,
      events: createEvents(),
      redacted: (text) => text,
      now: Date.now,
      random: Math.random,
    };
  };
  const recorded = async (): Promise<Run> => {
    const run = await runs.run(runId);
    if (run === undefined) throw new Error('the run is gone');
    return run;
  };
  const deps = worker();
  const step = (by = deps): Promise<Step> => processBatch(ref, by, NEVER);
  return {
    graph,
    runs,
    deps,
    anotherWorker: worker,
    step,
    async work(by) {
      const steps: Step[] = [];
      for (;;) {
        const taken = await step(by);
        steps.push(taken);
        if (steps.length > STEPS_MAX) throw new Error(`still ${taken.kind} after ${STEPS_MAX} steps`);
        if (taken.kind === 'done' || taken.kind === 'stopped') return steps;
        if (taken.kind === 'later') await sleep(taken.waitMs);
      }
    },
    async drain(by = deps) {
      for (let steps = 0; steps < RUN_STEPS_MAX; steps += 1) {
        const isAtWork = (await runs.runsToWorkOn(graph.url)).includes(runId);
        const open = isAtWork ? await runs.openBatches(await recorded(), 1_000) : [];
        const { batch } = open[steps % open.length] ?? {};
        if (batch === undefined) return;
        const taken = await processBatch({ runId, batch }, by, NEVER);
        if (taken.kind === 'later') await sleep(Math.min(taken.waitMs, PAUSE_MAX_MS));
      }
      throw new Error(`the run is still at work after ${RUN_STEPS_MAX} steps`);
    },
    async allRows(images) {
      const all: RecordedRow[] = [];
      for await (const row of runs.rows(await recorded(), images)) all.push(row);
      return all;
    },
    async rows() {
      return (await runs.batch(ref))?.rows ?? [];
    },
    run: recorded,
    groupAt(place) {
      const list = graph.tenant.assignmentsOf('deviceConfigurations', 'c1') ?? [];
      const found = list.find(({ id, target }) => id === `a${place}` || target['groupId'] === desired(place));
      return found && String(found.target['groupId']);
    },
  };
}

const onePolicy = ({ absent = [], alreadySo = [] }: WorldOptions): TenantSeed['policies'][number] => ({
  id: 'c1',
  type: 'deviceConfiguration',
  assignments: PLACES.filter((place) => !absent.includes(place)).map((place) => ({
    id: `a${place}`,
    target: groupTarget(alreadySo.includes(place) ? desired(place) : `old-${place}`),
  })),
});

/** What is wrong between the record and the tenant, in words; nothing when all is true. */
export async function untruths({ rows, run, groupAt }: SimulatorState): Promise<string[]> {
  const recorded = await rows();
  const wrong = recorded.flatMap(({ place, state }) => {
    const isThere = groupAt(place) === desired(place);
    const saysSo = state === 'succeeded' || state === 'skipped';
    const saysNot = state === 'failed' || state === 'cancelled';
    if (saysSo && !isThere) return [`row ${place} is ${state}, and the tenant holds ${groupAt(place)}`];
    return saysNot && isThere ? [`row ${place} is ${state}, though the tenant holds its target`] : [];
  });
  const { counts } = await run();
  for (const state of ['succeeded', 'skipped', 'failed'] as const) {
    const n = recorded.filter((row) => row.state === state).length;
    if (counts[state] !== n) wrong.push(`${counts[state]} are counted ${state}, and ${n} are`);
  }
  return wrong;
}
