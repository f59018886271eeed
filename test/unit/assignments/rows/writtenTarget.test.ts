import { describe, expect, test } from 'vitest';
import { patchBody } from '../../../../src/assignments/changes/request.ts';
import { TARGET_COLUMNS, TARGET_TYPES } from '../../../../src/assignments/targets/target.ts';
import {
  changeOf,
  configuration,
  faultyColumns,
  problemsOf,
  V1,
  type Cells,
} from '../../../support/inputRow.ts';

const targetOf = (cells: Cells): unknown =>
  patchBody(changeOf({ ...configuration, ...cells }), undefined)['target'];

const CONFLICT = '#microsoft.graph.organizationalUnitAssignmentConflictSetting';

/** What each type takes, and what becomes of it, as Microsoft documents it. */
const KINDS: readonly {
  type: string;
  columns: Cells;
  optional: Cells;
  body: object;
  full?: object;
  v1: boolean;
}[] = [
  { type: 'group', columns: { groupId: 'G1' }, optional: {}, body: { groupId: 'G1' }, v1: true },
  { type: 'exclusionGroup', columns: { groupId: 'G1' }, optional: {}, body: { groupId: 'G1' }, v1: true },
  { type: 'allDevices', columns: {}, optional: {}, body: {}, v1: true },
  { type: 'allLicensedUsers', columns: {}, optional: {}, body: {}, v1: true },
  {
    type: 'configurationManagerCollection',
    columns: { collectionId: 'SMS00001' },
    optional: {},
    body: { collectionId: 'SMS00001' },
    v1: true,
  },
  {
    type: 'scopeTagGroup',
    columns: { scopeTagTargetType: 'Device', entraObjectId: 'E1' },
    optional: {},
    body: { targetType: 'device', entraObjectId: 'E1' },
    v1: false,
  },
  {
    type: 'organizationalUnit',
    columns: { organizationalUnitId: 'O1' },
    optional: { assignmentOverride: 'DENIED', versionNumber: '13' },
    body: { organizationalUnitId: 'O1' },
    full: {
      organizationalUnitId: 'O1',
      assignmentConflictSetting: { '@odata.type': CONFLICT, assignmentOverride: 'denied', versionNumber: 13 },
    },
    v1: false,
  },
];

test('every target type is described here', () => {
  expect(KINDS.map(({ type }) => type).toSorted()).toEqual([...TARGET_TYPES].toSorted());
});

describe.each(KINDS)('$type', ({ type, columns, optional, body, full, v1 }) => {
  const graphName = `#microsoft.graph.${type}AssignmentTarget`;

  test('is worded as Graph words it, by any of its names', () => {
    const names = [
      type,
      type.toUpperCase(),
      `${type}AssignmentTarget`,
      graphName,
      graphName.slice(1),
      graphName.toLowerCase(),
    ];
    for (const targetType of names)
      expect(targetOf({ ...columns, targetType }), targetType).toEqual({ '@odata.type': graphName, ...body });
    const whole = targetOf({ ...columns, ...optional, targetType: type });
    expect(whole).toEqual({ '@odata.type': graphName, ...(full ?? body) });
  });

  test('needs each of its columns', () => {
    for (const column of Object.keys(columns))
      expect(
        faultyColumns({ ...configuration, ...columns, targetType: type, [column]: undefined }),
        column,
      ).toEqual([column]);
  });

  test('takes no column of another type', () => {
    for (const column of TARGET_COLUMNS.filter((name) => !(name in columns) && !(name in optional)))
      expect(
        faultyColumns({ ...configuration, ...columns, targetType: type, [column]: 'x' }),
        column,
      ).toEqual([column]);
  });

  test('has no id that could not be one', () => {
    for (const column of Object.keys(columns).filter((name) => name.endsWith('Id')))
      for (const id of ['a/b', '..', 'a b', 'a\u0000', ['a'], { a: 1 }])
        expect(
          faultyColumns({ ...configuration, ...columns, targetType: type, [column]: id }),
          JSON.stringify(id),
        ).toEqual([column]);
  });

  test(`is ${v1 ? '' : 'not '}known to v1.0`, () => {
    const columnsThere = faultyColumns({ ...configuration, ...columns, targetType: type }, V1);
    expect(columnsThere).toEqual(v1 ? [] : ['targetType']);
  });
});

test.each([
  ['deviceAndAppManagementAssignmentTarget', 'abstract'],
  ['#microsoft.graph.DEVICEANDAPPMANAGEMENTASSIGNMENTTARGET', 'abstract'],
  ['#microsoft.graph.group', 'no targetType'],
  ['groups of people', 'no targetType'],
  ['__proto__', 'no targetType'],
  ['constructor', 'no targetType'],
  [17, 'no targetType'],
  [{ type: 'group' }, 'not text'],
])('%j is no target type', (targetType, why) => {
  expect(problemsOf({ ...configuration, targetType })).toMatchObject([
    { name: 'targetType', message: expect.stringContaining(why) },
  ]);
});

test.each(['grup', '#microsoft.graph.gruopAssignmentTarget'])(
  'a mistyped %s comes with the right one',
  (name) => {
    const [problem] = problemsOf({ ...configuration, targetType: name });
    expect(problem?.remedy).toContain('Did you mean "group"?');
  },
);

test('without any target the remedy names the ways to give one', () => {
  const [problem, ...others] = problemsOf(configuration);
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ name: 'targetType', message: 'targetType is missing.' });
  expect(problem?.remedy).toMatch(/allDevices.*target or body/);
});

test.each([
  ['0', 0],
  [7, 7],
  ['007', 7],
])('%j is a version number', (versionNumber, read) => {
  const target = targetOf({ targetType: 'organizationalUnit', organizationalUnitId: 'O1', versionNumber });
  expect(target).toMatchObject({ assignmentConflictSetting: { versionNumber: read } });
});

test.each(['-1', '1.5', '1e3', 'x', '９', '99999999999999999999', true])(
  '%j is no version number',
  (versionNumber) => {
    const cells = {
      ...configuration,
      targetType: 'organizationalUnit',
      organizationalUnitId: 'O1',
      versionNumber,
    };
    expect(faultyColumns(cells)).toEqual(['versionNumber']);
  },
);

test.each([
  [{ targetType: 'scopeTagGroup', entraObjectId: 'E1', scopeTagTargetType: 'users?' }, 'scopeTagTargetType'],
  [
    { targetType: 'organizationalUnit', organizationalUnitId: 'O1', assignmentOverride: 'maybe' },
    'assignmentOverride',
  ],
])('a word that the type does not know is a problem of its column: %j', (cells, column) => {
  expect(faultyColumns({ ...configuration, ...cells })).toEqual([column]);
});
