import {
  everybodyExcluded,
  fault,
  notKnown,
  policyIn,
  rows,
  statedRow,
  type StatedColumns,
} from './stated.ts';
import type { StatedAction } from '../../assignments/rows/takenFor.ts';
import type { TableTool, ToolReading, ToolRow } from './tableTool.ts';

const COLUMNS: StatedColumns = {
  ...{ target: 'AssignmentMode', groupId: 'TargetId', groupName: 'TargetName' },
  ...{ filterId: 'FilterId', filterName: 'FilterName', filterType: 'FilterMode', intent: 'Intent' },
};

/** Source: IntuneAssignmentChecker, Public/Get-IntuneEffectiveAssignment.ps1: a row for each of its subjects and assignments. */
export const effectiveAssignments: TableTool = {
  is: "IntuneAssignmentChecker's list of effective assignments",
  has: ['SubjectType', 'SubjectId', 'EffectiveState', 'AssignmentMode', 'TargetId'],
  also: [
    ...[
      'SubjectName',
      'CategoryId',
      'Category',
      'PolicyName',
      'PolicyId',
      'Platform',
      'Intent',
      'TargetType',
    ],
    ...[
      'TargetName',
      'FilterId',
      'FilterName',
      'FilterMode',
      'AssignmentReason',
      'DecisionCode',
      'ReasonChain',
    ],
  ],
  saysActions: false,
  reader: (action) => recordReader(action),
};

/** What its records say, in a table or in the snapshot, each assignment once. */
export function recordReader(action: StatedAction): (row: ToolRow) => ToolReading {
  const seen = new Set<string>();
  return (row) => {
    const reading = recordOf(row, action);
    if (reading.kind !== 'rows') return reading;
    const key = JSON.stringify(reading.rows);
    if (seen.has(key)) return { kind: 'passedOver', because: 'repeated' };
    seen.add(key);
    return reading;
  };
}

function recordOf(row: ToolRow, action: StatedAction): ToolReading {
  const policy = policyIn(row, { id: 'PolicyId', name: 'PolicyName' });
  const mode = row.text('AssignmentMode').toLowerCase();
  const target = row.text('TargetType').toLowerCase();
  if (mode === 'none' || target === 'none' || (mode === '' && target === ''))
    return { kind: 'passedOver', because: 'unassigned' };
  if (mode === 'unknown' || target === 'unknown')
    return fault(
      policy,
      mode === 'unknown' ? 'AssignmentMode' : 'TargetType',
      'The file does not tell what the policy is assigned to (Unknown).',
      'Take the row out; `retarget export` tells it.',
    );
  if (mode !== 'include' && mode !== 'exclude')
    return notKnown(policy, 'AssignmentMode', row, ['Include', 'Exclude']);
  switch (target) {
    case 'group':
      return rows([
        ...policy,
        ...statedRow(row, mode === 'exclude' ? 'exclusionGroup' : 'group', COLUMNS, action),
      ]);
    case 'allusers':
    case 'alldevices':
      if (mode === 'exclude') return everybodyExcluded(policy, 'TargetType', row);
      return rows([
        ...policy,
        ...statedRow(row, target === 'allusers' ? 'allLicensedUsers' : 'allDevices', COLUMNS, action),
      ]);
    default:
      return notKnown(policy, 'TargetType', row, ['Group', 'AllUsers', 'AllDevices']);
  }
}
