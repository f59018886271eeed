import { describe, expect, test } from 'vitest';
import type { StatedAction } from '../../../../src/assignments/rows/takenFor.ts';
import { placesOf, readAll, valuesOf } from '../../../support/readAll.ts';

const P1 = '11111111-1111-4111-8111-111111111111';
const P2 = '44444444-4444-4444-8444-444444444444';
const G1 = '22222222-2222-4222-8222-222222222222';
const F1 = '33333333-3333-4333-8333-333333333333';

/** A table as its tool writes it, and what each of its rows is in our columns; of one that asks for nothing, undefined. */
interface Table {
  readonly tool: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly [
    cells: readonly string[],
    ...ours: (Record<string, unknown> | undefined)[],
  ])[];
}

const ADDED = { action: 'add', filterType: 'none' };

const TABLES: readonly Table[] = [
  {
    tool: "IntuneAssistant's template for bulk assignments",
    header: [
      'PolicyName',
      'GroupName',
      'AssignmentDirection',
      'AssignmentAction',
      'FilterName',
      'FilterType',
    ],
    rows: [
      [
        ['WIN, "Edge"', 'GRP-Pilot', 'Include', 'Add', 'Corporate', 'Include'],
        {
          ...{ policyName: 'WIN, "Edge"', action: 'add', targetType: 'group', groupName: 'GRP-Pilot' },
          ...{ filterName: 'Corporate', filterType: 'include' },
        },
      ],
      [
        ['Edge', 'All Users', 'include', 'add', '', ''],
        { policyName: 'Edge', targetType: 'allLicensedUsers', ...ADDED },
      ],
      [
        ['Edge', 'GRP-Kiosk', 'Exclude', 'Add', '', ''],
        { policyName: 'Edge', action: 'add', targetType: 'exclusionGroup', groupName: 'GRP-Kiosk' },
      ],
      [
        ['Edge', 'GRP-Old', 'Include', 'Remove', '', ''],
        { policyName: 'Edge', action: 'remove', fromTargetType: 'group', fromGroupName: 'GRP-Old' },
      ],
      [
        ['Edge', 'GRP-Old', 'Include', 'Remove', 'VIP', 'Exclude'],
        {
          ...{ policyName: 'Edge', action: 'remove', fromTargetType: 'group', fromGroupName: 'GRP-Old' },
          ...{ fromFilterName: 'VIP', targetType: 'group', groupName: 'GRP-Old', filterName: 'VIP' },
          filterType: 'exclude',
        },
      ],
      [
        ['PIN', 'All Devices', 'Include', 'Replace', '', ''],
        { policyName: 'PIN', action: 'clear' },
        { policyName: 'PIN', targetType: 'allDevices', ...ADDED },
      ],
      [
        ['pin', 'GRP-Kiosk', 'Exclude', 'Replace', '', ''],
        { policyName: 'pin', action: 'add', targetType: 'exclusionGroup', groupName: 'GRP-Kiosk' },
      ],
      [['Empty', '', '', 'NoAssignment', '', 'None'], { policyName: 'Empty', action: 'clear' }],
    ],
  },
  {
    tool: "IntuneAssistant's template for bulk assignments",
    header: [
      ...['PolicyName', 'GroupName', 'AssignmentDirection', 'AssignmentAction'],
      ...['Filter', 'Filter Type', 'Role Scope Tags'],
    ],
    rows: [
      [
        ['Edge', 'GRP-Pilot', 'Include', 'Add', 'Corporate', 'include', 'Default'],
        {
          ...{ policyName: 'Edge', action: 'add', targetType: 'group', groupName: 'GRP-Pilot' },
          ...{ filterName: 'Corporate', filterType: 'include' },
        },
      ],
      [
        ['iOS', '', '', 'NoAssignment', '', 'None', 'Default, Helpdesk'],
        { policyName: 'iOS', action: 'clear' },
      ],
    ],
  },
  {
    tool: 'an export of intune-assignments-manager',
    header: [
      ...['ItemType', 'ItemName', 'ItemId', 'TargetType', 'GroupName', 'GroupId'],
      ...['Intent', 'FilterName', 'FilterId', 'FilterMode'],
    ],
    rows: [
      [
        ['profile', 'WIN, Baseline', P1, 'group', 'GRP-Pilot', G1, 'applicable', 'Corporate', F1, 'include'],
        {
          ...{ policyId: P1, policyName: 'WIN, Baseline', action: 'add', targetType: 'group', groupId: G1 },
          ...{ groupName: 'GRP-Pilot', filterId: F1, filterName: 'Corporate', filterType: 'include' },
        },
      ],
      [
        ['app', 'Reader', P2, 'allDevices', 'All Devices', '', 'required', '', '', ''],
        { policyId: P2, policyName: 'Reader', targetType: 'allDevices', intent: 'required', ...ADDED },
      ],
      [
        ['compliance', 'PIN', P2, 'exclusion', `Unknown (${G1})`, '', 'applicable', '', '', ''],
        { policyId: P2, policyName: 'PIN', action: 'add', targetType: 'exclusionGroup', groupId: G1 },
      ],
      [
        ['compliance', 'PIN', P2, 'allUsers', 'All Users', '', '', '', '', ''],
        { policyId: P2, policyName: 'PIN', targetType: 'allLicensedUsers', ...ADDED },
      ],
    ],
  },
  {
    tool: 'an assignment report of Intune-Toolkit',
    header: [
      ...['PolicyId', 'PolicyName', 'PolicyDescription', 'AssignmentType', 'GroupDisplayname', 'GroupId'],
      ...['FilterId', 'FilterDisplayname', 'FilterType', 'InstallIntent', 'Schedule', 'Interval'],
      ...['ScheduleTime', 'Notification', 'DeliveryOptim', 'Platform', 'ApplicationType'],
    ],
    rows: [
      [
        [P1, 'Edge', '', 'Exclude', 'GRP-Kiosk', G1, '', '', 'none', '', '', '', '', '', '', 'Windows', ''],
        {
          ...{ policyId: P1, policyName: 'Edge', action: 'add', targetType: 'exclusionGroup' },
          ...{ groupId: G1, groupName: 'GRP-Kiosk' },
        },
      ],
      [
        [P2, 'M?nchen', '', 'Include', 'All Devices', '', F1, 'Corporate', 'include', ...blank(8)],
        {
          ...{ policyId: P2, action: 'add', targetType: 'allDevices' },
          ...{ filterId: F1, filterName: 'Corporate', filterType: 'include' },
        },
      ],
      // A group of that name is a group.
      [
        [P2, 'PIN', '', 'Include', 'All Users', G1, '', '', 'none', ...blank(8)],
        {
          policyId: P2,
          policyName: 'PIN',
          targetType: 'group',
          groupId: G1,
          groupName: 'All Users',
          ...ADDED,
        },
      ],
      [
        [P2, 'PIN', '', 'Include', `Group does not exist any more (${G1})`, G1, '', '', 'none', ...blank(8)],
        { policyId: P2, policyName: 'PIN', targetType: 'group', groupId: G1, ...ADDED },
      ],
      [[P2, 'PIN', '', '', '', '', '', '', '', ...blank(8)], undefined],
      [[P2, 'PIN', '', 'Not Assigned', '', '', '', '', '', ...blank(8)], undefined],
    ],
  },
  {
    tool: "IntuneAssignmentChecker's list of effective assignments",
    header: [
      ...['SubjectType', 'SubjectId', 'SubjectName', 'CategoryId', 'Category', 'PolicyName', 'PolicyId'],
      ...['Platform', 'Intent', 'EffectiveState', 'AssignmentMode', 'TargetType', 'TargetId', 'TargetName'],
      ...['FilterId', 'FilterName', 'FilterMode', 'AssignmentReason', 'DecisionCode', 'ReasonChain'],
    ],
    rows: [
      [
        effective(['Edge', P1], 'Include', 'Group', G1, 'GRP-Pilot', F1, 'Corporate', 'Include'),
        {
          ...{ policyId: P1, policyName: 'Edge', action: 'add', targetType: 'group', groupId: G1 },
          ...{ groupName: 'GRP-Pilot', filterId: F1, filterName: 'Corporate', filterType: 'include' },
        },
      ],
      // Of another of its devices.
      [
        effective(['Edge', P1], 'Include', 'Group', G1, 'GRP-Pilot', F1, 'Corporate', 'Include', 'PC-2'),
        undefined,
      ],
      [
        effective(['PIN', P2], 'Exclude', 'Group', G1, 'GRP-Kiosk', '', '', ''),
        {
          ...{ policyId: P2, policyName: 'PIN', action: 'add', targetType: 'exclusionGroup' },
          ...{ groupId: G1, groupName: 'GRP-Kiosk' },
        },
      ],
      [
        effective(['PIN', P2], 'Include', 'AllUsers', '', '', '', '', 'None'),
        { policyId: P2, policyName: 'PIN', targetType: 'allLicensedUsers', ...ADDED },
      ],
      [effective(['PIN', P2], 'None', 'None', '', '', '', '', ''), undefined],
    ],
  },
  {
    tool: 'an export of assignments by InToolz',
    header: [
      'Name',
      'Type',
      'Platform',
      'Assignment Target',
      'Target Group',
      'Filter ID',
      'Filter Type',
      'ID',
    ],
    rows: [
      [
        ['Edge', 'Settings Catalog', 'Windows', 'Exclusion Group', 'GRP-Kiosk', '', 'None', P1],
        {
          ...{ policyId: P1, policyName: 'Edge', action: 'add', targetType: 'exclusionGroup' },
          groupName: 'GRP-Kiosk',
        },
      ],
      [
        ['PIN', 'Device Compliance', 'iOS', 'All Users', '', F1, 'Include', P2],
        {
          ...{ policyId: P2, policyName: 'PIN', action: 'add', targetType: 'allLicensedUsers' },
          ...{ filterId: F1, filterType: 'include' },
        },
      ],
      [
        ['PIN', 'Device Compliance', 'iOS', '#microsoft.graph.groupAssignmentTarget', G1, '', 'None', P2],
        { policyId: P2, policyName: 'PIN', targetType: 'group', groupId: G1, ...ADDED },
      ],
    ],
  },
];

function blank(count: number): readonly string[] {
  return Array.from({ length: count }, () => '');
}

function effective(
  [policyName, policyId]: readonly [string, string],
  ...[mode, target, id, name, filterId, filterName, filterMode, device = 'PC-1']: string[]
): readonly string[] {
  return [
    ...['Device', 'd', device, 'x', 'Compliance', policyName, policyId, 'Windows', '', 'Included'],
    ...[mode, target, id, name, filterId, filterName, filterMode, 'why', 'Decision.Included', '[]'].map(
      (text) => text ?? '',
    ),
  ];
}

/** A table with this between its cells, quoted where it must be. */
const text = (rows: readonly (readonly string[])[], delimiter: string, isQuoted = false): string =>
  rows
    .map((row) =>
      row
        .map((cell) =>
          isQuoted || cell.includes(delimiter) || cell.includes('"')
            ? `"${cell.replaceAll('"', '""')}"`
            : cell,
        )
        .join(delimiter),
    )
    .join('\r\n');

/** The ways in which one table may come: as its tool writes it, through Excel, through PowerShell. */
const spellings = ({
  header,
  rows,
}: Table): readonly (readonly [how: string, content: string | Buffer])[] => {
  const cells = [header, ...rows.map(([row]) => row)];
  const reversed = cells.map((row) => row.toReversed());
  return [
    ['with commas', text(cells, ',')],
    ['with semicolons and a mark', `\ufeff${text(cells, ';')}\r\n`],
    ['with tabs', text(cells, '\t')],
    ['with bars', text(cells, '|', true)],
    ['with colons', text(cells, ':', true)],
    ['quoted', text(cells, ',', true)],
    ['in another order', text(reversed, ';')],
    ['in capitals', text([header.map((name) => name.toUpperCase()), ...cells.slice(1)], ',')],
    ['with a sep line', `sep=;\r\n${text(cells, ';')}`],
    ['with a sep line of bars', `sep=|\r\n${text(cells, '|')}`],
    ['with a type line', `#TYPE Selected.System.Object\r\n${text(cells, ',', true)}\r\n`],
    ['in UTF-16', Buffer.from(`\ufeff${text(cells, '\t')}\r\n`, 'utf16le')],
    ['in UTF-16, big end first', Buffer.from(`\ufeff${text(cells, ',')}`, 'utf16le').swap16()],
  ];
};

describe.each(TABLES)('$tool ($header)', (table) => {
  test.each(spellings(table))('is read %s', async (_, content) => {
    for (const chunkBytes of [7, 65_536]) {
      const { rows, problems, takenFor } = await readAll(content, 'csv', { chunkBytes });
      expect(problems).toEqual([]);
      expect(takenFor?.is).toBe(table.tool);
      const expected = table.rows.flatMap(([, ...ours]) => ours.filter((each) => each !== undefined));
      expect(rows.map(valuesOf)).toEqual(expected);
      const passedOver = table.rows.filter(([, first]) => first === undefined).length;
      expect([...(takenFor?.passedOver.values() ?? [])].reduce((sum, each) => sum + each, 0)).toBe(
        passedOver,
      );
    }
  });
});

const csv = (header: string, ...rows: string[]): string => [header, ...rows].join('\n');
const TEMPLATE = 'PolicyName;GroupName;AssignmentDirection;AssignmentAction;FilterName;FilterType';
const MANAGER = 'ItemType,ItemName,ItemId,TargetType,GroupName,GroupId,Intent,FilterName,FilterId,FilterMode';
const TOOLKIT =
  'PolicyId,PolicyName,AssignmentType,GroupDisplayname,GroupId,FilterId,FilterDisplayname,FilterType,Schedule';
const INTOOLZ = 'Name,Type,Platform,Assignment Target,Target Group,Filter ID,Filter Type,ID';

describe('what a row can not say safely is a problem, where it stands', () => {
  test.each([
    ['a group that is none', TEMPLATE, 'Edge;;Include;Add;;', '2:2', /names no group/, /All Users/],
    [
      'an action that is not known',
      TEMPLATE,
      'Edge;GRP;Include;Move;;',
      '2:4',
      /"Move" is no Assign/,
      /NoAssignment/,
    ],
    [
      'a direction that is not known',
      TEMPLATE,
      'Edge;GRP;;Add;;',
      '2:3',
      /AssignmentDirection is blank/,
      /Exclude/,
    ],
    ['everybody excluded', TEMPLATE, 'Edge;All Devices;Exclude;Add;;', '2:2', /can't be excluded/, /group/],
    [
      'a group that is left and is not',
      TEMPLATE,
      'Edge;GRP;Include;NoAssignment;;',
      '2:2',
      /every assignment/,
      /Remove/,
    ],
    [
      'shifted cells',
      TEMPLATE,
      'WIN; Edge;GRP;Include;Add;;',
      '2:7',
      /7 cells; the header has 6/,
      /double quotes/,
    ],
    [
      'an unknown target',
      MANAGER,
      `profile,Edge,${P1},unknown,,,,,,`,
      '2:4',
      /does not tell/,
      /Take the row out/,
    ],
    [
      'another target',
      MANAGER,
      `profile,Edge,${P1},team,,,,,,`,
      '2:4',
      /"team" is no TargetType/,
      /exclusion/,
    ],
    [
      'a schedule',
      TOOLKIT,
      `${P1},Clean,Include,GRP,${G1},,,none,Daily`,
      '2:9',
      /settings \(Schedule\)/,
      /export/,
    ],
    ['assigned to whom', TOOLKIT, `${P1},Base,Assigned,,,,,,`, '2:3', /not to whom/, /export/],
    [
      'the intent of an app',
      INTOOLZ,
      `Reader,Win32 App,Windows,Group,GRP,,None,${P1}`,
      '2:2',
      /intent of an app/,
      /export/,
    ],
    [
      'an unknown target in InToolz',
      INTOOLZ,
      `Edge,x,Windows,Unknown,,,None,${P1}`,
      '2:4',
      /Unknown/,
      /export/,
    ],
  ])('%s', async (_, header, row, place, message, remedy) => {
    const { rows, problems } = await readAll(csv(header, row), 'csv');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    });
    expect(`${problems[0]?.line}:${problems[0]?.column}`).toBe(place);
    // With its policy, so that the policy's other rows can be left out.
    const cells = valuesOf(rows[0]);
    if (place !== '2:7') expect(cells['policyId'] ?? cells['policyName']).toBeDefined();
  });

  test('a column that neither the tool nor we have is one', async () => {
    const { problems } = await readAll(csv(`${TEMPLATE};Owner`, 'Edge;GRP;Include;Add;;;me'), 'csv');
    expect(problems).toMatchObject([{ line: 1, column: 7, message: 'There is no column "Owner".' }]);
  });
});

test('problems of the cells are told where the tool has them', async () => {
  const { rows } = await readAll(
    csv(`FilterType;${TEMPLATE.replace(';FilterType', '')}`, ';Edge;GRP;Include;Remove;'),
    'csv',
  );
  expect(placesOf(rows[0], 'policyName', 'fromGroupName', 'action', 'policyId')).toEqual([
    1,
    2,
    3,
    5,
    undefined,
  ]);
});

// IntuneAssistant's own exports quote nothing, whatever stands in a name.
test('a quote within a cell is a character where the tool quotes nothing', async () => {
  const text = csv(TEMPLATE, 'WIN - "strict" 24";GRP "x";Include;Add;;', '"PIN; ""a""";GRP;Include;Add;;');
  const { rows, problems } = await readAll(text, 'csv');
  expect(problems).toEqual([]);
  expect(rows.map(({ cells }) => cells.get('policyName'))).toEqual(['WIN - "strict" 24"', 'PIN; "a"']);
  expect((await readAll(csv(MANAGER, `profile,a "b",${P1},group,,${G1},,,,`), 'csv')).problems).toMatchObject(
    [{ message: 'A double quote stands within a cell that does not start with one.' }],
  );
});

test('a table of ours may speak of other tools', async () => {
  const { problems } = await readAll(csv('policyId,note', 'p1,by Microsoft365DSC', 'p2,assignments:'), 'csv');
  expect(problems).toEqual([]);
});

test('our columns beside it tell policies and groups of one name apart', async () => {
  const header = `${TEMPLATE};policyType;Policy Id;GroupId;platform;note`;
  const { rows, problems } = await readAll(
    csv(header, `Edge;GRP;Include;Add;;;deviceConfiguration;${P1};${G1};iOS;x`),
    'csv',
  );
  expect(problems).toEqual([]);
  expect(rows.map(valuesOf)).toMatchObject([
    {
      policyType: 'deviceConfiguration',
      policyId: P1,
      policyName: 'Edge',
      groupId: G1,
      platform: 'iOS',
      note: 'x',
    },
  ]);
});

test('columns that somebody has named count for more than the tool', async () => {
  const { rows, takenFor } = await readAll(csv('policyName;groupName;fromGroupName', 'Edge;B;A'), 'csv');
  expect([rows.map(valuesOf), takenFor]).toEqual([
    [{ policyName: 'Edge', groupName: 'B', fromGroupName: 'A' }],
    undefined,
  ]);
});

test.each<[StatedAction, Record<string, unknown>]>([
  ['add', { action: 'add', targetType: 'group', groupId: G1, filterId: F1, filterType: 'exclude' }],
  [
    'set',
    {
      ...{ targetType: 'group', groupId: G1, filterId: F1, filterType: 'exclude' },
      ...{ fromTargetType: 'group', fromGroupId: G1 },
    },
  ],
  [
    'remove',
    {
      ...{ action: 'remove', targetType: 'group', groupId: G1, filterId: F1, filterType: 'exclude' },
      ...{ fromTargetType: 'group', fromGroupId: G1, fromFilterId: F1 },
    },
  ],
])('what an export lists can be told to %s', async (action, expected) => {
  const row = `profile,,${P1},group,,${G1},applicable,,${F1},exclude`;
  const { rows, takenFor } = await readAll(csv(MANAGER, row), 'csv', { action });
  expect(rows.map(valuesOf)).toEqual([{ policyId: P1, ...expected }]);
  expect(takenFor?.action).toBe(action);
});
