import { audienceKey } from '../targets/audience.ts';
import { targetIn } from '../targets/currentTarget.ts';
import { odataType } from '../targets/odataTypes.ts';
import type { Kind } from './kind.ts';
import { SERVICE_CONFIG } from './permissions.ts';

/**
 * Terms and conditions. They know no list-replacing `assign` and no exclusions, and their collection can't be expanded.
 * Source: learn.microsoft.com/graph/api/intune-companyterms-termsandconditionsassignment-create and …-delete;
 * terraform-provider-microsoft365 and IntuneManagement (both used live)
 */
export const termsAndConditions: Kind<'termsAndConditions'> = {
  policyType: 'termsAndConditions',
  names: ['terms', 'termsOfUse', 'companyTerms'],
  label: { one: 'terms and conditions', many: 'terms and conditions' },
  apiVersions: ['beta', 'v1.0'],
  root: 'deviceManagement',
  collection: 'termsAndConditions',
  forms: [[]],
  list: { name: 'displayName', also: [], expands: false },
  write: { how: 'postDelete' },
  assignmentType: odataType('termsAndConditionsAssignment'),
  ownFields: [],
  identity: (assignment) => audienceKey(targetIn(assignment)),
  targets: ['group', 'allLicensedUsers', 'configurationManagerCollection'],
  takesFilters: false,
  leaves: 'terms that were accepted',
  platformOf: () => undefined,
  family: 'companyTerms',
  permissions: SERVICE_CONFIG,
  approvalType: undefined,
};
