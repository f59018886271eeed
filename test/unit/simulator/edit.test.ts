import { expect, test } from 'vitest';
import { applyEdit, readEdits } from '../../../src/simulator/edit.ts';
import type { Edit } from '../../../src/simulator/editSchema.ts';
import { createOtherHand } from '../../../src/simulator/concurrentEdits.ts';
import { snapshotOf } from '../../../src/simulator/snapshot.ts';
import { tenantFrom, type Tenant } from '../../../src/simulator/tenant.ts';
import { groupTarget, SMALL_TENANT } from '../../support/simulatorClient.ts';

const C1 = { type: 'deviceConfiguration', policyId: 'C1', via: '' } as const;

/** What became of one edit, and the list it was about. */
function after(edit: Edit): { problem: string | undefined; ids: unknown[]; tenant: Tenant } {
  const tenant = tenantFrom(SMALL_TENANT);
  const problem = applyEdit(edit, tenant);
  const list = tenant.assignmentsOf('deviceConfigurations', edit.policyId, edit.via) ?? [];
  return { problem, ids: list.map(({ id, target }) => [id, target.groupId]), tenant };
}

test('another hand adds, under an id of its own or one made of policy and group', () => {
  const assignment = { target: groupTarget('g7') };
  expect(after({ do: 'add', ...C1, assignment }).ids).toEqual([
    ['a1', 'g1'],
    ['a2', 'g2'],
    ['c1_g7', 'g7'],
  ]);
  expect(after({ do: 'add', ...C1, assignment: { ...assignment, id: 'a9' } }).ids).toContainEqual([
    'a9',
    'g7',
  ]);
  expect(after({ do: 'add', ...C1, assignment: { ...assignment, id: 'A1' } })).toMatchObject({
    problem: 'deviceConfiguration C1 already has an assignment A1.',
    ids: [
      ['a1', 'g1'],
      ['a2', 'g2'],
    ],
  });
});

test('another hand changes what it names, and removes', () => {
  const change = { do: 'change', ...C1, assignmentId: 'A2' } as const;
  expect(after({ ...change, target: groupTarget('g7') }).ids).toContainEqual(['a2', 'g7']);
  const { tenant, ids } = after({ ...change, intent: 'remove' });
  expect(ids).toContainEqual(['a2', 'g2']);
  expect(tenant.at('/deviceManagement/deviceConfigurations/c1/assignments/a2')).toHaveProperty(
    'intent',
    'remove',
  );
  expect(after({ do: 'remove', ...C1, assignmentId: 'a1' }).ids).toEqual([['a2', 'g2']]);
});

test('another hand finds the list of a nested form, and says what it does not find', () => {
  const remove = { do: 'remove', ...C1, assignmentId: 'a1' } as const;
  expect(after({ ...remove, via: 'rootCertificate' }).ids).toEqual([]);
  expect(after({ ...remove, assignmentId: 'a3' }).problem).toBe(
    'deviceConfiguration C1 has no assignment a3.',
  );
  expect(after({ ...remove, via: 'identityCertificate' }).problem).toBe(
    'There is no deviceConfiguration C1 identityCertificate.',
  );
  expect(after({ ...remove, policyId: 'c9' }).problem).toBe('There is no deviceConfiguration c9.');
});

test('edits that are no edits are refused with their place', () => {
  expect(() => readEdits({ edits: [{ do: 'replace' }] })).toThrow(/edits\.0/);
  expect(() => readEdits({ edits: [{ do: 'remove', ...C1, assignmentID: 'a1' }] })).toThrow(/assignmentID/);
  expect(() => readEdits([])).toThrow('The edits are wrong');
});

test('a scheduled edit follows the nth read of its own list, once', () => {
  const tenant = tenantFrom(SMALL_TENANT);
  const struck: boolean[] = [];
  const read = createOtherHand(
    [{ afterReads: 2, edit: { do: 'remove', ...C1, assignmentId: 'a1' } }],
    { tenant },
    (isDone) => struck.push(isDone),
  );
  const count = () => tenant.assignmentsOf('deviceConfigurations', 'c1')?.length;
  read('deviceConfigurations', 'c1', '');
  read('deviceConfigurations', 'c1', 'rootCertificate');
  read('deviceCompliancePolicies', 'c1', '');
  expect(count()).toBe(2);
  read('deviceConfigurations', 'c1', '');
  expect(count()).toBe(1);
  read('deviceConfigurations', 'c1', '');
  expect(struck).toEqual([true]);
});

test('a scheduled edit that finds nothing is told of', () => {
  const struck: boolean[] = [];
  const edit = { do: 'remove', ...C1, assignmentId: 'a9' } as const;
  const read = createOtherHand([{ afterReads: 1, edit }], { tenant: tenantFrom(SMALL_TENANT) }, (isDone) =>
    struck.push(isDone),
  );
  read('deviceConfigurations', 'c1', '');
  expect(struck).toEqual([false]);
});

test('a snapshot makes the same tenant again, and does not change with it', () => {
  const tenant = tenantFrom(SMALL_TENANT);
  const before = snapshotOf(tenant);
  expect(snapshotOf(tenantFrom(before))).toEqual(before);
  expect([...tenantFrom(before).every()]).toEqual([...tenant.every()]);
  const copy = structuredClone(before);
  applyEdit({ do: 'change', ...C1, assignmentId: 'a1', intent: 'remove', target: groupTarget('g7') }, tenant);
  expect(before).toEqual(copy);
  expect(snapshotOf(tenant)).not.toEqual(before);
});
