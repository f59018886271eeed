import type { Events } from '../../src/events.ts';
import { createEvents } from '../../src/events.ts';
import type { Host } from '../../src/app/host.ts';
import { redactorOf } from '../../src/app/host.ts';
import { identify, type Identity } from '../../src/app/identity.ts';
import type { Services } from '../../src/app/services.ts';
import { NO_LOG } from '../../src/log.ts';
import type { RedisClient } from '../../src/redis/connection.ts';
import type { Run } from '../../src/runs/run.ts';
import type { LogEntry } from '../../src/runs/runReader.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { Limiter } from '../../src/worker/limiter/limiter.ts';
import type { Producer } from '../../src/worker/producer.ts';
import { runOf } from './rows.ts';

/** Redis' clock in a record of fakes. */
export const NOW = Date.UTC(2026, 0, 31);
export const GRAPH = 'http://127.0.0.1:1';

/** What a test answers for, of what a use case may ask; what is asked besides fails the test. */
export interface Fakes {
  readonly runs?: Partial<RunStore>;
  readonly producer?: Partial<Producer>;
  readonly identity?: Partial<Identity>;
  readonly redis?: Partial<RedisClient>;
  readonly env?: Record<string, string>;
  readonly interrupted?: AbortSignal;
}

/** What a use case has done, one line each, in order: `runs.transition`, `producer.topUp`, … */
export interface FakeServices extends Services {
  readonly done: readonly string[];
  /** What was written into the logs of runs. */
  readonly told: readonly (LogEntry & { readonly runId: string })[];
  /** Events by name, with what they told. */
  readonly heard: readonly (readonly unknown[])[];
}

export function fakeServices({
  runs,
  producer,
  identity,
  redis,
  env,
  interrupted,
}: Fakes = {}): FakeServices {
  const done: string[] = [];
  const told: (LogEntry & { runId: string })[] = [];
  const heard: unknown[][] = [];
  const events = createEvents();
  hear(events, heard);
  const host: Host = {
    env: { AZURE_TENANT_ID: 'north', RETARGET_GRAPH_URL: GRAPH, ...env },
    cwd: '/nonexistent',
    user: { name: 'ada', host: 'desk' },
    interrupted: interrupted ?? new AbortController().signal,
    redactor: redactorOf({ RETARGET_ACCESS_TOKEN: 'hunter2hunter2' }),
    argv: ['script'],
    log: NO_LOG,
    events,
    redisInUse: {},
  };
  const tell = async (runId: string, entry: LogEntry): Promise<void> => void told.push({ ...entry, runId });
  const tellAll = async (runIds: readonly string[], entry: LogEntry): Promise<void> =>
    void told.push(...runIds.map((runId) => ({ ...entry, runId })));
  const topUp = async (): Promise<number> => 0;
  const store = answering(
    'runs',
    {
      now: async () => NOW,
      queueLeft: async () => undefined,
      tell,
      tellAll,
      approvalRule: async () => undefined,
      ...runs,
    },
    done,
  );
  const whole = { ...identify({}, host), ...identity };
  return {
    ...host,
    identity: whole,
    redis: answering('redis', redis ?? {}, done) as RedisClient,
    runs: store as RunStore,
    producer: answering(
      'producer',
      { topUp, hasWorkers: async () => true, connectedWorkers: async () => new Set<string>(), ...producer },
      done,
    ) as Producer,
    open: () => Promise.reject(new Error('open: nobody answers for it')),
    limiterOn: (runsOf) => new Limiter(runsOf, whole.pace),
    [Symbol.asyncDispose]: async () => undefined,
    ...{ done, told, heard },
  };
}

function answering<T extends object>(name: string, answers: T, done: string[]): T {
  return new Proxy(answers, {
    get(target, key) {
      const found: unknown = Reflect.get(target, key);
      // A promise is told from other objects by its `then`.
      if (typeof key === 'symbol' || key === 'then') return found;
      if (found === undefined) throw new Error(`${name}.${key}: nobody answers for it`);
      if (typeof found !== 'function') return found;
      return (...args: unknown[]): unknown => {
        done.push(`${name}.${key}`);
        return Reflect.apply(found, target, args);
      };
    },
  });
}

function hear(events: Events, heard: unknown[][]): void {
  const emit = events.emit.bind(events) as (name: string, ...args: unknown[]) => boolean;
  Object.assign(events, {
    emit(name: string, ...args: unknown[]) {
      if (name !== 'settings') heard.push([name, ...args]);
      return emit(name, ...args);
    },
  });
}

/** A run of these services' tenant and Graph. */
export const runThatIs = (state: string, fields: Record<string, string | number> = {}, runId = 'r1'): Run =>
  runOf(
    { runId, tenant: 'north', graphUrl: GRAPH },
    { state, seenAt: NOW, workingSince: NOW - 1_000, total: 10, left: 10, ...fields },
  );
