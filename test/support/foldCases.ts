import type { CurrentAssignment } from '../../src/assignments/changes/current.ts';
import fc from 'fast-check';
import { audienceKey } from '../../src/assignments/targets/audience.ts';
import type { Change } from '../../src/assignments/rows/change.ts';
import { Duplicates } from '../../src/assignments/rows/duplicates.ts';
import type { JsonObject } from '../../src/assignments/values/json.ts';
import { targetIn } from '../../src/assignments/targets/currentTarget.ts';
import { allDevices, allUsers, excluded, filter, group, current, target, unheardOf } from './graphShapes.ts';
import { anyChangeOf, type Cells } from './inputRow.ts';

/** A policy's list, and rows about it as an intake would let them through. */
export interface FoldCase {
  readonly list: readonly CurrentAssignment[];
  readonly changes: readonly Change[];
}

const AUDIENCES: readonly JsonObject[] = [
  ...['G1', 'G2', 'G3', 'G4'].map((id) => group(id)),
  ...['G1', 'G2'].map(excluded),
  allDevices(),
  allUsers(),
  unheardOf,
  target('cloudPc', { servicePlanId: 'S2' }),
  target('configurationManagerCollection', { collectionId: 'C1' }),
  target('organizationalUnit', {
    organizationalUnitId: 'O1',
    assignmentConflictSetting: { versionNumber: 3 },
  }),
];

const filters = fc.constantFrom({}, filter(), filter('F1'), filter('F2', 'exclude'));

const assignment = fc.record({
  audience: fc.constantFrom(...AUDIENCES),
  filter: filters,
  intent: fc.constantFrom('apply', 'remove'),
  source: fc.constantFrom('direct', 'direct', 'direct', 'policySets'),
  unknownInTarget: fc.boolean(),
});

/** Each audience once, though a policy set may assign what an administrator assigns too. */
const lists = fc.array(assignment, { maxLength: 9 }).map((drawn) => {
  const seen = new Set<string>();
  const unique = drawn.filter(({ audience, source }) => {
    const key = `${source === 'policySets'} ${audienceKey(audience)}`;
    return !seen.has(key) && seen.add(key);
  });
  return unique.map((each, i) => {
    const whole = {
      ...each.audience,
      ...(audienceKey(each.audience).includes('exclusiongroup') ? {} : each.filter),
      ...(each.unknownInTarget && { somethingNew: { deep: [i] } }),
    };
    return current(whole, { intent: each.intent, source: each.source, unheardOf: i }, `A${i}`);
  });
});

const desires = fc.constantFrom<Cells>(
  ...['G1', 'G2', 'G3', 'G4'].flatMap((groupId) => [
    { targetType: 'group', groupId },
    { targetType: 'group', groupId, filterType: 'none', intent: 'apply' },
    { targetType: 'group', groupId, filterType: 'include', filterId: 'F1' },
    { target: group(groupId, filter('F2', 'exclude')) },
  ]),
  { targetType: 'exclusionGroup', groupId: 'G1' },
  { targetType: 'exclusionGroup', groupId: 'G2' },
  { targetType: 'allDevices', filterType: 'none' },
  { targetType: 'allLicensedUsers' },
  { body: { intent: 'remove', target: allUsers() } },
  { targetType: 'organizationalUnit', organizationalUnitId: 'O1', filterType: 'include', filterId: 'F1' },
);

const ids = fc.constantFrom<Cells>(
  ...['A0', 'A1', 'A2', 'A3', 'gone'].map((assignmentId) => ({ assignmentId })),
);
const froms = fc.constantFrom<Cells>(
  ...['G1', 'G2', 'G3'].map((fromGroupId) => ({ fromTargetType: 'group', fromGroupId })),
  { fromTargetType: 'group', fromGroupId: 'G4', fromFilterId: 'F1' },
  { fromTargetType: 'exclusionGroup', fromGroupId: 'G1' },
  { fromTargetType: 'allDevices' },
);
const names = fc.oneof(
  ids,
  froms,
  fc.tuple(ids, froms).map(([id, from]) => ({ ...id, ...from })),
);

const rows = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(names, desires).map(([name, desired]): Cells => ({ ...name, ...desired })),
  },
  { weight: 3, arbitrary: desires.map((desired): Cells => ({ ...desired, action: 'add' })) },
  { weight: 3, arbitrary: names.map((name): Cells => ({ ...name, action: 'remove' })) },
  { weight: 1, arbitrary: fc.constant<Cells>({ action: 'clear' }) },
);

export const foldCases: fc.Arbitrary<FoldCase> = fc
  .tuple(lists, fc.array(rows, { minLength: 1, maxLength: 6 }))
  .map(([list, written]) => {
    const duplicates = new Duplicates();
    const policy = { policyType: 'deviceConfiguration', policyId: 'P1' };
    const changes = written.map((cells, i) => anyChangeOf({ ...policy, ...cells }, undefined, i + 2));
    return { list, changes: changes.filter((change) => duplicates.seen(change) === undefined) };
  });

/** What a tenant shows after the list was written: new ids for what had none, by the audience as some tenants do, or fresh. */
export const shownAfter = (list: readonly JsonObject[], rekeys: boolean): CurrentAssignment[] =>
  list.map(({ id, ...whole }, i) =>
    current(
      targetIn(whole),
      whole,
      typeof id === 'string' ? id : rekeys ? `P1_${audienceKey(targetIn(whole))}` : `N${i}`,
    ),
  );
