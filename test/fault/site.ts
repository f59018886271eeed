import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { EXIT } from '../../src/errors.ts';
import { QUEUE_NAME, type BatchJob } from '../../src/worker/producer.ts';
import { closeRedis, openRedis, type RedisClient } from '../../src/redis/connection.ts';
import { hasEnded } from '../../src/runs/run.ts';
import { RunStore } from '../../src/runs/runStore.ts';
import type { SimulatorStats } from '../../src/simulator/stats.ts';
import { openProcesses, type Child, type Ended, type Processes } from '../support/processes.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { simulatorOf, type SimulatorProcess } from '../support/simulatorProcess.ts';
import { openTcpProxy, type TcpProxy } from '../support/tcpProxy.ts';
import type { Plan } from './plan.ts';
import { desiresOf, type Desires } from './desires.ts';

const TENANT = 'chaos';
const LOOK_MS = 10;
/** A moment comes within seconds or never. */
const MOMENT_MAX_MS = 30_000;
/** A short command, on a busy machine. */
const COMMAND_MAX_MS = 30_000;
/** A worker that is told to end, with work in flight or without Redis; a call to Graph takes up to 3 s here. */
const WORKER_END_MAX_MS = 15_000;
/** How late a slow reply is: a call is cut after 3 s. */
export const SLOW_MS = 4_000;
/** Some rows are forbidden, and some fail of faults: no run is to stop for that. */
export const ANY_FAILURES = ['--max-failures', 'off'];
export const SUBMIT_FLAGS = ['--no-plan', ...ANY_FAILURES];

/** How much of it changes is nothing to stop for. */
const ANY_SIZE = ['--max-changes', 'off', '--max-changes-percent', 'off'];

/** Redis as a round uses it: the commands come through the proxy, whoever breaks or watches it goes straight to it. */
export interface RedisSite {
  readonly server: TestRedis;
  readonly proxy: TcpProxy;
}

/** Everything of one round that can be broken, and a straight way to look at it. */
export class Site implements AsyncDisposable {
  readonly desires: Desires;
  readonly file: string;
  readonly plan: Plan;
  readonly dir: string;
  readonly simulator: SimulatorProcess;
  /** undefined: the embedded one. */
  readonly redis: RedisSite | undefined;
  readonly processes: Processes;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #workers: Child[] = [];
  /** redis-server is not waited for by the event loop, so something else must keep it going until that has ended. */
  readonly #alive = setInterval(() => undefined, 60_000);
  #watcher: RedisClient | undefined;
  #queue: Queue<BatchJob> | undefined;
  /** What is submitted: the file of wants, or the plan of it. */
  submitted: string;
  /** What its plan lets through, both when it is made and when it is submitted. */
  planFlags: readonly string[] = [];
  runId = '';
  /** How long after they were answered late writes land; 0: none do. */
  lateMs = 0;
  cancelled: { at: number; lastArrivalAt: number } | undefined;
  readonly endings: { what: string; exitCode: number | null }[] = [];
  readonly takenUpAfterMs: number[] = [];

  private constructor(
    plan: Plan,
    dir: string,
    desires: Desires,
    processes: Processes,
    simulator: SimulatorProcess,
    redis: RedisSite | undefined,
  ) {
    this.plan = plan;
    this.dir = dir;
    this.desires = desires;
    this.processes = processes;
    this.simulator = simulator;
    this.redis = redis;
    this.file = join(dir, 'changes.csv');
    this.submitted = this.file;
    this.#env = {
      PATH: process.env['PATH'],
      HOME: dir,
      NO_COLOR: '1',
      AZURE_TENANT_ID: TENANT,
      RETARGET_ACCESS_TOKEN: 'token',
      RETARGET_GRAPH_URL: simulator.url,
      RETARGET_WRITES_PER_WINDOW: String(plan.writeLimit),
      RETARGET_WINDOW_MS: String(plan.windowMs),
      RETARGET_DATA_DIR: join(dir, 'data'),
      ...(redis && { REDIS_URL: `redis://127.0.0.1:${redis.proxy.port}` }),
    };
  }

  static async open(plan: Plan): Promise<Site> {
    const dir = mkdtempSync(join(tmpdir(), 'retarget-chaos-'));
    const desires = desiresOf(plan);
    writeFileSync(join(dir, 'changes.csv'), desires.csv);
    writeFileSync(join(dir, 'tenant.json'), JSON.stringify(desires.tenant));
    const processes = openProcesses();
    try {
      const simulate = processes.start(['simulate', ...simulatorFlags(plan, desires)], {
        env: { PATH: process.env['PATH'], HOME: dir },
        cwd: dir,
      });
      const [simulator, redis] = await Promise.all([
        simulatorOf(simulate),
        plan.redis === 'server' ? redisSite(join(dir, 'redis')) : undefined,
      ]);
      return new Site(plan, dir, desires, processes, simulator, redis);
    } catch (error) {
      await processes[Symbol.asyncDispose]();
      throw error;
    }
  }

  command(...argv: string[]): Child {
    return this.processes.start(argv, { env: this.#env, cwd: this.dir });
  }

  /** A command to its end; it is noted when that is not `exitCode`. Answers what it wrote to stdout. */
  async run(argv: readonly string[], exitCode = 0): Promise<string> {
    const ended = await this.command(...argv).endedWithin(COMMAND_MAX_MS);
    this.#note(argv, ended, exitCode);
    return ended?.stdout ?? '';
  }

  /** Plans what is to be submitted. */
  async makePlan(): Promise<void> {
    this.submitted = join(this.dir, 'plan.ndjson');
    const first = JSON.parse(
      await this.run(['plan', this.file, '--json', ...ANY_SIZE], EXIT.stoppedEarly),
    ) as {
      readonly blocked: readonly { readonly kind: string; readonly found: number }[];
    };
    const allowed = first.blocked.flatMap(({ kind, found }) => ['--allow', `${kind}=${found}`]);
    this.planFlags = [...ANY_SIZE, ...allowed];
    await this.run(['plan', this.file, '-o', this.submitted, ...this.planFlags]);
  }

  /** Does something to the run. False when it was over before. */
  async runControl(verb: 'pause' | 'cancel'): Promise<boolean> {
    const argv = [verb, this.runId];
    const ended = await this.command(...argv).endedWithin(COMMAND_MAX_MS);
    const isTooLate = ended?.exitCode === EXIT.badInput && (await this.isOver());
    if (!isTooLate) this.#note(argv, ended, EXIT.done);
    return !isTooLate;
  }

  #note(argv: readonly string[], ended: Ended | undefined, wanted: number): void {
    const isWell = ended?.exitCode === wanted;
    const what = `${argv.join(' ')}: ${ended?.stderr.trim() ?? 'did not end'}`;
    this.endings.push({ what, exitCode: isWell ? 0 : (ended?.exitCode ?? null) || -1 });
  }

  get workers(): readonly Child[] {
    return this.#workers.filter(({ isOver }) => !isOver);
  }

  startWorker(env: Readonly<Record<string, string>> = {}): Child {
    const worker = this.processes.start(['worker'], { env: { ...this.#env, ...env }, cwd: this.dir });
    this.#workers.push(worker);
    return worker;
  }

  /** Lets a worker end in order. It must, and soon. */
  async endWorker(
    worker: Child,
    signal: NodeJS.Signals = 'SIGTERM',
    maxMs = WORKER_END_MAX_MS,
  ): Promise<void> {
    // Before its first word it has not got so far as to hear a signal, and ends as any process does.
    await worker.said('\n');
    worker.kill(signal);
    const ended = await worker.endedWithin(maxMs);
    const exitCode = ended === undefined ? -1 : ended.exitCode;
    this.endings.push({ what: `worker ${worker.pid} after ${signal}: ${lastLine(worker)}`, exitCode });
  }

  /** The record, read past the proxy. */
  async record(): Promise<RunStore> {
    return new RunStore(await this.watcher(), TENANT);
  }

  async watcher(): Promise<RedisClient> {
    const log = { info: () => undefined, warn: () => undefined };
    const { redis, dir } = this;
    const target = redis?.server.url
      ? { url: redis.server.url }
      : { socketPath: join(dir, 'data', 'redis.sock') };
    return (this.#watcher ??= await openRedis(target, { patience: 'wait', name: 'chaos', log }));
  }

  async queue(): Promise<Queue<BatchJob>> {
    if (this.#queue === undefined) {
      const [connection, { keys }] = await Promise.all([this.watcher(), this.record()]);
      this.#queue = new Queue(QUEUE_NAME, { connection, prefix: keys.prefix });
      this.#queue.on('error', () => undefined);
    }
    return this.#queue;
  }

  /** True as soon as what the simulator saw fits; false when the run is over before it does, or it never does. */
  async until(fits: (stats: SimulatorStats) => boolean | Promise<boolean>): Promise<boolean> {
    const deadline = performance.now() + MOMENT_MAX_MS;
    while (!(await fits(await this.simulator.stats()))) {
      if (performance.now() > deadline || (await this.isOver())) return false;
      await sleep(LOOK_MS);
    }
    return true;
  }

  /** Until so many of the rows, as a share, were written. */
  async untilWritten(share: number): Promise<boolean> {
    const wanted = Math.ceil(share * this.desires.desires.length);
    return this.until(({ writesDone }) => writesDone >= wanted);
  }

  async isOver(): Promise<boolean> {
    const run = await (await this.record()).run(this.runId);
    return run !== undefined && hasEnded(run);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.processes[Symbol.asyncDispose]();
    await this.#queue?.close().catch(() => undefined);
    if (this.#watcher) await closeRedis(this.#watcher);
    await this.redis?.proxy[Symbol.asyncDispose]();
    await this.redis?.server.stop();
    killEmbedded(this.dir);
    rmSync(this.dir, { recursive: true, force: true });
    clearInterval(this.#alive);
  }
}

function simulatorFlags(plan: Plan, { forbidden }: Desires): string[] {
  return [
    ...['--port', '0', '--tenant-file', 'tenant.json', '--seed', String(plan.seed)],
    ...['--write-limit', String(plan.writeLimit), '--window-ms', String(plan.windowMs)],
    ...['--window', plan.window, '--request-limit', 'none', '--latency-ms', String(plan.latencyMs)],
    ...['--retry-after', plan.retryAfter, '--other-app-share', String(plan.otherAppShare)],
    // A permit that was given before the backoff was heard of may be used for half a second.
    ...['--backoff-grace-ms', String(plan.latencyMs + 600), '--slow-ms', String(SLOW_MS)],
    ...(forbidden.length > 0 ? ['--forbidden', forbidden.join(',')] : []),
    ...(plan.rekey ? ['--rekey'] : []),
    // One that lands when nobody waits for it any more finds what was sent in its place.
    ...(plan.landsLate ? [] : ['--add-twice']),
  ];
}

async function redisSite(dir: string): Promise<RedisSite> {
  mkdirSync(dir);
  // A file that may not grow is an error to be met, as on a full disk, and not the end of the process.
  const command = join(dir, 'redis-server');
  writeFileSync(command, `#!/bin/sh\ntrap '' XFSZ\nexec redis-server "$@"\n`, { mode: 0o700 });
  const args = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--enable-protected-configs', 'yes'];
  const server = await startRedisServer({ tcp: true, dir, args, command });
  return { server, proxy: await openTcpProxy(Number(new URL(server.url ?? '').port)) };
}

/** The process of an embedded Redis, or undefined when none wrote its number. */
export function embeddedPid(dir: string): number | undefined {
  try {
    return Number(readFileSync(join(dir, 'data', 'redis.pid'), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

/** One that nobody stopped, as after a round that failed. Its number may be another's by now: its directory tells. */
function killEmbedded(dir: string): void {
  const pid = embeddedPid(dir);
  if (pid !== undefined && readsFrom(pid, dir)) process.kill(pid, 'SIGKILL');
}

function readsFrom(pid: number, dir: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(dir);
  } catch {
    return false;
  }
}

const lastLine = (child: Child): string => child.stderr().trim().split('\n').at(-1) ?? '';
