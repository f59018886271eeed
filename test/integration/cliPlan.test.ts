import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SeedPolicy } from '../../src/simulator/tenantFile.ts';
import { bench, csv, type Bench } from '../support/cli.ts';
import { guid, named } from '../support/guid.ts';
import { ANY_SIZE, plannedTenant, type PlannedTenant } from '../support/plannedTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const ALL_DEVICES = { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' };
const runs = async (here: Bench): Promise<unknown> =>
  JSON.parse((await here.run(['status', '--json'])).stdout) as unknown;
const plansKept = (here: Bench): string[] => {
  try {
    return readdirSync(join(here.dir, 'data', 'plans'));
  } catch {
    return [];
  }
};
const linesOf = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');

/** Every way a row may fare: two ways to change, already so, gone, owned by a policy set, repeated. */
const VARIED: readonly SeedPolicy[] = [
  {
    ...{ id: 'c1', type: 'deviceConfiguration', displayName: 'Wi-Fi \u001b[31m' },
    assignments: [
      { id: 'a1', target: groupTarget('g1') },
      { id: 'a2', target: groupTarget('g2') },
      { id: 'a3', target: groupTarget('g3') },
      { id: 'set', target: groupTarget('g4'), source: 'policySets', sourceId: 's1' },
    ],
  },
  {
    ...{ id: 'p1', type: 'deviceCompliancePolicy', displayName: 'PIN' },
    assignments: [{ id: 'b1', target: ALL_DEVICES }],
  },
];
const row = (policyId: string, assignmentId: string, groupId: string) => ({
  policyType: policyId.startsWith('c') ? 'deviceConfiguration' : 'deviceCompliancePolicy',
  ...{ policyId, assignmentId, targetType: 'group', groupId },
});
const VARIED_ROWS = csv([
  row('c1', 'a1', 'new-1'),
  row('c1', 'a2', 'new-2'),
  row('c1', 'a3', 'g3'),
  row('c1', 'set', 'new-4'),
  row('c1', 'gone', 'new-5'),
  row('p1', 'b1', 'new-6'),
  row('p1', 'b1', 'new-6'),
]);

describe('a plan', () => {
  test('shows what would change, by kind and type, what would not and why, the first rows and the least time', async () => {
    const here = await bench(
      redis.url,
      { tenant: { policies: [...VARIED] } },
      { RETARGET_WRITES_PER_WINDOW: '2', RETARGET_WINDOW_MS: '20000' },
    );
    const file = here.file('x.csv', VARIED_ROWS);
    const allow = ['--allow', 'narrowed=1,gone=1,cuts-off=1'];
    const { exitCode, stderr, stdout } = await here.run(['plan', file, ...ANY_SIZE, ...allow]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    for (const line of [
      /^3 rows to write \(3 writes, at least 20 s\), 1 already so, 1 gone, 1 of a policy set, 1 repeated\.$/m,
      /^ +1 row fails: PolicySetOwned: .*: line 5$/m,
      /^ +2 {2}group → group {2}\(configurations\)$/m,
      /^ +1 {2}allDevices → group {2}\(compliance policies\)$/m,
      /^ +line +policy +before +after$/m,
      /^ +7 +PIN +all devices +group new-6$/m,
      /^ +narrowed=1 \(allowed\) +all devices → group new-6: line 7$/m,
      /^ +cuts-off=1 \(allowed\) +compliance 1: line 7$/m,
      /^ +gone=1 \(allowed\) /m,
    ])
      expect(stderr).toMatch(line);
    expect(stderr).not.toContain('\u001b');
    expect(here.simulator.stats().writesArrived).toBe(0);
    expect(await runs(here)).toEqual([]);
  });

  test('is data for programs with --json', async () => {
    const here = await bench(redis.url, { tenant: { policies: [...VARIED] } });
    const ran = await here.run(['plan', here.file('x.csv', VARIED_ROWS), '--json', ...ANY_SIZE]);
    expect(ran.exitCode).toBe(3);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      ...{
        rows: 7,
        writes: 3,
        alreadySo: 1,
        duplicates: 1,
        gone: 1,
        policySet: 1,
        unreadable: 0,
        refused: 2,
      },
      tenant: here.env['AZURE_TENANT_ID'],
      graphUrl: here.simulator.url,
      source: { name: join(here.dir, 'x.csv'), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      writesByType: { deviceConfiguration: 2, deviceCompliancePolicy: 1 },
      changes: [
        { policyType: 'deviceConfiguration', from: 'group', to: 'group', filter: 'none', rows: 2 },
        { policyType: 'deviceCompliancePolicy', from: 'allDevices', to: 'group', filter: 'none', rows: 1 },
      ],
      firstRows: [
        { line: 2, before: 'group g1', after: 'group new-1' },
        { line: 3, before: 'group g2', after: 'group new-2' },
        { line: 7, policy: 'PIN', before: 'all devices', after: 'group new-6' },
      ],
      guard: { 'cuts-off': 1, narrowed: 1, gone: 1 },
      findings: [
        { kind: 'cuts-off', count: 1, rows: [{ line: 7, policy: 'PIN' }] },
        { kind: 'narrowed', count: 1, rows: [{ line: 7, policy: 'PIN' }] },
        { kind: 'gone', count: 1, rows: [{ line: 6 }] },
      ],
      // Beside the ids, which stay whole.
      names: { 'new-6': 'Group new-6' },
      refusedRows: [
        { line: 5, code: 'PolicySetOwned', isFound: false },
        { line: 6, code: 'AssignmentGone', isFound: true },
      ],
      blocked: [
        { kind: 'cuts-off', found: 1, allowed: 0 },
        { kind: 'narrowed', found: 1, allowed: 0 },
        { kind: 'gone', found: 1, allowed: 0 },
      ],
      ...{ tenantRead: true, offline: false, secondsAtLeast: 0, leftOut: 0 },
    });
  });

  test('is shown again as it was saved, guard and all, by who applies or submits it', async () => {
    const here = await bench(redis.url, { tenant: { policies: [...VARIED] } });
    const plan = join(here.dir, 'plan.ndjson');
    const saved = await here.run(['plan', here.file('x.csv', VARIED_ROWS), ...ANY_SIZE, '-o', plan]);
    expect(saved.exitCode).toBe(3);
    expect(saved.stderr).toContain(`Plan written to ${plan}.`);
    for (const argv of [
      ['apply', plan, '--yes'],
      ['submit', plan],
    ]) {
      const refused = await here.run(argv);
      expect(refused).toMatchObject({ exitCode: 3, stdout: '' });
      expect(refused.stderr).toMatch(/^ +narrowed=1 +all devices → group new-6: line 7$/m);
      expect(refused.stderr).toMatch(/^ +7 +PIN +all devices +group new-6$/m);
    }
    expect(await runs(here)).toEqual([]);
    const applied = await here.run([
      'apply',
      plan,
      '--yes',
      '--json',
      '--allow',
      'narrowed=1,gone=1,cuts-off=1',
    ]);
    expect(applied.exitCode, applied.stderr).toBe(1);
    expect(JSON.parse(applied.stdout)).toMatchObject({ succeeded: 3, skipped: 2, failed: 2 });
    const results = await here.run(['results', '@last', '--format', 'json']);
    expect(JSON.parse(results.stdout)).toMatchObject([
      { row: 2, status: 'succeeded', before: { target: { groupId: 'g1' } } },
      { row: 3, status: 'succeeded' },
      { row: 4, status: 'skipped' },
      { row: 5, status: 'failed', errorCode: 'PolicySetOwned' },
      { row: 6, status: 'failed', errorCode: 'AssignmentGone' },
      { row: 7, status: 'succeeded' },
      { row: 8, status: 'skipped', errorCode: 'DuplicateRow' },
    ]);
  });

  test('without reading the tenant says so, and is taken only by who goes without an undo', async () => {
    const here = await plannedTenant(redis.url, 2);
    const refused = await here.run(['apply', here.changes, '--yes', '--offline', ...ANY_SIZE]);
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain('Nothing was read (--offline)');
    expect(refused.stderr).toContain('add: --allow no-undo');
    expect(here.simulator.stats().envelopes).toBe(0);
    expect(await runs(here)).toEqual([]);
    const plan = join(here.dir, 'plan.ndjson');
    const planned = await here.run(['plan', here.changes, '--offline', '--allow', 'no-undo', '-o', plan]);
    expect(planned.exitCode).toBe(0);
    expect(here.simulator.stats().envelopes).toBe(0);
    expect(
      linesOf(plan)
        .slice(1, -1)
        .map((line) => JSON.parse(line).before),
    ).toEqual([...Array.from({ length: here.rows }, () => 'notRead')]);
    const applied = await here.run(['apply', plan, '--yes', '--allow', 'no-undo']);
    expect(applied.exitCode).toBe(0);
    expect(here.groups()).toEqual(['new-0', 'new-1', 'new-2', 'new-3']);
  });

  test('without reading tells what is refused in any case, which then stops no run', async () => {
    const books = ['b1', 'b2'].map((id) => ({ id, type: 'managedEBook' as const, assignments: [] }));
    const here = await bench(redis.url, { tenant: { policies: [...VARIED, ...books] } });
    const bookRows = books.map(({ id: policyId, type: policyType }) => ({
      ...{ policyType, policyId, assignmentId: '', action: 'add', targetType: 'group', groupId: 'new-1' },
    }));
    const file = here.file('x.csv', csv([...bookRows, { ...row('c1', 'a1', 'new-1'), action: 'set' }]));
    const terms = ['--offline', '--allow', 'no-undo', '--max-failures', '1', ...ANY_SIZE];
    const applied = await here.run(['apply', file, '--yes', ...terms]);
    expect(applied.exitCode, applied.stderr).toBe(1);
    const status = JSON.parse((await here.run(['status', '@last', '--json'])).stdout);
    expect(status).toMatchObject({ state: 'completed', failed: 2, succeeded: 1 });
  });
});

describe('a saved plan', () => {
  test('goes into a directory that is there: a wrong path is bad input, and none is made', async () => {
    const here = await plannedTenant(redis.url, 1);
    const nowhere = await here.run(['plan', here.changes, '-o', join(here.dir, 'no', 'such', 'plan.ndjson')]);
    expect(nowhere).toMatchObject({ exitCode: 2, stdout: '' });
    expect(nowhere.stderr).toContain("The plan can't be written to");
    expect(nowhere.stderr).toContain('Give -o or --plan-dir a directory');
    expect(existsSync(join(here.dir, 'no'))).toBe(false);
  });

  const planOf = async (here: PlannedTenant): Promise<string> => {
    const plan = join(here.dir, 'plan.ndjson');
    expect((await here.run(['plan', here.changes, ...ANY_SIZE, '-o', plan])).exitCode).toBe(0);
    return plan;
  };

  test('is known as one by its first line, and is for its owner only', async () => {
    const here = await plannedTenant(redis.url, 2);
    const plan = await planOf(here);
    expect(statSync(plan).mode & 0o777).toBe(0o600);
    const [first = '', ...rest] = linesOf(plan);
    expect(JSON.parse(first)).toMatchObject({
      ...{ kind: 'plan', format: 2, tenant: here.env['AZURE_TENANT_ID'], graphUrl: here.simulator.url },
      ...{ strategy: 'patch', rows: here.rows, blind: false, offline: false },
      source: { name: here.changes },
    });
    expect(JSON.parse(rest.at(-1) ?? '')).toMatchObject({ kind: 'end', rows: 4, writes: 4, findings: {} });
    const renamed = here.file('plan.csv', readFileSync(plan, 'utf8'));
    expect((await here.run(['apply', renamed, '--yes'])).exitCode).toBe(0);
    expect(here.groups()).toEqual(['new-0', 'new-1', 'new-2', 'new-3']);
  });

  test.each([
    ['of another tenant', ['--tenant', 'another'], (text: string) => text, 'is for tenant'],
    ['cut short', [], (text: string) => text.trimEnd().slice(0, text.trimEnd().lastIndexOf('\n') + 1), ':5:'],
    ['short of a row', [], (text: string) => text.replace(/\n\{"line":3.*/, ''), ':5:'],
    ['with half a line', [], (text: string) => text.replace(/(\n\{"line":3).*/, '$1'), ':3:'],
    [
      'with an unknown column',
      [],
      (text: string) => text.replaceAll(`"groupId":"${guid('new-0')}"`, '"groupsId":"x"'),
      ':2:',
    ],
    [
      'with a row that is none any more',
      [],
      (text: string) =>
        text.replace(`"targetType":"group","groupId":"${guid('new-1')}"`, '"targetType":"group"'),
      ':3:',
    ],
  ] as const)('that is %s is refused with 2, and nothing is queued', async (_what, more, spoil, told) => {
    const here = await plannedTenant(redis.url, 2);
    const plan = await planOf(here);
    const whole = readFileSync(plan, 'utf8');
    writeFileSync(plan, spoil(whole));
    if (more.length === 0) expect(spoil(whole)).not.toBe(whole);
    for (const command of ['apply', 'submit']) {
      const ran = await here.run([command, plan, ...(command === 'apply' ? ['--yes'] : []), ...more]);
      expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
      expect(ran.stderr).toContain(told);
    }
    expect(await runs(here)).toEqual([]);
    expect(plansKept(here)).toEqual([]);
    expect(here.simulator.stats().writesArrived).toBe(0);
  });

  test.each([
    [['--strategy', 'assign'], 'this one is patch: --strategy assign'],
    [['--api-version', 'v1.0'], 'this one is beta: --api-version v1.0'],
    [['--input-format', 'csv'], 'this one is ndjson: --input-format csv'],
    [['--offline'], 'this one is not offline: --offline'],
    [['--blind'], 'this one is not blind: --blind'],
  ])('takes nothing that says otherwise: %s', async (flags, told) => {
    const here = await plannedTenant(redis.url, 2);
    const plan = await planOf(here);
    for (const argv of [
      ['apply', plan, '--yes'],
      ['submit', plan],
      ['plan', plan],
    ]) {
      const ran = await here.run([...argv, ...flags]);
      expect(ran, ran.stderr).toMatchObject({ exitCode: 2, stdout: '' });
      expect(ran.stderr).toContain(told);
      expect(ran.stderr).toContain(`Leave ${flags[0]} out`);
    }
    expect(await runs(here)).toEqual([]);
    expect(here.simulator.stats().writesArrived).toBe(0);
  });

  test('takes what says the same', async () => {
    const here = await plannedTenant(redis.url, 2);
    const same = ['--strategy', 'Assign', '--api-version', 'beta', '--input-format', 'ndjson'];
    const plan = join(here.dir, 'plan.ndjson');
    await here.run(['plan', here.changes, ...ANY_SIZE, '-o', plan, '--strategy', 'assign']);
    const ran = await here.run(['apply', plan, '--yes', ...same]);
    expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
    expect((await here.run(['rollback', '@last', '--dry-run', '--api-version', 'v1.0'])).exitCode).toBe(2);
  });

  test('of another Graph is refused with the root that it is for', async () => {
    const here = await plannedTenant(redis.url, 2);
    const plan = await planOf(here);
    const other = here.file(
      'other.ndjson',
      readFileSync(plan, 'utf8').replace(here.simulator.url, 'https://graph.example'),
    );
    const ran = await here.run(['apply', other, '--yes']);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('Give --graph-url https://graph.example.');
    expect(await runs(here)).toEqual([]);
  });

  test('takes no flag that would make another plan of it', async () => {
    const here = await plannedTenant(redis.url, 2);
    const plan = await planOf(here);
    for (const flag of ['--blind', '--skip-invalid']) {
      const ran = await here.run(['apply', plan, '--yes', flag]);
      expect(ran.exitCode).toBe(2);
      expect(ran.stderr).toContain(`Leave ${flag} out`);
    }
  });
});

describe('the plan of a run', () => {
  test('is kept in the data directory, for its owner only, and is the plan that was shown', async () => {
    const here = await plannedTenant(redis.url, 2);
    expect((await here.run(['apply', here.changes, '--yes', ...ANY_SIZE])).exitCode).toBe(0);
    const { runId } = await here.status();
    expect(plansKept(here)).toEqual([`${runId}.ndjson`]);
    const path = join(here.dir, 'data', 'plans', `${runId}.ndjson`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const befores = linesOf(path)
      .slice(1, -1)
      .flatMap((line) => JSON.parse(line).assignments ?? [])
      .map(({ target }) => named(target.groupId));
    expect(befores).toEqual(['old-0-0', 'old-0-1', 'old-1-0', 'old-1-1']);
  });

  test('goes with its run: when a new one comes, old plans are deleted whose runs are not in the record', async () => {
    const here = await plannedTenant(redis.url, 2);
    await here.run(['apply', here.changes, '--yes', ...ANY_SIZE]);
    const [first = ''] = plansKept(here);
    const plans = join(here.dir, 'data', 'plans');
    const gone = '20200101-000000-gone.ndjson';
    copyFileSync(join(plans, first), join(plans, gone));
    const old = new Date(Date.now() - 40 * 86_400_000);
    for (const name of [first, gone]) utimesSync(join(plans, name), old, old);
    await here.run(['rollback', '@last', '--yes']);
    expect(plansKept(here)).toHaveLength(2);
    expect(plansKept(here)).toContain(first);
  });

  test('is kept also when it came as a file, and where --plan-dir says', async () => {
    const here = await plannedTenant(redis.url, 2);
    const plan = join(here.dir, 'plan.ndjson');
    await here.run(['plan', here.changes, ...ANY_SIZE, '-o', plan]);
    const submitted = await here.run(['submit', plan, '--plan-dir', 'kept']);
    const kept = join(here.dir, 'kept', `${submitted.stdout.trim()}.ndjson`);
    expect(readFileSync(kept, 'utf8')).toBe(readFileSync(plan, 'utf8'));
    expect(plansKept(here)).toEqual([]);
  });

  test('paths that the shell leaves with a ~, as after =, are of the home directory', async () => {
    const here = await plannedTenant(redis.url, 2);
    await here.run(['plan', here.changes, ...ANY_SIZE, '-o~/plan.ndjson']);
    const submitted = await here.run(['submit', '~/plan.ndjson', '--plan-dir=~/kept']);
    const runId = submitted.stdout.trim();
    await here.run(['results', runId, '--output=~/results.csv']);
    const made = ['plan.ndjson', 'results.csv', join('kept', `${runId}.ndjson`)];
    expect(made.filter((path) => !existsSync(join(here.env['HOME'] ?? '', path)))).toEqual([]);
  });

  test.each([
    ['stopped by the guard', ['--yes'], 3, undefined],
    ['declined', ANY_SIZE, 3, 'no\n'],
  ] as const)('is not kept when it is %s', async (_what, flags, exitCode, stdin) => {
    const here = await plannedTenant(redis.url, 2);
    const terminal = stdin === undefined ? {} : { isTerminal: true, stdin };
    expect((await here.run(['apply', here.changes, ...flags], terminal)).exitCode).toBe(exitCode);
    expect(plansKept(here)).toEqual([]);
    expect(await runs(here)).toEqual([]);
  });

  test('that can not be kept stops the run before it is one', async () => {
    const here = await plannedTenant(redis.url, 2);
    const planDir = here.file('no-directory', '');
    const ran = await here.run(['apply', here.changes, '--yes', '--plan-dir', planDir, ...ANY_SIZE]);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('nothing was queued');
    expect(await runs(here)).toEqual([]);
  });
});
