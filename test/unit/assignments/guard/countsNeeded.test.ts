import fc from 'fast-check';
import { expect, test } from 'vitest';
import { audienceConcerns, type AudienceRow } from '../../../../src/assignments/guard/audience.ts';
import {
  countsNeeded,
  membersIn,
  type CountNeeded,
  type KnownCounts,
} from '../../../../src/assignments/guard/countsNeeded.ts';
import type { MemberKind } from '../../../../src/assignments/guard/members.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { allDevices, allUsers, excluded, filter, group } from '../../../support/graphShapes.ts';

/** What a directory has; `unknown`: it does not tell. */
type Directory = Readonly<Record<string, Required<KnownCounts>>>;

const FOUR: Directory = {
  users: { users: 1240, devices: 0 },
  people: { users: 3, devices: 0 },
  devices: { users: 0, devices: 12 },
  both: { users: 1240, devices: 12 },
  nobody: { users: 0, devices: 0 },
  hidden: { users: 'unknown', devices: 5 },
};

/** KnownCounts what the rows of a list need, until nothing is. */
function countedFor(
  rows: readonly AudienceRow[],
  directory: Directory = FOUR,
  maxAudience?: number,
): { asked: readonly string[]; countsOf: (id: string) => KnownCounts } {
  const known = new Map<string, KnownCounts>();
  const countsOf = (id: string): KnownCounts => known.get(id) ?? {};
  const asked: string[] = [];
  for (;;) {
    const needed = rows.flatMap((row) => countsNeeded(row, countsOf, maxAudience));
    if (needed.length === 0) return { asked, countsOf };
    const keyOf = ({ groupId, of }: CountNeeded): string => `${groupId} ${of}`;
    for (const [key, each] of new Map(needed.map((one) => [keyOf(one), one] as const))) {
      expect(asked, 'asked for twice').not.toContain(key);
      asked.push(key);
      const count = directory[each.groupId]?.[each.of] ?? 'unknown';
      known.set(each.groupId, { ...countsOf(each.groupId), [each.of]: count });
    }
  }
}

const counted = (row: Partial<AudienceRow>, maxAudience?: number): readonly string[] =>
  countedFor([{ from: undefined, to: undefined, before: [], after: [], ...row }], FOUR, maxAudience).asked;

const moved = (from: JsonObject, to: JsonObject, others: readonly JsonObject[] = []) => ({
  ...{ from, to, before: [from, ...others], after: [...others, to] },
});
const both = (id: string): string[] => [`${id} users`, `${id} devices`];

test.each<readonly [string, Partial<AudienceRow>, readonly string[]]>([
  [
    'what comes has both kinds: what goes is not looked at',
    moved(group('users'), group('both')),
    both('both'),
  ],
  [
    'what goes has the only kind of what comes',
    moved(group('people'), group('users')),
    [...both('users'), 'people users'],
  ],
  [
    'what goes has it not, and is counted whole',
    moved(group('devices'), group('users')),
    [...both('users'), ...both('devices')],
  ],
  ['a group that stays, with another filter', moved(group('users'), group('users', filter('f1'))), []],
  ['everybody', moved(group('users'), allDevices()), []],
  [
    'who is excluded is of the kind that is included',
    moved(group('people'), group('users'), [excluded('both')]),
    [...both('users'), 'people users', 'both users'],
  ],
  [
    'both kinds are included as a whole',
    { to: excluded('users'), after: [allUsers(), allDevices(), excluded('users')] },
    [],
  ],
  [
    'who is excluded may be among all users',
    { to: excluded('people'), before: [allUsers()], after: [allUsers(), excluded('people')] },
    ['people users'],
  ],
  [
    'the first that is included shares the kind: the others are not looked at',
    {
      to: excluded('users'),
      before: [group('people'), group('devices'), group('both')],
      after: [group('people'), group('devices'), group('both'), excluded('users')],
    },
    [...both('users'), 'people users'],
  ],
])('%s', (_what, row, asked) => {
  expect(counted(row)).toEqual(asked);
});

test('with a limit for audiences every group that comes or goes is counted whole', () => {
  expect(counted(moved(group('users'), group('both')), 5).toSorted()).toEqual(
    [...both('users'), ...both('both')].toSorted(),
  );
});

test('what is not counted changes no finding', () => {
  const ids = ['a', 'b', 'c', 'd'];
  const count = fc.oneof(fc.constantFrom<number | 'unknown'>(0, 'unknown'), fc.integer({ min: 0, max: 9 }));
  const directory = fc.record(
    Object.fromEntries(ids.map((id) => [id, fc.record({ users: count, devices: count })])),
  ) as fc.Arbitrary<Directory>;
  const id = fc.constantFrom(...ids);
  const target = fc.oneof(
    id.map((each) => group(each)),
    id.map((each) => group(each, filter('f1'))),
    id.map(excluded),
    fc.constantFrom(allDevices(), allUsers()),
  );
  const either = fc.option(target, { nil: undefined });
  const list = fc.record({
    others: fc.array(target, { maxLength: 3 }),
    rows: fc.array(fc.record({ from: either, to: either }), { minLength: 1, maxLength: 3 }),
  });
  const limit = fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined });
  fc.assert(
    fc.property(directory, list, limit, (tenant, { others, rows }, maxAudience) => {
      const around = {
        before: [...others, ...rows.map(({ from }) => from).filter((each) => each !== undefined)],
        after: [...others, ...rows.map(({ to }) => to).filter((each) => each !== undefined)],
      };
      const all = rows.map((row) => ({ ...row, ...around }));
      const concerns = (countsOf: (group: string) => KnownCounts) =>
        all.map((row) => audienceConcerns(row, (each) => membersIn(countsOf(each)), maxAudience));
      const { countsOf } = countedFor(all, tenant, maxAudience);
      expect(concerns(countsOf)).toEqual(concerns((each) => tenant[each] ?? {}));
    }),
    { numRuns: 3_000 },
  );
});

test('of a kind that is not counted nothing is known', () => {
  const kinds: readonly MemberKind[] = ['users', 'devices'];
  for (const kind of kinds) expect(membersIn({ [kind]: 3 })).toBeUndefined();
  expect(membersIn({ users: 3, devices: 'unknown' })).toBeUndefined();
  expect(membersIn({ users: 3, devices: 0 })).toEqual({ users: 3, devices: 0 });
});
