import { logEvents } from '../../src/app/logEvents.ts';
import { createEvents } from '../../src/events.ts';
import { createLog } from '../../src/log.ts';
import { onTestFinished, vi } from 'vitest';
import type { InputColumn } from '../../src/assignments/rows/columns.ts';
import { accessTokenCredentials } from '../../src/graph/auth/credentials.ts';
import { createGraphClient } from '../../src/graph/client/graphClient.ts';
import { Limiter } from '../../src/worker/limiter/limiter.ts';
import { paceOf } from '../../src/worker/limiter/pace.ts';
import { Producer } from '../../src/worker/producer.ts';
import { SignIn } from '../../src/worker/workerSignIn.ts';
import { startWorker } from '../../src/worker/worker.ts';
import type { RedisPatience, RedisClient } from '../../src/redis/connection.ts';
import { DEFAULT_OPTIONS, hasEnded, type Run } from '../../src/runs/run.ts';
import { RunStore } from '../../src/runs/runStore.ts';
import { Staging } from '../../src/runs/staging.ts';
import { groupTarget, simulator } from './simulatorClient.ts';

const RUN_ID = 'r1';
/** A group for every row: a policy has one assignment for a group. */
const group = (block: '8000' | '9000', row: number): string =>
  `00000000-0000-4000-${block}-${String(row).padStart(12, '0')}`;
const oldGroup = (row: number): string => group('8000', row);
const newGroup = (row: number): string => group('9000', row);

/** What `tenant().groups` is when every row is written. */
export const newGroups = (rows: number): string[] => Array.from({ length: rows }, (_, row) => newGroup(row));

/** For what takes as long as a failover does. */
const WAIT = { timeout: 40_000, interval: 20 };

/** Short times, so that the limiter's distrust of a Redis that it does not know ends soon. */
const PACE = { ...paceOf(100, 400), permitValidMs: 1_000, requestTimeoutMs: 1_000, snapshotAgeMaxMs: 2_000 };

export interface RedisRun {
  readonly runs: RunStore;
  readonly producer: Producer;
  /** Waits until so many rows have their result. */
  settled(rows: number): Promise<void>;
  /** Waits until the run has ended. */
  ended(): Promise<Run>;
  /** The state of every row, in order, as the record has it. */
  states(): Promise<readonly string[]>;
  /** The group that every assignment has, in the order of the rows, and which of them were written twice. */
  tenant(): { readonly groups: readonly unknown[]; readonly writtenAgain: readonly string[] };
}

/**
 * A run of so many rows on the Redis that `open` opens, with a BullMQ worker and a simulator that has what the rows name.
 * All of it ends with the test.
 */
export async function startRun(
  open: (patience: RedisPatience) => Promise<RedisClient>,
  { rows }: { readonly rows: number },
): Promise<RedisRun> {
  const graphServer = await simulator({
    // The limits are another test's matter.
    writeLimit: null,
    requestLimit: null,
    tenant: {
      policies: [
        {
          id: 'c',
          type: 'deviceConfiguration',
          assignments: Array.from({ length: rows }, (_, i) => ({
            id: `a${i}`,
            target: groupTarget(oldGroup(i)),
          })),
        },
      ],
    },
  });
  const [asking, waiting] = await Promise.all([open('failFast'), open('wait')]);
  const runs = new RunStore(asking, 'contoso.com');
  await publish(runs, graphServer.url, rows);

  const credentials = accessTokenCredentials({ RETARGET_ACCESS_TOKEN: 'token-1' });
  const graph = createGraphClient({
    root: graphServer.url,
    apiVersion: 'beta',
    credentials,
    userAgent: 'retarget/0.0.0',
  });
  const errors: string[] = [];
  const log = createLog((line) => void errors.push(line), 'error');
  const events = createEvents();
  logEvents(events, log);
  const workerRuns = new RunStore(waiting, 'contoso.com');
  const producer = new Producer(workerRuns, waiting, graphServer.url);
  const worker = startWorker(
    {
      runs: workerRuns,
      graphUrl: graphServer.url,
      graphOf: () => graph,
      ...{ log, events },
      limiter: new Limiter(workerRuns, PACE),
      signIn: new SignIn(credentials),
      redacted: (text: string) => text,
      now: Date.now,
      random: Math.random,
    },
    producer,
    waiting,
    { concurrency: 2 },
  );
  onTestFinished(async () => {
    await worker.stop();
    await producer.close();
    await graph.close();
  });

  const run = async (): Promise<Run> => {
    // Read by the worker's client: the other one has errors while its Redis is away, as it should.
    const found = await workerRuns.run(RUN_ID);
    if (found === undefined) throw new Error('the run is gone');
    // What the worker calls an error would otherwise be seen as a run that never ends.
    if (errors.length > 0) throw new Error(errors.join(''));
    return found;
  };
  return {
    runs,
    producer,
    settled: async (wanted) => {
      await vi.waitUntil(async () => {
        const { total, counts } = await run();
        return total - counts.pending >= wanted;
      }, WAIT);
    },
    ended: async () => {
      await vi.waitUntil(async () => hasEnded(await run()), WAIT);
      return run();
    },
    states: async () => {
      const states: string[] = [];
      for await (const { state } of workerRuns.rows(await run())) states.push(state);
      return states;
    },
    tenant: () => ({
      groups:
        graphServer.tenant
          .assignmentsOf('deviceConfigurations', 'c')
          ?.map(({ target }) => target['groupId']) ?? [],
      writtenAgain: graphServer.stats().writtenAgain,
    }),
  };
}

async function publish(runs: RunStore, graphUrl: string, rows: number): Promise<void> {
  const staging = await Staging.begin(
    runs,
    {
      runId: RUN_ID,
      tenant: 'contoso.com',
      graphUrl,
      apiVersion: 'beta',
      appId: 'app',
      operator: 'ann@host',
      arguments: [],
      fileName: 'rows.csv',
      blind: false,
      keepDays: 30,
      options: DEFAULT_OPTIONS,
    },
    Date.now(),
  );
  for (let i = 0; i < rows; i += 1) {
    const cells: [InputColumn, string][] = [
      ['policyType', 'deviceConfiguration'],
      ['policyId', 'c'],
      ['assignmentId', `a${i}`],
      ['targetType', 'group'],
      ['groupId', newGroup(i)],
    ];
    await staging.add({ input: { line: i + 2, cells: new Map(cells) } });
  }
  const published = await staging.publish({ sha256: 'f'.repeat(64), columns: [], leftOut: 0, again: false });
  if (published.kind !== 'published') throw new Error(`the run was not published: ${published.kind}`);
}
