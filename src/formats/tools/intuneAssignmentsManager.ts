import { fault, notKnown, policyIn, rows, statedRow, type StatedTarget } from './stated.ts';
import type { TableTool } from './tableTool.ts';

const TARGETS: Readonly<Record<string, StatedTarget>> = {
  group: 'group',
  exclusion: 'exclusionGroup',
  alldevices: 'allDevices',
  allusers: 'allLicensedUsers',
};

/** Source: intune-assignments-manager, src/lib/utils/csv-assignments.ts. Which kind a "profile" is of, the tenant tells. */
export const intuneAssignmentsManager: TableTool = {
  is: 'an export of intune-assignments-manager',
  has: ['ItemType', 'ItemName', 'ItemId', 'TargetType', 'FilterMode'],
  also: ['GroupName', 'GroupId', 'Intent', 'FilterName', 'FilterId'],
  saysActions: false,
  reader: (action) => (row) => {
    const policy = policyIn(row, { id: 'ItemId', name: 'ItemName' });
    const written = row.text('TargetType').toLowerCase();
    if (written === '') return { kind: 'passedOver', because: 'unassigned' };
    if (written === 'unknown')
      return fault(
        policy,
        'TargetType',
        'The export does not tell what the policy is assigned to ("unknown").',
        'Take the row out, or write group, exclusion, allDevices or allUsers.',
      );
    const type = TARGETS[written];
    if (type === undefined)
      return notKnown(policy, 'TargetType', row, ['group', 'exclusion', 'allDevices', 'allUsers']);
    // Its word where an assignment has no intent.
    const hasIntent = row.text('Intent').toLowerCase() !== 'applicable';
    return rows([
      ...policy,
      ...statedRow(
        row,
        type,
        {
          ...{ target: 'TargetType', groupId: 'GroupId', groupName: 'GroupName' },
          ...{ filterId: 'FilterId', filterName: 'FilterName', filterType: 'FilterMode' },
          ...(hasIntent && { intent: 'Intent' }),
        },
        action,
      ),
    ]);
  },
};
