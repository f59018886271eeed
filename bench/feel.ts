/**
 * How long a person waits at a terminal, and how many requests that takes of the tenant: one tenant as large ones are, behind a network
 * as it is. Asserts nothing. Needs `script`, of util-linux, for the terminal.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { generateTenant } from '../src/simulator/generateTenant.ts';
import { startSimulator } from '../src/simulator/simulator.ts';
import { startRedisServer } from '../test/support/redisServer.ts';
import { RETARGET, whileAlive } from './rig.ts';

const { values } = parseArgs({
  options: {
    /** The built command: another one than this checkout's, to be held against it. */
    main: { type: 'string', default: RETARGET },
    policies: { type: 'string', default: '3000' },
    only: { type: 'string' },
  },
});
const POLICIES = Number(values.policies);
const [WINDOW_MS, LATENCY_MS, WRITES, REQUESTS] = [20_000, 150, 100, 1_000];
/** Files of this field move thousands of policies to a few groups. */
const GROUPS = 10;
const ANY_SIZE = ['--max-changes', 'off', '--max-changes-percent', 'off'];

/** The groups of a tenant are shared by its policies, and a policy has each once. */
const groupAt = (place: number, n: number): string =>
  `00000000-0000-4000-8000-${String((place + 1) * 1_000 + (n % GROUPS)).padStart(12, '0')}`;

const MADE_UP = generateTenant({
  configurations: Math.round((POLICIES * 2) / 3),
  compliancePolicies: POLICIES - Math.round((POLICIES * 2) / 3),
  ...{ assignmentsPerPolicy: 3, seed: 7, nested: false },
});
const TENANT = {
  ...MADE_UP,
  policies: MADE_UP.policies.map((policy, n) => ({
    ...policy,
    assignments: policy.assignments.map((each, place) => ({
      ...each,
      target: 'groupId' in each.target ? { ...each.target, groupId: groupAt(place, n) } : each.target,
    })),
  })),
};

/** A row for one assignment to a group of each policy that has one. */
function csv(rows: number): string {
  const lines = ['policyType,policyId,assignmentId,targetType,groupId'];
  for (const { type, id, assignments } of TENANT.policies) {
    const plain = assignments.find(
      (each) => each.target['@odata.type'] === '#microsoft.graph.groupAssignmentTarget',
    );
    if (plain === undefined || lines.length > rows) continue;
    lines.push([type, id, plain.id, 'group', groupAt(-1, lines.length)].join(','));
  }
  return `${lines.join('\n')}\n`;
}

interface Felt {
  readonly firstMs: number;
  readonly wholeMs: number;
  readonly exitCode: number | null;
  readonly requests: number;
  readonly calls: number;
  readonly shown: string;
}

await whileAlive(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'retarget-feel-'));
  await using simulator = await startSimulator({
    ...{ tenant: TENANT, latencyMs: LATENCY_MS, windowMs: WINDOW_MS },
    ...{ writeLimit: WRITES, requestLimit: REQUESTS },
  });
  const redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('RETARGET_'))),
    ...{ REDIS_URL: redis.url, RETARGET_DATA_DIR: join(dir, 'data'), RETARGET_GRAPH_URL: simulator.url },
    ...{ RETARGET_ACCESS_TOKEN: 'bench', TERM: 'xterm' },
  };
  const felt = async (argv: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Felt> => {
    const before = requestsOf(simulator.stats());
    const startedAt = performance.now();
    const command = [process.execPath, values.main, ...argv].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
      env: { ...env, ...more },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let [firstMs, shown] = [0, ''];
    child.stdout.on('data', (piece) => {
      firstMs ||= performance.now() - startedAt;
      shown += String(piece);
    });
    const [exitCode] = (await once(child, 'close')) as [number | null];
    const wholeMs = performance.now() - startedAt;
    const after = requestsOf(simulator.stats());
    return {
      ...{ firstMs, wholeMs, exitCode, shown, requests: after.requests - before.requests },
      calls: after.calls - before.calls,
    };
  };
  const isWanted = (name: string): boolean => values.only === undefined || name.includes(values.only);
  const row = async (name: string, argv: readonly string[]): Promise<void> => {
    const { firstMs, wholeMs, requests, calls, exitCode, shown } = await felt(argv);
    const cells = [name, seconds(firstMs), seconds(wholeMs), requests, calls];
    console.log(`| ${cells.join(' | ')} |`);
    if (exitCode !== 0) console.error(`${argv.join(' ')} ended with ${exitCode}:\n${shown.slice(-2_000)}`);
    // What counts against the limits is no matter of the next command.
    if (requests > 0) await sleep(WINDOW_MS + 1_000);
  };
  const file = async (rows: number): Promise<string> => {
    const path = join(dir, `rows-${rows}.csv`);
    await writeFile(path, csv(rows));
    return path;
  };
  const allow = async (path: string): Promise<string[]> => {
    const { shown } = await felt(['plan', path, ...ANY_SIZE]);
    const said = /add: (--allow \S+)/.exec(shown)?.[1];
    await sleep(WINDOW_MS + 1_000);
    return [...ANY_SIZE, ...(said?.split(' ') ?? [])];
  };
  try {
    console.log(`${POLICIES} policies × 3 assignments, latency ${LATENCY_MS} ms\n`);
    console.log('| command | first screen, s | prompt, s | requests | calls |');
    console.log('|---|---|---|---|---|');
    for (const command of ['--version', 'status'])
      if (isWanted(command)) await row(`\`${command}\``, [command]);
    const all = await file(POLICIES);
    const [ofPlan, ofRollback] = [`\`plan\` of all`, '`rollback --dry-run` of all'];
    const allowed = isWanted(ofPlan) || isWanted(ofRollback) ? await allow(all) : [];
    if (isWanted(ofPlan)) await row(ofPlan, ['plan', all, ...allowed]);
    for (const rows of [1, 20, 100]) {
      const name = `\`apply\` of ${rows}`;
      if (!isWanted(name)) continue;
      const some = await file(rows);
      await row(name, ['apply', some, '--yes', ...(await allow(some))]);
    }
    if (isWanted(ofRollback)) {
      simulator.reconfigure({ writeLimit: null, requestLimit: null, latencyMs: 0 });
      const many = { RETARGET_WRITES_PER_WINDOW: '1000000' };
      const made = await felt(['apply', all, '--yes', ...allowed], many);
      if (made.exitCode !== 0) console.error(made.shown.slice(-2_000));
      simulator.reconfigure({ writeLimit: WRITES, requestLimit: REQUESTS, latencyMs: LATENCY_MS });
      await sleep(2 * WINDOW_MS);
      await row(ofRollback, ['rollback', '@last', '--dry-run']);
    }
  } finally {
    await redis.stop();
    await rm(dir, { recursive: true, force: true });
  }
});

function requestsOf({
  requests,
  envelopes,
  singles,
}: {
  requests: Record<string, number>;
  envelopes: number;
  singles: number;
}) {
  return {
    requests: Object.values(requests).reduce((sum, each) => sum + each, 0),
    calls: envelopes + singles,
  };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}
