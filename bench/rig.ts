import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SimulatorStats } from '../src/simulator/stats.ts';
import type { TenantSeed } from '../src/simulator/tenantFile.ts';
import { generateTenant } from '../src/simulator/generateTenant.ts';
import { startRedisServer } from '../test/support/redisServer.ts';

/** The built command. */
export const RETARGET = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const ASSIGNMENTS_PER_POLICY = 4;

/** A simulator in a process of its own, a Redis, and a file with a row for each assignment. */
export interface Rig extends AsyncDisposable {
  readonly url: string;
  /** Undefined: the commands bring the embedded one. */
  readonly redisUrl: string | undefined;
  readonly file: string;
  stats(): Promise<SimulatorStats>;
  configure(change: Record<string, unknown>): Promise<void>;
  /** Runs the built command to its end and answers its stdout. */
  retarget(...argv: string[]): Promise<string>;
  /** Starts a process that is killed with the rig. */
  start(program: string, argv: readonly string[]): ChildProcess;
  /** Starts the built command and answers the first line of its stderr that has this in it. */
  told(text: string, ...argv: string[]): Promise<{ readonly line: string; readonly pid: number }>;
}

export async function openRig(options: {
  readonly rows: number;
  readonly seed: number;
  /** A tenant of one's own, and the file of rows; else both are made up. */
  readonly given?: { readonly tenant: TenantSeed; readonly csv: string };
  /** Of `retarget simulate`. */
  readonly flags: readonly string[];
  /** Settings of the worker. */
  readonly env: NodeJS.ProcessEnv;
  readonly redis: 'embedded' | 'tcp';
}): Promise<Rig> {
  const dir = await mkdtemp(join(tmpdir(), 'retarget-bench-'));
  const redis =
    options.redis === 'tcp'
      ? await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true })
      : undefined;
  const policies = Math.ceil(options.rows / ASSIGNMENTS_PER_POLICY);
  const file = join(dir, 'rows.csv');
  await writeFile(file, options.given?.csv ?? csv(policies, options.seed, options.rows));
  const tenantFile = join(dir, 'tenant.json');
  if (options.given !== undefined) await writeFile(tenantFile, JSON.stringify(options.given.tenant));

  const children: ChildProcess[] = [];
  const start = (
    program: string,
    argv: readonly string[],
    env: NodeJS.ProcessEnv,
    stderr: 'pipe' | 'ignore' = 'ignore',
  ): ChildProcess => {
    const child = spawn(process.execPath, [program, ...argv], { env, stdio: ['ignore', 'pipe', stderr] });
    children.push(child);
    // A contender that fails must not look like one that is slow.
    child.once('exit', (code) => {
      if (code) throw new Error(`${program} ended with ${code}`);
    });
    return child;
  };
  const simulator = start(
    RETARGET,
    [
      'simulate',
      ...(options.given === undefined
        ? [
            ...['--configurations', String(policies), '--compliance-policies', '0'],
            ...['--assignments-per-policy', String(ASSIGNMENTS_PER_POLICY), '--seed', String(options.seed)],
          ]
        : ['--tenant-file', tenantFile]),
      ...options.flags,
    ],
    withoutSettings(process.env),
  );
  const [url] = (await once(createInterface({ input: simulator.stdout ?? process.stdin }), 'line')) as [
    string,
  ];
  const env = {
    ...withoutSettings(process.env),
    ...options.env,
    ...(redis === undefined ? { RETARGET_DATA_DIR: join(dir, 'data') } : { REDIS_URL: redis.url }),
    RETARGET_GRAPH_URL: url,
    RETARGET_ACCESS_TOKEN: 'bench',
  };
  return {
    url,
    redisUrl: redis?.url,
    file,
    stats: async () => (await (await fetch(`${url}/stats`)).json()) as SimulatorStats,
    async configure(change) {
      await fetch(`${url}/simulator/configure`, {
        method: 'POST',
        body: JSON.stringify(change),
        headers: { 'content-type': 'application/json' },
      });
    },
    async retarget(...argv) {
      const child = start(RETARGET, argv, env);
      let out = '';
      child.stdout?.on('data', (piece) => (out += String(piece)));
      await once(child, 'close');
      return out.trim();
    },
    start: (program, argv) => start(program, argv, env),
    async told(text, ...argv) {
      const { stderr, pid = 0 } = start(RETARGET, argv, env, 'pipe');
      const lines = createInterface({ input: stderr ?? process.stdin });
      for await (const line of lines) if (line.includes(text)) return { line, pid };
      throw new Error(`${argv.join(' ')} ended without saying "${text}"`);
    },
    async [Symbol.asyncDispose]() {
      for (const child of children.reverse()) {
        if (child.exitCode === null && child.signalCode === null) {
          child.kill('SIGKILL');
          await once(child, 'exit');
        }
      }
      await redis?.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A checkout's own settings must not reach a measurement. */
const withoutSettings = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('RETARGET_') && name !== 'REDIS_URL'),
  );

/** A row for each assignment of the tenant that `simulate` makes up with the same numbers. */
function csv(configurations: number, seed: number, rows: number): string {
  const lines = ['policyType,policyId,via,assignmentId,targetType,groupId,filterType'];
  const tenant = generateTenant({
    configurations,
    compliancePolicies: 0,
    assignmentsPerPolicy: ASSIGNMENTS_PER_POLICY,
    seed,
    nested: true,
  });
  for (const policy of tenant.policies) {
    for (const { id } of policy.assignments) {
      const group = `00000000-0000-4000-8000-${String(lines.length).padStart(12, '0')}`;
      if (lines.length <= rows)
        lines.push([policy.type, policy.id, policy.via ?? '', id, 'group', group, 'none'].join(','));
    }
  }
  return `${lines.join('\n')}\n`;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Keeps the process alive while it waits for servers that do not. */
export async function whileAlive(work: () => Promise<void>): Promise<void> {
  const alive = setInterval(() => undefined, 60_000);
  await work();
  clearInterval(alive);
}
