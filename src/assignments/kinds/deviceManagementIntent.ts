import { odataType } from '../targets/odataTypes.ts';
import { TARGET_TYPES } from '../targets/target.ts';
import { byTarget } from './byTarget.ts';
import type { Kind } from './kind.ts';
import { CONFIGURATION } from './permissions.ts';

/**
 * Endpoint security and baselines from before the settings catalog.
 * Source: learn.microsoft.com/graph/api/resources/intune-deviceintent-devicemanagementintentassignment
 */
export const deviceManagementIntent: Kind<'deviceManagementIntent'> = {
  policyType: 'deviceManagementIntent',
  names: ['intent', 'endpointSecurityIntent'],
  label: { one: 'legacy endpoint security policy', many: 'legacy endpoint security policies' },
  apiVersions: ['beta'],
  root: 'deviceManagement',
  collection: 'intents',
  forms: [[]],
  list: { name: 'displayName', also: ['isAssigned'], expands: false },
  write: {
    how: 'refused',
    because:
      'Legacy endpoint security policies are only read here, as Intune replaces them by the settings catalog.',
    instead: 'Move the policy to the settings catalog in Intune, and assign that one.',
  },
  assignmentType: odataType('deviceManagementIntentAssignment'),
  ownFields: [],
  identity: byTarget,
  targets: TARGET_TYPES,
  takesFilters: true,
  platformOf: () => undefined,
  family: 'deviceIntent',
  permissions: CONFIGURATION,
  approvalType: undefined,
};
