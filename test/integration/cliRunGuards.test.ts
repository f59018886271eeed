import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { ANY_SIZE, plannedTenant } from '../support/plannedTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

describe('a run of a thousand with every tenth row forbidden', () => {
  const forbidden = Array.from({ length: 100 }, (_, n) => `c${5 * n}-a1`);

  test('stops within its sample, says why and how to go on', async () => {
    const here = await plannedTenant(redis.url, 500, { forbidden });
    const ran = await here.run(['apply', here.changes, '--yes', '--json', ...ANY_SIZE]);
    expect(ran.exitCode).toBe(3);
    const run = JSON.parse(ran.stdout);
    expect(run).toMatchObject({ state: 'aborted', total: 1_000 });
    expect(run.reasonText).toMatch(/^\d+ of \d+ written rows failed, more than 5%$/);
    expect(ran.stderr).toContain(run.reasonText);
    expect(ran.stderr).toContain(`retarget resume ${run.runId} --work`);
    // A hundred, and what other batches had in flight by then.
    expect(here.simulator.stats().writesArrived).toBeLessThanOrEqual(200);
    expect(run.pending).toBe(1_000 - run.succeeded - run.failed);
  });

  test('goes to its end with --max-failures off', async () => {
    const here = await plannedTenant(redis.url, 500, { forbidden });
    const ran = await here.run([
      ...['apply', here.changes, '--yes', '--json', '--max-failures', 'off', ...ANY_SIZE],
    ]);
    expect(ran.exitCode).toBe(1);
    expect(JSON.parse(ran.stdout)).toMatchObject({ state: 'completed', succeeded: 900, failed: 100 });
  });
});

describe('a plan that shows rows as failing', () => {
  /** Thirty rows about assignments that are gone come before those that can be written. */
  async function siteWithGone() {
    const here = await plannedTenant(redis.url, 20);
    const gone = Array.from({ length: 30 }, (_, n) => ({
      ...{ policyType: 'deviceConfiguration', policyId: `c${n % 20}`, assignmentId: `gone-${n}` },
      ...{ targetType: 'group', groupId: `never-${n}` },
    }));
    const there = [...here.simulator.tenant.every()].map(({ policyId, assignment }, n) => ({
      ...{ policyType: 'deviceConfiguration', policyId, assignmentId: assignment.id },
      ...{ targetType: 'group', groupId: `new-${n}` },
    }));
    return { ...here, file: here.file('gone-first.csv', csv([...gone, ...there])) };
  }
  const ALLOWED = ['--allow', 'gone=30', '--max-failures', '1', ...ANY_SIZE];
  const ENDED = { state: 'completed', succeeded: 40, failed: 30 };

  test('does not abort itself for them once it was accepted', async () => {
    const here = await siteWithGone();
    const ran = await here.run(['apply', here.file, '--yes', '--json', ...ALLOWED]);
    expect(JSON.parse(ran.stdout)).toMatchObject(ENDED);
    expect(ran.exitCode).toBe(1);
  });

  test('nor does it as a file, submitted to a worker', async () => {
    const here = await siteWithGone();
    await here.run(['plan', here.file, '-o', 'plan.ndjson', ...ALLOWED.filter((_, i) => i < 2), ...ANY_SIZE]);
    const submitted = await here.run(['submit', 'plan.ndjson', ...ALLOWED]);
    expect(submitted.exitCode).toBe(0);
    await here.run(['worker', '--until-idle']);
    expect(await here.status()).toMatchObject(ENDED);
  });

  test('counts them where nothing has shown them', async () => {
    const here = await siteWithGone();
    await here.run(['submit', here.file, '--no-plan', '--max-failures', '1']);
    await here.run(['worker', '--until-idle']);
    expect(await here.status()).toMatchObject({ state: 'aborted' });
  });
});

test('--verify finds what Graph says it wrote and did not, and says what is there', async () => {
  const here = await plannedTenant(redis.url, 5, { faults: { ignored: 1 } });
  const blind = await here.run(['apply', here.changes, '--yes', '--json', ...ANY_SIZE]);
  expect(JSON.parse(blind.stdout)).toMatchObject({ succeeded: here.rows });
  // Nobody can tell it from reads that lag behind, so that a plan right afterwards is none.
  const planned = await here.run(['plan', here.changes]);
  expect(planned.exitCode).toBe(4);
  expect(planned.stderr).toContain('as they were before they were written');
  const other = await plannedTenant(redis.url, 5, { faults: { ignored: 1 } });
  const verified = await other.run([
    ...['apply', other.changes, '--yes', '--verify', '--max-failures', 'off', ...ANY_SIZE],
  ]);
  expect(verified.exitCode).toBe(1);
  const results = JSON.parse((await other.run(['results', '@last', '--format', 'json'])).stdout) as object[];
  expect(results).toHaveLength(other.rows);
  for (const [n, result] of results.entries())
    expect(result).toMatchObject({
      ...{ status: 'failed', errorCode: 'VerifyMismatch', httpStatus: 200 },
      errorMessage: `Graph answered 200, but read back it is group old-${Math.floor(n / 2)}-${n % 2}.`,
    });
});

describe('within one policy', () => {
  const excluded = (groupId: string) => ({
    ...{ '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget', groupId },
  });
  /** Two policies whose file widens first and narrows last. */
  async function site(forbidden: readonly string[] = []): Promise<Bench & { readonly changes: string }> {
    const policies = ['c1', 'c2'].map((id) => ({
      ...{ id, type: 'deviceConfiguration' as const },
      assignments: [
        { id: `${id}-wide`, target: groupTarget('g1') },
        { id: `${id}-other`, target: groupTarget('g2') },
        { id: `${id}-narrow`, target: excluded('x') },
      ],
    }));
    const here = await bench(redis.url, { tenant: { policies }, forbidden: [...forbidden] });
    const rows = policies.flatMap(({ id }) => [
      { assignmentId: `${id}-wide`, policyId: id, targetType: 'allDevices', groupId: '' },
      { assignmentId: `${id}-other`, policyId: id, targetType: 'group', groupId: 'new' },
      { assignmentId: `${id}-narrow`, policyId: id, targetType: 'exclusionGroup', groupId: 'y' },
    ]);
    const file = csv(rows.map((row) => ({ policyType: 'deviceConfiguration', ...row })));
    return { ...here, changes: here.file('x.csv', file) };
  }

  /** The assignments in the order in which they were written. */
  const written = ({ simulator }: Bench): string[] =>
    Object.keys(simulator.stats().writesPerAssignment).map((path) => path.split('/').at(-1) ?? '');

  test('what narrows is written before what widens', async () => {
    const here = await site();
    expect((await here.run(['apply', here.changes, '--yes', ...ALLOW_ALL])).exitCode).toBe(0);
    const order = written(here);
    expect(order.slice(0, 2).toSorted()).toEqual(['c1-narrow', 'c2-narrow']);
    expect(order.slice(2).toSorted()).toEqual(['c1-other', 'c1-wide', 'c2-other', 'c2-wide']);
  });

  test('what widens is not sent when what narrows is refused; other policies are written', async () => {
    const here = await site(['c1-narrow']);
    expect((await here.run(['apply', here.changes, '--yes', ...ALLOW_ALL])).exitCode).toBe(1);
    expect(here.simulator.stats().writesArrived).toBe(4);
    expect(written(here).toSorted()).toEqual(['c2-narrow', 'c2-other', 'c2-wide']);
    const results = await here.run(['results', '@last', '--format', 'json']);
    expect(JSON.parse(results.stdout)).toMatchObject([
      { assignmentId: 'c1-wide', status: 'failed', errorCode: 'HeldBack', attempts: 0 },
      { assignmentId: 'c1-other', status: 'failed', errorCode: 'HeldBack', attempts: 0 },
      { assignmentId: 'c1-narrow', status: 'failed', errorCode: 'Forbidden' },
      { assignmentId: 'c2-wide', status: 'succeeded' },
      { assignmentId: 'c2-other', status: 'succeeded' },
      { assignmentId: 'c2-narrow', status: 'succeeded' },
    ]);
  });
});
