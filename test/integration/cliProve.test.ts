import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import { startSimulator, type SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import type { EditInput } from '../../src/simulator/editSchema.ts';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { guid, withGuids } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

interface Told {
  readonly isAsPlanned: boolean;
  readonly inWords: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly knownFrom: string;
  readonly neverInPlan: number;
  readonly policies: Readonly<Record<string, readonly { readonly policyId: string }[]>>;
  readonly assignments: readonly Readonly<Record<string, unknown>>[];
}

const TENANT = generateTenant({
  ...{ configurations: 30, compliancePolicies: 10, assignmentsPerPolicy: 3, seed: 5, nested: false },
  ...{ policySetShare: 0, unknownTargetShare: 0, unknownPropertyShare: 0.1 },
});
const ASSIGNMENTS = TENANT.policies.reduce((sum, { assignments }) => sum + assignments.length, 0);
/** The first assignment of each of the first twenty policies is moved. */
const MOVED = TENANT.policies.slice(0, 20);
const CHANGES = csv(
  MOVED.map(({ type: policyType, id: policyId, assignments }, n) => ({
    ...{ policyType, policyId, assignmentId: assignments[0]?.id ?? '' },
    ...{ targetType: 'group', groupId: guid(`new-${n}`), filterType: 'none' },
  })),
);
const NO_FILTERS = CHANGES.replaceAll(',none', ',').replace(',filterType', ',note');
/** Policies that the file is not about. */
const [ALONE, DELETED] = TENANT.policies.slice(20) as [
  (typeof TENANT.policies)[number],
  (typeof TENANT.policies)[number],
];

interface Site extends Bench {
  readonly snapshot: string;
  readonly runId: string;
  prove(...argv: string[]): Promise<{ exitCode: number; told: Told; stderr: string }>;
}

async function site(options: SimulatorOptions = {}): Promise<Site> {
  const here = await bench(redis.url, { tenant: TENANT, ...options });
  const snapshot = join(here.dir, 'before.json');
  expect(await here.run(['snapshot', '-o', snapshot])).toMatchObject({ exitCode: 0 });
  const file = here.file('changes.csv', CHANGES);
  const applied = await here.run(['apply', file, '--yes', '--json', ...ALLOW_ALL]);
  expect(applied, applied.stderr).toMatchObject({ exitCode: options.refusals === undefined ? 0 : 1 });
  const { runId } = JSON.parse(applied.stdout) as { runId: string };
  return {
    ...{ ...here, snapshot, runId },
    async prove(...argv) {
      const { exitCode, stdout, stderr } = await here.run(['prove', runId, '--json', ...argv]);
      return { exitCode, stderr, told: JSON.parse(stdout || '{}') as Told };
    },
  };
}

const edit = (here: Bench, edits: readonly EditInput[]): void => here.simulator.edit(withGuids(edits));
const place = (policy: (typeof TENANT.policies)[number], n = 0) => ({
  ...{ type: policy.type, policyId: policy.id },
  assignmentId: policy.assignments[n]?.id ?? '',
});

describe('with a snapshot', () => {
  test('every assignment of the tenant is changed as planned or untouched', async () => {
    const here = await site();
    const { exitCode, told } = await here.prove('--snapshot', here.snapshot);
    expect(exitCode).toBe(0);
    expect(told).toMatchObject({ isAsPlanned: true, knownFrom: 'snapshot', neverInPlan: 0 });
    expect(told.counts).toEqual({
      ...{ planned: 20, others: 0, untouched: ASSIGNMENTS - 20, failed: 0, unknown: 0 },
    });
    expect(told.inWords).toBe(`20 changed as planned, 0 by others, ${ASSIGNMENTS - 20} untouched`);
  });

  test('what others have changed is named, with and without a row, and nothing counts twice', async () => {
    const here = await site();
    const [first] = MOVED;
    if (first === undefined) throw new Error('no policy');
    edit(here, [
      { do: 'change', ...place(first), target: groupTarget('elsewhere') },
      { do: 'remove', ...place(ALONE, 1) },
      { do: 'add', type: ALONE.type, policyId: ALONE.id, assignment: { id: 'D', target: groupTarget('d') } },
    ]);
    const { exitCode, told } = await here.prove('--snapshot', here.snapshot);
    expect(exitCode).toBe(1);
    expect(told.counts).toEqual({
      ...{ planned: 19, others: 3, untouched: ASSIGNMENTS - 21, failed: 0, unknown: 0 },
    });
    const others = told.assignments.filter(({ proof }) => proof === 'others');
    expect(others.map(({ row, policyId }) => [row ?? null, policyId])).toEqual(
      expect.arrayContaining([
        [2, first.id],
        [null, ALONE.id],
      ]),
    );
    const shown = await here.run(['prove', here.runId, '--snapshot', here.snapshot]);
    expect(shown.exitCode).toBe(1);
    expect(shown.stdout).toContain('by others');
    expect(shown.stderr).toContain(`19 changed as planned, 3 by others, ${ASSIGNMENTS - 21} untouched.`);
  });

  test('what a later run has changed is by others, and that run is named', async () => {
    const here = await site();
    const [first, second, third] = MOVED;
    if (!first || !second || !third) throw new Error('no policies');
    const row = ({ type: policyType, id: policyId, assignments }: typeof first) => ({
      ...{ policyType, policyId, assignmentId: assignments[0]?.id ?? '' },
      ...{ targetType: 'group', groupId: guid('later'), filterType: 'none' },
    });
    const file = here.file('later.csv', csv([row(first), row(second)]));
    const applied = await here.run(['apply', file, '--yes', '--json', ...ALLOW_ALL]);
    const { runId: later } = JSON.parse(applied.stdout) as { runId: string };
    edit(here, [{ do: 'change', ...place(third), target: groupTarget('elsewhere') }]);
    const { exitCode, told } = await here.prove('--snapshot', here.snapshot);
    expect(exitCode).toBe(1);
    expect(told.counts).toMatchObject({ planned: 17, others: 3, failed: 0 });
    const byOthers = told.assignments.filter(({ proof }) => proof === 'others');
    expect(new Map(byOthers.map(({ policyId, laterRun }) => [policyId, laterRun]))).toEqual(
      new Map([
        [first.id, later],
        [second.id, later],
        [third.id, undefined],
      ]),
    );
    const shown = await here.run(['prove', here.runId]);
    expect(shown.stderr).toContain(`Of what others have changed, later runs did 2 by run ${later}.`);
    expect(shown.stdout).toContain(`then ${later}`);
  });

  test('a file has each assignment, or those that are asked for', async () => {
    const here = await site();
    const output = join(here.dir, 'proof.csv');
    const all = await here.run(['prove', '@last', '--snapshot', here.snapshot, '-o', output]);
    expect(all).toMatchObject({ exitCode: 0, stdout: '' });
    expect(all.stderr).toContain(`Wrote ${ASSIGNMENTS} assignments to `);
    const planned = await here.run(['prove', '@last', '--list', 'planned', '--format', 'csv']);
    expect(planned.stdout.trimEnd().split('\n')).toHaveLength(21);
    expect(planned.stdout).toMatch(/^proof,policyType,policyId,policyName/);
  });

  test('a run that was taken back is as before, and what its rollback left is told', async () => {
    const here = await site();
    const [first] = MOVED;
    if (first === undefined) throw new Error('no policy');
    const where = `policyId!=${first.id}`;
    const back = await here.run(['rollback', here.runId, '--where', where, '--yes', '--work']);
    expect(back, back.stderr).toMatchObject({ exitCode: 0 });
    const part = await here.prove('--snapshot', here.snapshot);
    expect(part).toMatchObject({ exitCode: 0 });
    expect(part.told.inWords).toBe(
      `1 changed as planned, 19 as before again, 0 by others, ${ASSIGNMENTS - 20} untouched`,
    );
    expect(await here.run(['rollback', here.runId, '--yes', '--work'])).toMatchObject({ exitCode: 0 });
    const whole = await here.prove('--snapshot', here.snapshot);
    expect(whole.told.inWords).toBe(`20 as before again, 0 by others, ${ASSIGNMENTS - 20} untouched`);
    // Taken back and brought again: what the run wanted counts.
    expect(await here.run(['rollback', '@last', '--yes', '--work'])).toMatchObject({ exitCode: 0 });
    const again = await here.prove('--snapshot', here.snapshot);
    expect(again.told.counts).toMatchObject({ planned: 20, others: 0, failed: 0 });
  });

  test('rows that failed are not as planned', async () => {
    const policyId = MOVED[3]?.id ?? '';
    const here = await site({
      refusals: [{ policyId, status: 400, code: 'BadRequest', message: 'Not this one.' }],
    });
    const { exitCode, told } = await here.prove('--snapshot', here.snapshot);
    expect(exitCode).toBe(1);
    expect(told.counts).toMatchObject({ planned: 19, failed: 1, others: 0 });
  });

  test('one of another tenant, or one that was taken later, is refused', async () => {
    const here = await site();
    const later = join(here.dir, 'later.json');
    expect(await here.run(['snapshot', '-o', later])).toMatchObject({ exitCode: 0 });
    const refused = await here.run(['prove', here.runId, '--snapshot', later]);
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain('it does not show what was there before');
  });
});

describe('without a snapshot', () => {
  test('the lists of the plan are known, and no more is claimed', async () => {
    const here = await site();
    edit(here, [
      { do: 'remove', ...place(MOVED[1] as never, 1) },
      { do: 'remove', ...place(ALONE, 1) },
    ]);
    const { exitCode, told } = await here.prove();
    expect(exitCode).toBe(1);
    const inPlan = MOVED.reduce((sum, { assignments }) => sum + assignments.length, 0);
    expect(told.counts).toEqual({
      ...{ planned: 20, others: 1, untouched: inPlan - 21, failed: 0, unknown: ASSIGNMENTS - inPlan - 1 },
    });
    expect(told.neverInPlan).toBe(TENANT.policies.length - MOVED.length);
    const shown = await here.run(['prove', here.runId]);
    expect(shown.stderr).toContain('they were never in its plan');
    expect(shown.stderr).toContain('retarget snapshot -o before.json');
  });

  test('and without the plan the fingerprints of its lists do', async () => {
    const here = await site();
    const plans = join(here.dir, 'data', 'plans');
    for (const name of readdirSync(plans)) rmSync(join(plans, name));
    const same = await here.prove();
    expect(same).toMatchObject({ exitCode: 0 });
    const inPlan = MOVED.reduce((sum, { assignments }) => sum + assignments.length, 0);
    expect(same.told.counts).toMatchObject({ planned: 20, others: 0, untouched: inPlan - 20, failed: 0 });
    edit(here, [{ do: 'remove', ...place(MOVED[1] as never, 1) }]);
    const { told } = await here.prove();
    const doubtful = (MOVED[1]?.assignments.length ?? 0) - 2;
    expect(told.counts).toMatchObject({ planned: 20, untouched: inPlan - 20 - doubtful - 1 });
  });
});

test('policies that are deleted or made since are named', async () => {
  const here = await site();
  const young = { ...ALONE, id: 'young', displayName: 'Made since', assignments: [] };
  const policies = here.simulator.snapshot().policies.filter(({ id }) => id !== DELETED.id);
  await here.simulator.close();
  const later = await startSimulator({
    ...{ port: here.simulator.port, writeLimit: null, requestLimit: null },
    tenant: { ...TENANT, policies: [...policies, young] },
  });
  onTestFinished(() => later.close());
  const ran = await here.run(['prove', here.runId, '--snapshot', here.snapshot, '--json']);
  expect(ran.exitCode, ran.stderr).toBe(1);
  const told = JSON.parse(ran.stdout) as Told;
  expect(told.policies['deleted']?.map(({ policyId }) => policyId)).toEqual([DELETED.id]);
  expect(told.policies['new']?.map(({ policyId }) => policyId)).toEqual(['young']);
  expect(told.counts).toMatchObject({ planned: 20, others: DELETED.assignments.length });
});

test('a kind that can be read no more is named, and nothing of it is called untouched', async () => {
  const here = await site();
  here.simulator.reconfigure({ kindsRefused: ['deviceCompliancePolicy'] });
  const { exitCode, told, stderr } = await here.prove('--snapshot', here.snapshot);
  expect(exitCode, stderr).toBe(1);
  const hidden = TENANT.policies.filter(({ type }) => type === 'deviceCompliancePolicy');
  const entries = hidden.reduce((sum, { assignments }) => sum + assignments.length, 0);
  expect(told.isAsPlanned).toBe(false);
  expect(told.counts).toMatchObject({ planned: 20, others: 0, unknown: entries });
  expect(told.policies['notRead']).toHaveLength(hidden.length);
  const shown = await here.run(['prove', here.runId, '--snapshot', here.snapshot]);
  expect(shown.stderr).toMatch(/^Not proven: .*deviceCompliancePolicy/m);
});

test('lists behind policies, and kinds that are written otherwise, are proven as well', async () => {
  const tenant: TenantSeed = {
    policies: [
      {
        ...{ id: 'wifi', type: 'deviceConfiguration', via: 'rootCertificate' },
        assignments: [{ id: 'r1', target: groupTarget(guid('g1')) }],
      },
      {
        ...{ id: 'pilot', type: 'windowsAutopilotDeploymentProfile' },
        assignments: [
          { id: `pilot_${guid('g1')}_0`, target: groupTarget(guid('g1')) },
          { id: `pilot_${guid('g2')}_0`, target: groupTarget(guid('g2')) },
        ],
      },
      {
        ...{ id: 'script', type: 'deviceHealthScript' },
        assignments: [
          { id: 's1', target: groupTarget(guid('g1')) },
          { id: 's2', target: groupTarget(guid('g3')) },
        ],
      },
    ],
  };
  const here = await bench(redis.url, { tenant });
  const blank = { via: '', assignmentId: '', fromTargetType: '', fromGroupId: '', targetType: 'group' };
  const [health, pilot, wifi] = [
    'deviceHealthScript',
    'windowsAutopilotDeploymentProfile',
    'deviceConfiguration',
  ];
  const from = { fromTargetType: 'group', fromGroupId: guid('g1') };
  const rows = [
    {
      ...blank,
      policyType: wifi,
      policyId: 'wifi',
      via: 'rootCertificate',
      assignmentId: 'r1',
      groupId: guid('g7'),
    },
    { ...blank, policyType: pilot, policyId: 'pilot', ...from, groupId: guid('g8') },
    { ...blank, policyType: health, policyId: 'script', ...from, groupId: guid('g9') },
  ];
  const applied = await here.run(['apply', here.file('c.csv', csv(rows)), '--yes', ...ALLOW_ALL]);
  expect(applied, applied.stderr).toMatchObject({ exitCode: 0 });
  const proven = await here.run(['prove', '@last', '--json']);
  expect(proven.exitCode, proven.stderr).toBe(0);
  expect((JSON.parse(proven.stdout) as Told).counts).toEqual({
    ...{ planned: 3, others: 0, untouched: 2, failed: 0, unknown: 0 },
  });
});

test.each([
  [
    'through v1.0, which shows no filters',
    NO_FILTERS,
    ['apply', '--api-version', 'v1.0', '--yes', ...ALLOW_ALL],
  ],
  ['without a plan', CHANGES, ['apply', '--blind', '--yes', '--allow', 'no-undo']],
])('a run that was written %s is proven as far as it can be', async (_, changes, [command = '', ...argv]) => {
  const here = await bench(redis.url, { tenant: TENANT });
  const file = here.file('changes.csv', changes);
  const applied = await here.run([command, file, ...argv]);
  expect(applied, applied.stderr).toMatchObject({ exitCode: 0 });
  const proven = await here.run(['prove', '@last', '--json']);
  expect(proven.exitCode, proven.stderr).toBe(0);
  const { counts } = JSON.parse(proven.stdout) as Told;
  expect(counts).toMatchObject({ planned: 20, others: 0, failed: 0 });
  expect(Object.values(counts).reduce((sum, n) => sum + n)).toBe(ASSIGNMENTS);
});

test('a run that has not ended is not proven', async () => {
  const here = await bench(redis.url, { tenant: TENANT });
  const file = here.file('changes.csv', CHANGES);
  const submitted = await here.run(['submit', file, ...ALLOW_ALL]);
  expect(submitted, submitted.stderr).toMatchObject({ exitCode: 0 });
  const proven = await here.run(['prove', '@last']);
  expect(proven).toMatchObject({ exitCode: 3, stdout: '' });
  expect(proven.stderr).toContain('has not ended');
});
