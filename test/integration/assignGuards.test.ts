import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { APPLY, site, type Site, type Target } from '../support/assignSite.ts';
import { csv } from '../support/cli.ts';
import { excluded, group } from '../support/graphShapes.ts';
import { ANY_SIZE } from '../support/plannedTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const POLICIES = 40;

const TENANT: TenantSeed = {
  policies: Array.from({ length: POLICIES }, (_, n) => ({
    ...{ id: `p${n}`, type: 'deviceConfiguration' as const },
    assignments: [
      { id: `p${n}_a`, target: group(`a${n}`) as Target },
      { id: `p${n}_b`, target: excluded(`b${n}`) as Target },
    ],
  })),
};

const row = (n: number, action: string, assignmentId = '', groupId = '') => ({
  ...{ policyType: 'deviceConfiguration', policyId: `p${n}`, via: '', assignmentId, action },
  ...{ targetType: groupId === '' ? '' : 'group', groupId },
});
type Row = ReturnType<typeof row>;
const isSet = (n: number): Row => row(n, 'set', `p${n}_a`, `new-${n}`);
/** Three rows for each list. */
const MANY = TENANT.policies.flatMap((_, n) => [
  isSet(n),
  row(n, 'add', '', `x-${n}`),
  row(n, 'add', '', `y-${n}`),
]);

const at = (options: SimulatorOptions = {}): Promise<Site> => site(redis.url, { tenant: TENANT, ...options });
const ASSIGN = ['--strategy', 'assign', '--yes', ...ANY_SIZE];
const apply = (here: Site, exitCode: number, rows: readonly Row[], ...more: string[]) =>
  here.must(exitCode, 'apply', here.file('changes.csv', csv(rows)), ...ASSIGN, ...more);

describe('the guard', () => {
  test.each([
    {
      kind: 'clear',
      rows: [row(0, 'clear'), row(0, 'add', '', 'g'), row(1, 'clear'), row(1, 'add', '', 'g')],
      besides: 'exclusion-lost=2',
    },
    {
      kind: 'exclusion-lost',
      rows: [row(0, 'remove', 'p0_b'), row(1, 'remove', 'p1_b')],
      besides: 'clear=0',
    },
    { kind: 'no-inclusion', rows: [row(0, 'remove', 'p0_a'), row(1, 'remove', 'p1_a')], besides: 'clear=0' },
  ])('stops $kind unless it is allowed by name and count', async ({ kind, rows, besides }) => {
    const here = await at();
    const before = here.held();
    const stopped = await apply(here, 3, rows, '--allow', besides);
    expect(stopped.stderr).toMatch(new RegExp(`^  ${kind}=2 +\\S`, 'm'));
    const tooFew = await apply(here, 3, rows, '--allow', `${besides},${kind}=1`);
    expect(tooFew.stderr).toContain(`  ${kind}=2 (1 allowed)`);
    expect(here.held()).toEqual(before);
    await apply(here, 0, rows, '--allow', `${besides},${kind}=2`);
    expect(await here.status()).toMatchObject({ succeeded: rows.length });
  });
});

describe('a run stops itself', () => {
  // A list is written with all its rows, so a canary of four rows is the lists that it reaches into.
  test.each([3, 4])('after its canary of %d rows, which is read back; a yes goes on', async (canary) => {
    const here = await at();
    await apply(here, 3, MANY, '--canary', String(canary), '--canary-stop');
    const { succeeded, pending, runId } = await here.status();
    expect([3, 6]).toContain(succeeded);
    expect(pending).toBe(MANY.length - Number(succeeded));
    expect(here.simulator.stats().writesArrived).toBe(Number(succeeded) / 3);
    await here.must(0, 'resume', String(runId), '--work');
    expect(here.simulator.stats().writesArrived).toBe(POLICIES);
  });

  test('at its failure budget', async () => {
    const here = await at({ forbidden: TENANT.policies.flatMap(({ id }, n) => (n % 2 === 1 ? [id] : [])) });
    const stopped = await apply(here, 3, MANY, '--max-failures', '6');
    expect(stopped.stderr).toContain('--max-failures');
    const { state, failed, pending } = await here.status();
    expect({ state, wroteOn: Number(pending) > 0 }).toEqual({ state: 'aborted', wroteOn: true });
    expect(failed).toBeGreaterThan(6);
  });
});

test('what Graph says is written and is not is told apart without --verify', async () => {
  const here = await at({ script: [], faults: { ignored: 1 } });
  const before = here.held();
  await apply(
    here,
    1,
    [isSet(0), row(1, 'add', '', 'g'), row(2, 'remove', 'p2_b')],
    '--allow',
    'exclusion-lost=1',
  );
  for (const result of await here.results())
    expect(result).toMatchObject({ status: 'failed', errorCode: 'VerifyMismatch' });
  expect(here.held()).toEqual(before);
});

describe('what whole lists can’t be written with is refused', () => {
  test.each([
    { flags: ['--api-version', 'v1.0'], says: '--strategy assign does not go with --api-version v1.0' },
    { flags: ['--blind'], says: '--strategy assign does not go with --blind' },
  ])('$flags', async ({ flags, says }) => {
    const here = await at();
    const refused = await apply(here, 2, [isSet(0)], ...flags);
    expect(refused.stderr).toContain(says);
    expect(here.simulator.stats().writesArrived).toBe(0);
  });

  test('a list behind its policy, row by row', async () => {
    const here = await at();
    const refused = await apply(here, 2, [isSet(0), { ...isSet(1), via: 'rootCertificate' }]);
    expect(refused.stderr).toContain(':3:3 via: The strategy assign takes no nested form of address.');
    const added = csv([{ ...row(1, 'add', '', 'g'), via: 'rootCertificate' }]);
    const other = await here.must(2, ...APPLY, here.file('nested.csv', added));
    expect(other.stderr).toContain('The action add takes no nested form of address.');
  });
});

describe('nothing is written of a list', () => {
  /** Plans as things are, then has things change before the run. */
  async function plannedBefore(change: SimulatorOptions, tenant = TENANT): Promise<Site> {
    const here = await at({ tenant });
    const before = here.held();
    const plan = `${here.dir}/plan.ndjson`;
    const rows = [isSet(0), row(0, 'add', '', 'g'), isSet(1)];
    await here.must(
      0,
      'plan',
      here.file('changes.csv', csv(rows)),
      '-o',
      plan,
      ...ASSIGN.slice(0, 2),
      ...ANY_SIZE,
    );
    here.simulator.reconfigure(change);
    await here.must(1, 'apply', plan, '--yes', '--max-failures', 'off');
    const held = here.held();
    expect(held['p0']).toEqual(before['p0']);
    expect(here.simulator.stats().assignsPerPolicy).toEqual({
      '/deviceManagement/deviceConfigurations/p1/assign': 1,
    });
    return here;
  }

  test('that can’t be read to its end', async () => {
    const [first, ...others] = TENANT.policies;
    const more = Array.from({ length: 201 }, (_, n) => ({ id: `m${n}`, target: group(`m${n}`) as Target }));
    const long = { ...first, id: 'p0', type: 'deviceConfiguration' as const };
    const tenant = {
      policies: [{ ...long, assignments: [...(first?.assignments ?? []), ...more] }, ...others],
    };
    const here = await plannedBefore({ pageSize: 1 }, tenant);
    expect(await here.results()).toMatchObject([
      { status: 'failed', errorCode: 'ReadIncomplete' },
      { status: 'failed', errorCode: 'ReadIncomplete' },
      { status: 'succeeded' },
    ]);
  });

  test('of a policy that is gone', async () => {
    const gone = { policyId: 'p0', method: 'GET' as const, status: 404, code: 'ResourceNotFound' };
    const here = await plannedBefore({ refusals: [gone] });
    expect(await here.results()).toMatchObject([
      { status: 'failed', errorCode: 'ResourceNotFound' },
      { status: 'failed', errorCode: 'ResourceNotFound' },
      { status: 'succeeded' },
    ]);
  });
});
