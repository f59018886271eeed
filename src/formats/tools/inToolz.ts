import { targetTypeNamed } from '../../assignments/rows/writtenTarget.ts';
import { plainName } from '../../assignments/values/plainName.ts';
import { fault, notKnown, policyIn, rows, statedRow, type StatedTarget } from './stated.ts';
import type { TableTool } from './tableTool.ts';
import { saysNoTarget } from './words.ts';

const TARGETS: Readonly<Record<string, StatedTarget>> = {
  allusers: 'allLicensedUsers',
  alldevices: 'allDevices',
  exclusiongroup: 'exclusionGroup',
  group: 'group',
};

/** An app's assignment is more than its target. */
const APP = /\bapp(?:lication)?s?\b/i;
const NO_APP = /protection|configuration|control/i;

/** Source: InToolz, Utilities/CsvExporter.cs. `Target Group` is the group's id where its name was not found. */
export const inToolz: TableTool = {
  is: 'an export of assignments by InToolz',
  has: ['Name', 'Type', 'Assignment Target', 'Target Group', 'Filter ID'],
  also: ['Platform', 'Filter Type', 'ID', 'GroupId'],
  saysActions: false,
  reader: (action) => (row) => {
    const policy = policyIn(row, { id: 'ID', name: 'Name' });
    const written = row.text('Assignment Target');
    if (saysNoTarget(written)) return { kind: 'passedOver', because: 'unassigned' };
    if (plainName(written) === 'unknown')
      return fault(
        policy,
        'Assignment Target',
        'The export does not tell what the policy is assigned to (Unknown).',
        'Take the row out; `retarget export` tells it.',
      );
    const kind = row.text('Type');
    if (APP.test(kind) && !NO_APP.test(kind))
      return fault(
        policy,
        'Type',
        "The export does not tell the intent of an app's assignment.",
        'Take the row out; `retarget export` tells it.',
      );
    const type = TARGETS[plainName(written)] ?? graphsOwn(written);
    if (type === undefined)
      return notKnown(policy, 'Assignment Target', row, [
        'All Users',
        'All Devices',
        'Exclusion Group',
        'Group',
      ]);
    return rows([
      ...policy,
      ...statedRow(
        row,
        type,
        {
          ...{ target: 'Assignment Target', groupId: 'GroupId', groupName: 'Target Group' },
          ...{ filterId: 'Filter ID', filterType: 'Filter Type' },
        },
        action,
      ),
    ]);
  },
};

const graphsOwn = (written: string): StatedTarget | undefined =>
  Object.values(TARGETS).find((type) => type === targetTypeNamed(written));
