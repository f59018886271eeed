import { audienceKey } from '../targets/audience.ts';
import { targetIn, targetTypeOf } from '../targets/currentTarget.ts';
import { odataType } from '../targets/odataTypes.ts';
import type { JsonObject } from '../values/json.ts';
import type { Kind } from './kind.ts';
import { SERVICE_CONFIG } from './permissions.ts';
import { isExcluding } from './refusals.ts';

/**
 * Autopilot deployment profiles. Their action `assign` is about single devices; groups are assigned one by one. All users can't be assigned.
 * Source: learn.microsoft.com/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-create and …-delete;
 * terraform-provider-microsoft365 and IntuneManagement (both used live)
 */
export const windowsAutopilotDeploymentProfile: Kind<'windowsAutopilotDeploymentProfile'> = {
  policyType: 'windowsAutopilotDeploymentProfile',
  names: ['autopilot', 'autopilotProfile', 'autopilotProfiles', 'autopilotDeploymentProfile'],
  label: { one: 'Autopilot profile', many: 'Autopilot profiles' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'windowsAutopilotDeploymentProfiles',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: true },
  write: { how: 'postDelete' },
  assignmentType: odataType('windowsAutopilotDeploymentProfileAssignment'),
  ownFields: [
    { name: 'source', takes: ['direct', 'policySets'], isReadOnly: true },
    { name: 'sourceId', takes: 'text', isReadOnly: true },
  ],
  identity: (assignment) => audienceKey(targetIn(assignment)),
  targets: ['group', 'exclusionGroup', 'allDevices'],
  takesFilters: false,
  leaves: 'devices that were set up',
  // Not supported, and a device may have to be registered anew for it: github.com/MicrosoftDocs/memdocs/pull/4144.
  notBeside: (entry, other) =>
    isExcluding(entry) !== isExcluding(other) && [entry, other].some(isForAllDevices)
      ? 'An Autopilot profile can’t be assigned to all devices and exclude a group, not for a moment either: remove the one in a run of its own first.'
      : undefined,
  platformOf: () => 'windows10AndLater',
  family: 'autopilot',
  permissions: SERVICE_CONFIG,
  approvalType: undefined,
};

const isForAllDevices = (entry: JsonObject): boolean => targetTypeOf(targetIn(entry)) === 'allDevices';
