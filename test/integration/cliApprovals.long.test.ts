import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApprovalRequest, Decision } from '../../src/simulator/approvals.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import { ALLOW_ALL, csv, type Ran } from '../support/cli.ts';
import { plannedTenant, type PlannedTenant } from '../support/plannedTenant.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { call, groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

interface ResultRow extends Record<string, unknown> {
  readonly policyId: string;
  readonly status: string;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

interface ApprovalTenant extends PlannedTenant {
  apply(...more: string[]): Promise<Ran>;
  results(): Promise<ResultRow[]>;
  /** Decides these of the requests that wait, oldest first; without `which` all of them. */
  decide(decision: Decision, which?: (request: ApprovalRequest, n: number) => boolean): string[];
}

const POLICIES = 6;
const WHY = ['--justification', 'CHG-1234'];

/** Its configurations can't be changed without a second administrator. */
async function approvalTenant(options: SimulatorOptions = {}): Promise<ApprovalTenant> {
  const here = await plannedTenant(redis.url, POLICIES, { approvalFor: ['deviceConfiguration'], ...options });
  const { approvals } = here.simulator;
  return {
    ...here,
    apply: (...more) => here.run(['apply', here.changes, '--yes', ...ALLOW_ALL, ...more]),
    results: async () =>
      JSON.parse((await here.run(['results', '@last', '--format', 'json'])).stdout) as ResultRow[],
    decide(decision, which = () => true) {
      const waiting = approvals.list().filter(({ status }) => status === 'needsApproval');
      const codes = waiting.filter(which).map(({ code }) => code);
      for (const code of codes) approvals.decide(code, decision);
      return codes;
    },
  };
}

const codesIn = (rows: readonly ResultRow[]): string[] =>
  rows.map(
    ({ errorMessage }) => /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/.exec(errorMessage ?? '')?.[0] ?? '',
  );

/** Requests that a run of all rows makes: one a row by PATCH, one a policy by `assign`. */
const STRATEGIES = [
  ['patch', 2 * POLICIES],
  ['assign', POLICIES],
] as const;

describe.each(STRATEGIES)('with --strategy %s', (strategy, requests) => {
  const apply = (here: ApprovalTenant): Promise<Ran> => here.apply('--strategy', strategy, ...WHY);

  test('rows await approval with their codes; resume sends what was approved, and tells the others apart', async () => {
    const here = await approvalTenant({ approvalStatus: 412 });
    const ran = await apply(here);
    expect(ran, ran.stderr).toMatchObject({ exitCode: 1 });
    const { runId } = await here.status();
    expect(ran.stderr).toContain(`Approved:     retarget resume ${String(runId)} --work`);
    expect((await here.run(['status', '@last'])).stderr).toContain(`retarget resume ${String(runId)}`);
    const filed = here.simulator.approvals.list();
    expect(filed).toHaveLength(requests);
    for (const { justification } of filed)
      expect(justification).toMatch(new RegExp(`^CHG-1234 \\(retarget ${String(runId)}, line \\d+\\)$`));
    const waiting = await here.results();
    expect(new Set(waiting.map(({ status, errorCode }) => `${status} ${errorCode}`))).toEqual(
      new Set(['awaitingApproval ApprovalRequired']),
    );
    expect(new Set(codesIn(waiting))).toEqual(new Set(filed.map(({ code }) => code)));

    const approved = here.decide('approved', (_, n) => n < requests / 3);
    const resumed = await here.run(['resume', '@last', '--work']);
    expect(resumed, resumed.stderr).toMatchObject({ exitCode: 1 });
    expect(resumed.stderr).toContain(`${here.rows} of them with their approvals`);
    expect((await here.results()).map(({ status }) => status)).toEqual(
      codesIn(waiting).map((code) => (approved.includes(code) ? 'succeeded' : 'awaitingApproval')),
    );

    // A whole batch of 403s, after writes that went through, says nothing of the permission here.
    here.decide('rejected');
    const rejected = await here.run(['resume', '@last', '--work']);
    expect(rejected, rejected.stderr).toMatchObject({ exitCode: 1 });
    const failed = (await here.results()).filter(({ status }) => status === 'failed');
    expect(await here.status()).toMatchObject({
      state: 'completed',
      failed: failed.length,
      awaitingApproval: 0,
    });
    expect(failed).toHaveLength((here.rows * 2) / 3);
    for (const { errorCode, errorMessage } of failed)
      expect([errorCode, errorMessage]).toEqual([
        'ApprovalRejected',
        expect.stringContaining('`retarget retry` asks for a new one'),
      ]);

    const retried = await here.run(['retry', '@last', '--work']);
    expect(retried, retried.stderr).toMatchObject({ exitCode: 1 });
    expect(await here.status()).toMatchObject({ failed: 0, awaitingApproval: failed.length });
    here.decide('approved');
    const last = await here.run(['resume', '@last', '--work']);
    expect(last, last.stderr).toMatchObject({ exitCode: 0 });
    expect(here.groups()).toEqual(Array.from({ length: here.rows }, (_, n) => `new-${n}`));
  });

  test('an approval that has expired is told as such, and retry asks for another', async () => {
    const here = await approvalTenant({ approvalExpiryMs: 0 });
    await apply(here);
    const resumed = await here.run(['resume', '@last', '--work']);
    expect(resumed, resumed.stderr).toMatchObject({ exitCode: 1 });
    const codes = (await here.results()).map(({ status, errorCode }) => `${status} ${errorCode}`);
    expect(new Set(codes)).toEqual(new Set(['failed ApprovalExpired']));
    here.simulator.reconfigure({ approvalExpiryMs: 60_000 });
    await here.run(['retry', '@last', '--work']);
    expect(here.decide('approved')).toHaveLength(requests);
    expect((await here.run(['resume', '@last', '--work'])).exitCode).toBe(0);
  });

  test('a code whose reply was lost is found again by its justification, each row its own', async () => {
    const here = await approvalTenant();
    await here.run(['submit', '--no-plan', here.changes, '--strategy', strategy, ...WHY]);
    // The first envelope is the read, the second the write.
    here.simulator.reconfigure({ script: [{ envelope: 2, fault: 'lost' }] });
    await here.run(['worker', '--until-idle']);
    expect(here.simulator.approvals.list()).toHaveLength(requests);
    expect(await here.status()).toMatchObject({ state: 'completed', awaitingApproval: here.rows });
    here.decide('approved');
    const resumed = await here.run(['resume', '@last', '--work']);
    expect(resumed, resumed.stderr).toMatchObject({ exitCode: 0 });
    expect(here.simulator.approvals.list()).toHaveLength(requests);
  });

  test('what another has asked for is not sent: the row fails and says what to do', async () => {
    const here = await approvalTenant();
    const path = strategy === 'patch' ? 'assignments/c0-a0' : 'assign';
    const body = strategy === 'patch' ? { target: groupTarget('x') } : { assignments: [] };
    await call(
      here.simulator,
      strategy === 'patch' ? 'PATCH' : 'POST',
      `/beta/deviceManagement/deviceConfigurations/c0/${path}`,
      body,
      {
        authorization: 'Bearer other',
        'x-msft-approval-justification': Buffer.from('CHG-9').toString('base64'),
      },
    );
    here.decide('approved');
    await apply(here);
    const failed = (await here.results()).filter(({ status }) => status === 'failed');
    expect(failed).toHaveLength(strategy === 'patch' ? 1 : 2);
    for (const { errorCode, errorMessage } of failed) {
      expect(errorCode).toBe('Conflict');
      expect(errorMessage).toContain('decided or cancelled in Intune, then `retarget retry`');
    }
    expect(here.groups()).toEqual(
      Array.from({ length: here.rows }, (_, n) => `old-${Math.floor(n / 2)}-${n % 2}`),
    );
  });

  test('a rollback needs a justification as well, is approved as well, and puts back what was', async () => {
    const here = await approvalTenant({ approvalFor: [] });
    const before = here.simulator.snapshot();
    expect((await here.apply('--strategy', strategy)).exitCode).toBe(0);
    here.simulator.reconfigure({ approvalFor: ['deviceConfiguration'] });
    const unjustified = await here.run(['rollback', '@last', '--yes', '--work']);
    expect(unjustified, unjustified.stderr).toMatchObject({ exitCode: 2 });
    expect(unjustified.stderr).toContain('--justification');
    await here.run(['rollback', '@last', '--yes', '--work', ...WHY]);
    expect(here.decide('approved')).toHaveLength(requests);
    const resumed = await here.run(['resume', '@last', '--work']);
    expect(resumed, resumed.stderr).toMatchObject({ exitCode: 0 });
    expect(targetsOf(here.simulator.snapshot())).toEqual(targetsOf(before));
  });
});

const targetsOf = ({ policies }: ReturnType<PlannedTenant['simulator']['snapshot']>): unknown[] =>
  policies.map(({ id, assignments }) => [id, assignments.map(({ target }) => target)]);

describe('a list that was changed between the request and the approval', () => {
  const EXCLUSION = {
    ...groupTarget('theirs'),
    '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget',
  };
  const exclude = (here: ApprovalTenant): void =>
    here.simulator.edit([
      {
        ...{ do: 'add', type: 'deviceConfiguration', policyId: 'c0' },
        assignment: { id: 'theirs', target: EXCLUSION },
      },
    ]);
  const ofFirst = async (here: ApprovalTenant): Promise<unknown[]> =>
    (await here.results())
      .filter(({ policyId }) => policyId === 'c0')
      .map(({ status, errorCode }) => [status, errorCode]);
  const isExcluded = (here: ApprovalTenant): boolean =>
    [...here.simulator.tenant.every()].some(({ assignment }) => assignment.target['groupId'] === 'theirs');

  test('makes the rows of a planned run stale', async () => {
    const here = await approvalTenant();
    await here.apply('--strategy', 'assign', ...WHY);
    exclude(here);
    here.decide('approved');
    await here.run(['resume', '@last', '--work']);
    expect(await ofFirst(here)).toEqual([
      ['stale', 'Stale'],
      ['stale', 'Stale'],
    ]);
    expect(await here.status()).toMatchObject({ succeeded: here.rows - 2, stale: 2 });
    expect(isExcluded(here)).toBe(true);
  });

  test('is another body than the approved one in a run without a plan: refused, and told', async () => {
    const here = await approvalTenant();
    await here.run(['submit', '--no-plan', here.changes, '--strategy', 'assign', ...WHY]);
    await here.run(['worker', '--until-idle']);
    exclude(here);
    here.decide('approved');
    await here.run(['resume', '@last', '--work']);
    expect(await ofFirst(here)).toEqual([
      ['failed', 'ApprovalMismatch'],
      ['failed', 'ApprovalMismatch'],
    ]);
    expect(isExcluded(here)).toBe(true);
  });
});

describe('the need of approval', () => {
  test('is told by plan, of the types that are written only', async () => {
    const here = await approvalTenant({ approvalFor: ['deviceConfiguration', 'deviceCompliancePolicy'] });
    const shown = await here.run(['plan', here.changes, ...ALLOW_ALL]);
    expect(shown, shown.stderr).toMatchObject({ exitCode: 0 });
    expect(shown.stderr).toContain('approve each change of configurations in this tenant');
    const json = await here.run(['plan', here.changes, '--json', ...ALLOW_ALL]);
    expect(JSON.parse(json.stdout)).toMatchObject({ approvalFor: ['deviceConfiguration'] });
    here.simulator.reconfigure({ approvalFor: ['deviceCompliancePolicy'] });
    const other = await here.run(['plan', here.changes, ...ALLOW_ALL]);
    expect(other.stderr).not.toContain('approve');
  });

  test('stops apply without a justification before anything is queued, of a file and of a plan', async () => {
    const here = await approvalTenant();
    await here.run(['plan', here.changes, '-o', 'plan.ndjson']);
    for (const file of [here.changes, 'plan.ndjson']) {
      const ran = await here.run(['apply', file, '--yes', ...ALLOW_ALL]);
      expect(ran, ran.stderr).toMatchObject({ exitCode: 2 });
      expect(ran.stderr).toContain('--justification');
    }
    expect((await here.run(['status', '--json'])).stdout.trim()).toBe('[]');
    expect(here.simulator.stats().requests).not.toHaveProperty('PATCH');
  });

  test('does not stop a file that needs no write', async () => {
    const here = await approvalTenant();
    const asItIs = csv([
      {
        ...{ policyType: 'deviceConfiguration', policyId: 'c0', assignmentId: 'c0-a0' },
        ...{ targetType: 'group', groupId: 'old-0-0' },
      },
    ]);
    const ran = await here.run(['apply', here.file('same.csv', asItIs), '--yes']);
    expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
  });

  test('leaves room behind the justification for run and line', async () => {
    const here = await approvalTenant();
    const long = await here.apply('--justification', 'x'.repeat(961));
    expect(long.exitCode).toBe(2);
    expect(long.stderr).toContain('960');
    await here.apply('--justification', 'x'.repeat(960));
    expect(await here.status()).toMatchObject({ awaitingApproval: here.rows });
  });
});
