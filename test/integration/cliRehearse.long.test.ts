import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { guid } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

interface Told {
  readonly isRunProven: boolean;
  readonly isUndoProven: boolean;
  readonly different: number;
  readonly twin: { readonly policies: number; readonly unlike: number };
  readonly killed: { readonly ended: number; readonly inFlight: number } | null;
  readonly run: Readonly<Record<string, unknown>>;
  readonly undo: Readonly<Record<string, unknown>> | null;
  readonly proof: { readonly counts: Readonly<Record<string, number>> };
  readonly undoProof: { readonly counts: Readonly<Record<string, number>> };
  readonly decisions: Readonly<Record<string, number>>;
}

/** With the settings of a tenant that must not be reached: whoever wrote to it would be counted. */
async function rehearsed(here: Bench, ...argv: string[]) {
  const arrived = here.simulator.stats().writesArrived;
  const reads = here.simulator.stats().envelopes + here.simulator.stats().singles;
  const ran = await here.run(['rehearse', 'plan.ndjson', '--json', ...argv], {
    env: { TMPDIR: here.dir },
  });
  expect(here.simulator.stats().writesArrived).toBe(arrived);
  expect(here.simulator.stats().envelopes + here.simulator.stats().singles).toBe(reads);
  expect(readdirSync(here.dir).filter((name) => name.startsWith('retarget-rehearsal-'))).toEqual([]);
  return { ...ran, told: JSON.parse(ran.stdout || '{}') as Told };
}

async function planned(here: Bench, rows: Record<string, string>[], ...argv: string[]): Promise<void> {
  const file = here.file('changes.csv', csv(rows));
  const plan = join(here.dir, 'plan.ndjson');
  const ran = await here.run(['plan', file, '-o', plan, ...argv]);
  expect(existsSync(plan), ran.stderr).toBe(true);
}

const moves = ({ policies }: TenantSeed): Record<string, string>[] =>
  policies.map(({ type: policyType, id: policyId, assignments }, n) => ({
    ...{ action: 'set', policyType, policyId, assignmentId: assignments[0]?.id ?? '' },
    ...{ targetType: 'group', groupId: guid(`new-${n}`) },
  }));

describe('a rehearsal', () => {
  const TENANT = generateTenant({
    ...{ configurations: 90, compliancePolicies: 30, assignmentsPerPolicy: 3, seed: 9, nested: true },
    ...{ policySetShare: 0, unknownTargetShare: 0.05, unknownPropertyShare: 0.1 },
  });
  // The fast pace of a bench is for others than this.
  const pace = { RETARGET_WRITES_PER_WINDOW: '100', RETARGET_WINDOW_MS: '4000' };

  test('proves a run with a worker killed in its middle, and its undo, and the tenant hears nothing of it', async () => {
    const here = await bench(redis.url, { tenant: TENANT }, pace);
    const own = TENANT.policies.filter(({ via = '' }) => via === '');
    await planned(here, moves({ policies: own }));
    const { told, exitCode, stderr } = await rehearsed(here, '-o', 'rehearsal.html');
    expect(exitCode, stderr).toBe(0);
    expect(told).toMatchObject({ isRunProven: true, isUndoProven: true, different: 0 });
    expect(told.twin).toMatchObject({ policies: own.length, unlike: 0 });
    expect(told.killed?.ended).toBeLessThan(own.length);
    expect(told.killed?.inFlight).toBeGreaterThan(0);
    expect(told.run).toMatchObject({ state: 'completed', succeeded: own.length, failed: 0 });
    expect(told.undo).toMatchObject({ state: 'completed', succeeded: own.length });
    expect(told.proof.counts).toMatchObject({ planned: own.length, others: 0, failed: 0, unknown: 0 });
    expect(told.undoProof.counts).toMatchObject({ planned: own.length, others: 0, failed: 0, unknown: 0 });
    const page = readFileSync(join(here.dir, 'rehearsal.html'), 'utf8');
    expect(page).toContain('its undo brings everything back');
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);

    // The tenant itself comes to the same, by the same proof.
    const applied = await here.run(['apply', 'plan.ndjson', '--yes', ...ALLOW_ALL]);
    expect(applied, applied.stderr).toMatchObject({ exitCode: 0 });
    const proven = await here.run(['prove', '@last', '--json']);
    const { planned: changed, untouched } = (JSON.parse(proven.stdout) as Told['proof']).counts;
    expect({ planned: changed, untouched }).toEqual({
      planned: told.proof.counts['planned'],
      untouched: told.proof.counts['untouched'],
    });
  });

  test('writes whole lists where the plan does, and rows that are refused or already so behave as they will', async () => {
    const here = await bench(redis.url, { tenant: TENANT }, pace);
    const [first, second, third, ...others] = TENANT.policies.filter(({ via = '' }) => via === '');
    if (first === undefined || second === undefined || third === undefined) throw new Error('no policies');
    const rows = moves({ policies: others.slice(0, 20) });
    const gone = { ...moves({ policies: [first] })[0], assignmentId: 'nowhere' };
    const cleared = { action: 'clear', policyType: second.type, policyId: second.id };
    const blank = { assignmentId: '', targetType: '', groupId: '' };
    const added = {
      ...{ action: 'add', policyType: third.type, policyId: third.id, assignmentId: '' },
      ...{ targetType: 'group', groupId: guid('one more') },
    };
    // A URL that is written whole leads to the tenant, and here to what stands in for it.
    const byUrl = others.slice(20).find(({ type }) => type === 'deviceConfiguration');
    const path = `/beta/deviceManagement/deviceConfigurations/${byUrl?.id}/assignments/${byUrl?.assignments[0]?.id}`;
    const whole = {
      ...rows[0],
      policyType: '',
      policyId: '',
      assignmentId: '',
      url: here.simulator.url + path,
    };
    const all = [...rows, gone, { ...blank, ...cleared }, added].map((each) => ({ ...each, url: '' }));
    await planned(here, [...all, whole], '--strategy', 'assign');
    const { told, stderr } = await rehearsed(here, '-o', 'rehearsal.md');
    expect(told, stderr).toMatchObject({ isRunProven: true, isUndoProven: true, different: 0 });
    expect(told.decisions).toMatchObject({ write: 23, refused: 1 });
    expect(told.run).toMatchObject({ succeeded: 23, failed: 1 });
    expect(readFileSync(join(here.dir, 'rehearsal.md'), 'utf8')).toContain('AssignmentGone');
  });
});

test('kinds of all families are rehearsed', async () => {
  const TENANT = generateTenant({
    ...{
      configurations: 4,
      compliancePolicies: 4,
      assignmentsPerPolicy: 2,
      seed: 4,
      nested: false,
      kinds: 2,
    },
  });
  const here = await bench(redis.url, { tenant: TENANT });
  const exported = await here.run(['export', '-o', 'present.csv']);
  expect(exported, exported.stderr).toMatchObject({ exitCode: 0 });
  const [head = '', ...lines] = readFileSync(join(here.dir, 'present.csv'), 'utf8').trimEnd().split('\n');
  const removing = lines.filter((_, n) => n % 3 === 0).map((line) => line.replace(/^\w*,/, 'remove,'));
  here.file('changes.csv', `${[head, ...removing].join('\n')}\n`);
  const plan = await here.run(['plan', 'changes.csv', '-o', 'plan.ndjson', '--skip-invalid']);
  expect(existsSync(join(here.dir, 'plan.ndjson')), plan.stderr).toBe(true);
  const { told, stderr } = await rehearsed(here);
  expect(told, stderr).toMatchObject({ isRunProven: true, isUndoProven: true, different: 0 });
  expect(told.twin.unlike).toBe(0);
});

test('what is no plan, or has not read the tenant, is refused with the way to one', async () => {
  const here = await bench(redis.url, { tenant: { policies: [] } });
  here.file(
    'changes.csv',
    csv([
      { policyType: 'deviceConfiguration', policyId: 'c1', assignmentId: 'a1', targetType: 'allDevices' },
    ]),
  );
  const noPlan = await here.run(['rehearse', 'changes.csv']);
  expect(noPlan).toMatchObject({ exitCode: 2 });
  expect(noPlan.stderr).toContain('retarget plan changes.csv -o plan.ndjson');
  const offline = await here.run(['plan', 'changes.csv', '--offline', '-o', 'plan.ndjson']);
  expect(offline.stderr).toContain('Plan written');
  const unseen = await here.run(['rehearse', 'plan.ndjson']);
  expect(unseen).toMatchObject({ exitCode: 2 });
  expect(unseen.stderr).toContain('without --offline');
});
