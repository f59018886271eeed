import { everybodyExcluded, fault, namedTarget, notKnown, policyIn, rows, statedRow } from './stated.ts';
import type { TableTool, ToolRow } from './tableTool.ts';
import { everybodyNamed, hasLostLetters, saysNoTarget } from './words.ts';

/** What it tells of an app's or a script's settings is a part of them. */
const SETTINGS = ['Schedule', 'Interval', 'ScheduleTime', 'Notification', 'DeliveryOptim'] as const;

/**
 * The assignment report. In Windows PowerShell it is ASCII: ids are intact, and letters that it had not are question marks.
 * Source: Intune-Toolkit, Scripts/Functions.ps1, AssignmentReportButton.ps1.
 */
export const intuneToolkit: TableTool = {
  is: 'an assignment report of Intune-Toolkit',
  has: ['PolicyId', 'AssignmentType', 'GroupDisplayname', 'FilterDisplayname'],
  also: [
    ...['PolicyName', 'PolicyDescription', 'GroupId', 'FilterId', 'FilterType', 'InstallIntent'],
    ...[...SETTINGS, 'Platform', 'ApplicationType'],
  ],
  saysActions: false,
  reader: (action) => (row) => {
    const isNamed = !hasLostLetters(row.text('PolicyName'));
    const policy = policyIn(row, { id: 'PolicyId', ...(isNamed && { name: 'PolicyName' }) });
    const written = row.text('AssignmentType').toLowerCase();
    if (saysNoTarget(written)) return { kind: 'passedOver', because: 'unassigned' };
    if (written === 'assigned')
      return fault(
        policy,
        'AssignmentType',
        'The report tells that the policy is assigned, and not to whom.',
        'Take the row out; `retarget export` tells it.',
      );
    if (written !== 'include' && written !== 'exclude')
      return notKnown(policy, 'AssignmentType', row, ['Include', 'Exclude']);
    const setting = action === 'remove' ? undefined : settingIn(row);
    if (setting !== undefined)
      return fault(
        policy,
        setting,
        `The assignment has settings (${setting}) of which the report tells a part only.`,
        'Take the row out; `retarget export` writes such assignments whole.',
      );
    const isExclusion = written === 'exclude';
    // Who has an id is a group, whatever it is called.
    const isGroup = row.text('GroupId') !== '';
    if (!isGroup && isExclusion && everybodyNamed(row.text('GroupDisplayname')) !== undefined)
      return everybodyExcluded(policy, 'GroupDisplayname', row);
    const named = namedTarget(isGroup ? '' : row.text('GroupDisplayname'), isExclusion);
    return rows([
      ...policy,
      ...statedRow(
        row,
        named,
        {
          ...{ target: 'AssignmentType', groupId: 'GroupId', groupName: 'GroupDisplayname' },
          ...{ filterId: 'FilterId', filterName: 'FilterDisplayname', filterType: 'FilterType' },
          intent: 'InstallIntent',
        },
        action,
      ),
    ]);
  },
};

const settingIn = (row: ToolRow): string | undefined => SETTINGS.find((name) => row.text(name) !== '');
