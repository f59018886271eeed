import { audienceKey } from '../targets/audience.ts';
import { targetIn } from '../targets/currentTarget.ts';
import { odataType } from '../targets/odataTypes.ts';
import { platformOfType } from '../targets/platforms.ts';
import { TARGET_TYPES } from '../targets/target.ts';
import type { Kind } from './kind.ts';
import { CONFIGURATION } from './permissions.ts';

/**
 * Compliance policies. The portal's "compliance policy" alone is no name for them: Graph calls another kind
 * `compliancePolicy`, the one that Linux has.
 * Source: learn.microsoft.com/graph/api/intune-deviceconfig-devicecompliancepolicyassignment-update,
 * …-devicecompliancepolicy-assign (the whole list).
 */
export const deviceCompliancePolicy: Kind<'deviceCompliancePolicy'> = {
  policyType: 'deviceCompliancePolicy',
  names: ['deviceCompliance'],
  label: { one: 'compliance policy', many: 'compliance policies' },
  apiVersions: ['beta', 'v1.0'],
  root: 'deviceManagement',
  collection: 'deviceCompliancePolicies',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: true },
  write: { how: 'patch', assignProperty: 'assignments' },
  assignmentType: odataType('deviceCompliancePolicyAssignment'),
  ownFields: [
    { name: 'source', takes: ['direct', 'policySets'] },
    { name: 'sourceId', takes: 'text' },
  ],
  identity: (assignment) => audienceKey(targetIn(assignment)),
  targets: TARGET_TYPES,
  takesFilters: true,
  platformOf: (policy) => platformOfType(policy['@odata.type']),
  protects: () => 'compliance',
  family: 'deviceConfiguration',
  permissions: CONFIGURATION,
  approvalType: 'compliancePolicy',
};
