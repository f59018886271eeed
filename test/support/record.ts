import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import type { LimiterPolicy } from '../../src/runs/permit.ts';
import { RunStore } from '../../src/runs/runStore.ts';
import { Staging, type StagedRow } from '../../src/runs/staging.ts';
import type { InputRow } from '../../src/assignments/rows/row.ts';
import { DEFAULT_OPTIONS, type RunIdentity } from '../../src/runs/run.ts';
import { startRedisServer, type TestRedis } from './redisServer.ts';
import { groupRow, identityOf } from './rows.ts';

/** A Redis for all tests of a file. Each test takes a tenant of its own, so that none sees another's keys. */
export interface RecordForTests {
  readonly redis: Redis;
  readonly server: TestRedis;
  /** The record of a tenant that nobody has used yet. */
  store(): RunStore;
  /** A further client, closed in the end. */
  connect(): Redis;
}

export function recordForTests(): RecordForTests {
  let server: TestRedis | undefined;
  const clients: Redis[] = [];
  let tenants = 0;
  const running = (): TestRedis => {
    if (server === undefined) throw new Error('Redis is there within tests only');
    return server;
  };
  const connect = (): Redis => {
    const client = new Redis(running().socketPath, { maxRetriesPerRequest: null });
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    server = await startRedisServer();
    connect();
  });
  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await server?.stop();
  });
  const first = (): Redis => clients[0] ?? connect();
  return {
    get redis() {
      return first();
    },
    get server() {
      return running();
    },
    store: () => new RunStore(first(), `tenant-${(tenants += 1)}`),
    connect,
  };
}

/** A policy so wide that nothing waits. */
export const WIDE: LimiterPolicy = {
  limit: 1_000_000,
  limitAll: 1_000_000,
  windowMs: 1,
  permitValidMs: 0,
  timeoutMs: 60_000,
  endedInOrder: '',
  jumpedFrom: 0,
};

export const rowsOf = (count: number): InputRow[] =>
  Array.from({ length: count }, (_, i) => ({ ...groupRow('c1', `a${i}`, `g${i}`), line: i + 2 }));

/** A run that is never too old: Redis' clock may be one of the test's. */
const AGELESS = { ...DEFAULT_OPTIONS, maxAgeMs: 1e14 };

/** Publishes a run of these rows; it is queued then. Without options of its own it is never too old. */
export async function publishRun(
  store: RunStore,
  rows: readonly (InputRow | StagedRow)[],
  identity: Partial<RunIdentity> = {},
  { sha256 = 'sha', again = true } = {},
): Promise<string> {
  const whole = identityOf({ options: AGELESS, ...identity });
  const staging = await Staging.begin(store, whole, Date.now());
  for (const row of rows) await staging.add('input' in row ? row : { input: row });
  const published = await staging.publish({ sha256, columns: [], leftOut: 0, again });
  if (published.kind !== 'published') throw new Error(`the run was not published but ${published.kind}`);
  return whole.runId;
}

/** Publishes a run and sets it to work; it is never too old. */
export async function runAtWork(
  store: RunStore,
  rows: readonly (InputRow | StagedRow)[],
  given: Partial<RunIdentity> = {},
): Promise<string> {
  const identity = {
    ...given,
    options: { ...DEFAULT_OPTIONS, ...given.options, maxAgeMs: AGELESS.maxAgeMs },
  };
  const runId = await publishRun(store, rows, identity);
  await store.runsToWorkOn(identityOf(identity).graphUrl);
  return runId;
}
