import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalAssignment, canonicalList } from '../../../../src/assignments/changes/canonical.ts';
import { isJsonObject, type JsonObject } from '../../../../src/assignments/values/json.ts';
import {
  allDevices,
  excluded,
  filter,
  group,
  current,
  target,
  unheardOf,
} from '../../../support/graphShapes.ts';

const same = (a: ReturnType<typeof current>, b: ReturnType<typeof current>): boolean =>
  canonicalAssignment(a) === canonicalAssignment(b);

describe('two readings mean the same', () => {
  test.each([
    [current(group('G1')), current(group('g1'), {}, 'another id')],
    [
      current(group('G1')),
      current({ ...group('G1'), '@odata.type': 'Microsoft.Graph.groupAssignmentTarget' }),
    ],
    [current(group('G1')), current(group('G1', filter()))],
    [current(group('G1')), current(group('G1', filter('', 'include')))],
    [current(group('G1')), current(group('G1', filter('F1', 'None')))],
    [current(group('G1')), current(group('G1', { later: null }), { sourceId: null })],
    [current(group('G1', filter('F1'))), current(group('G1', filter('f1', 'Include')))],
    [
      current(group('G1')),
      current(group('G1', { 'x@odata.navigationLink': 'there' }), {
        '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
        '@odata.context': 'here',
      }),
    ],
    [
      current(group('G1'), { source: 'direct', intent: 'apply' }),
      current(group('G1'), { intent: 'Apply', source: 'Direct' }),
    ],
  ])('%j and %j', (a, b) => {
    expect(canonicalAssignment(a)).toBe(canonicalAssignment(b));
  });
});

describe('two readings differ', () => {
  test.each([
    [current(group('G1')), current(group('G2'))],
    [current(group('G1')), current(excluded('G1'))],
    [current(group('G1')), current({ groupId: 'G1' })],
    [current(unheardOf), current({ ...unheardOf, servicePlanId: 'S2' })],
    [current(unheardOf), current({ ...unheardOf, '@odata.type': '#microsoft.graph.otherTarget' })],
    [current(group('G1')), current(group('G1', filter('F1')))],
    [current(group('G1', filter('F1'))), current(group('G1', filter('F2')))],
    [current(group('G1', filter('F1'))), current(group('G1', filter('F1', 'exclude')))],
    [current(group('G1')), current(group('G1', { unheardOf: true }))],
    [current(group('G1'), { intent: 'apply' }), current(group('G1'), { intent: 'remove' })],
    [current(group('G1'), { source: 'direct' }), current(group('G1'), { source: 'policySets' })],
    [current(group('G1'), { version: 1 }), current(group('G1'), { version: '1' })],
    [current(group('G1'), { tags: ['a', null] }), current(group('G1'), { tags: ['a'] })],
    [current(group('G1'), { tags: ['a', 'b'] }), current(group('G1'), { tags: ['b', 'a'] })],
    // Properties of the target are no properties of the assignment.
    [current(allDevices(), { x: 'y' }), current(allDevices({ x: 'y' }))],
    [current(target('x', { type: 'y' })), current(target('y', { type: 'x' }))],
  ])('%j and %j', (a, b) => {
    expect(same(a, b)).toBe(false);
  });
});

/** ASCII, whose letter case can be turned back and forth; what Unicode folds is not at stake. */
const text = fc.string({ unit: 'binary-ascii' });
const propertyName = fc.stringMatching(/^[a-z]\w{0,8}$/).filter((name) => name !== 'id' && name !== 'target');
const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(propertyName, tie('value'), { maxKeys: 3 }),
  ),
})).value;
const properties = fc.dictionary(propertyName, value, { maxKeys: 4 });
const assignment = fc
  .record({ own: properties, more: properties, type: propertyName, groupId: text })
  .map(({ own, more, type, groupId }) => current(target(type, { ...own, groupId }), more));

/** The same value written otherwise: other letter case, other order, nulls more, control properties more. */
function respelled(value: unknown): unknown {
  if (typeof value === 'string')
    return value === value.toUpperCase() ? value.toLowerCase() : value.toUpperCase();
  if (Array.isArray(value)) return value.map(respelled);
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries([
    ['@odata.etag', 'W/"1"'],
    ...members.toReversed().map(([name, inner]) => [name, respelled(inner)] as const),
    ['notThere', null],
  ]);
}

test('spelling never matters', () => {
  fc.assert(
    fc.property(assignment, (reading) => {
      const other = respelled(reading.whole) as JsonObject & { target: JsonObject };
      expect(canonicalAssignment(current(other.target, other, 'ANOTHER'))).toBe(canonicalAssignment(reading));
    }),
  );
});

test('a changed value always does, wherever it stands', () => {
  fc.assert(
    fc.property(assignment, properties, propertyName, text, text, (reading, deep, name, a, b) => {
      fc.pre(a.toLowerCase() !== b.toLowerCase());
      const withValue = (written: string): string[] => [
        canonicalAssignment(current(reading.target, { ...reading.whole, [name]: written })),
        canonicalAssignment(current({ ...reading.target, [name]: written }, reading.whole)),
        canonicalAssignment(
          current({ ...reading.target, [name]: [{ ...deep, [name]: written }] }, reading.whole),
        ),
      ];
      const [as, bs] = [withValue(a), withValue(b)];
      for (const [i, written] of as.entries()) expect(written).not.toBe(bs[i]);
    }),
  );
});

test('a property that is not there differs from one that is', () => {
  fc.assert(
    fc.property(assignment, propertyName, value, (reading, name, more) => {
      fc.pre(more !== null && !Object.hasOwn(reading.whole, name));
      expect(same(reading, current(reading.target, { ...reading.whole, [name]: more }))).toBe(false);
    }),
  );
});

test('a list is the same in any order, and another one with an entry more, less or twice', () => {
  const [a, b, c] = [current(group('G1')), current(excluded('G2'), {}, 'A2'), current(unheardOf, {}, 'A3')];
  expect(canonicalList([a, b, c])).toBe(canonicalList([c, a, b]));
  expect(canonicalList([a, b])).not.toBe(canonicalList([a, b, c]));
  expect(canonicalList([a, b])).not.toBe(canonicalList([a, a, b]));
  expect(canonicalList([])).not.toBe(canonicalList([a]));
});
