import { odataType } from '../targets/odataTypes.ts';
import type { JsonObject } from '../values/json.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { SCRIPTS } from './permissions.ts';
import type { Refusal } from './refusal.ts';
import { isExcluding, isSaid } from './refusals.ts';

/**
 * Remediations. Each assignment says when the scripts run and whether the one that remediates does; an exclusion has no schedule.
 * Source: learn.microsoft.com/graph/api/intune-devices-devicehealthscript-assign, …/resources/intune-devices-devicehealthscriptassignment
 */
export const deviceHealthScript: Kind<'deviceHealthScript'> = {
  policyType: 'deviceHealthScript',
  names: ['remediation', 'remediations', 'proactiveRemediation'],
  label: { one: 'remediation', many: 'remediations' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'deviceHealthScripts',
  forms: [[]],
  list: { name: 'displayName', also: ['isGlobalScript'], expands: true },
  write: { how: 'assign', assignProperty: 'deviceHealthScriptAssignments' },
  assignmentType: odataType('deviceHealthScriptAssignment'),
  ownFields: [
    { name: 'runRemediationScript', takes: 'boolean' },
    { name: 'runSchedule', takes: 'json' },
  ],
  identity: byTarget,
  targets: ['group', 'exclusionGroup', 'allDevices', 'allLicensedUsers'],
  takesFilters: true,
  entryRefusal,
  addRefusal,
  settled: (entry) => (isExcluding(entry) ? excluding(entry) : entry),
  leaves: 'what scripts have done',
  platformOf: () => 'windows10AndLater',
  family: 'devices',
  permissions: SCRIPTS,
  approvalType: 'script',
};

/** An exclusion has no schedule, and says that nothing runs where it says nothing: Graph wants that of every entry. */
const excluding = (entry: JsonObject): JsonObject => ({
  ...entry,
  runRemediationScript: isSaid(entry['runRemediationScript']) ? entry['runRemediationScript'] : false,
  runSchedule: null,
});

function entryRefusal(entry: JsonObject): Refusal | undefined {
  if (!isExcluding(entry) || !isSaid(entry['runSchedule'])) return undefined;
  return {
    about: 'runSchedule',
    message: 'An exclusion from a remediation has no schedule.',
    remedy: 'Leave runSchedule blank.',
  };
}

function addRefusal(entry: JsonObject): Refusal | undefined {
  if (!isSaid(entry['runRemediationScript']) && !isExcluding(entry))
    return {
      about: 'runRemediationScript',
      message: 'Whether the remediation script runs is not said.',
      remedy: 'Write true, or false to detect only.',
    };
  if (!isSaid(entry['runSchedule']) && !isExcluding(entry))
    return {
      about: 'runSchedule',
      message: 'When the remediation runs is not said.',
      remedy:
        'Write {"@odata.type":"#microsoft.graph.deviceHealthScriptDailySchedule","interval":1,"useUtc":false,"time":"01:00:00"}, or another schedule as an export has it.',
    };
  return undefined;
}
