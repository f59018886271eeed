import { audienceKey } from '../targets/audience.ts';
import { targetIn } from '../targets/currentTarget.ts';
import { odataType } from '../targets/odataTypes.ts';
import { platformOfType } from '../targets/platforms.ts';
import { protectionOfType } from './protections.ts';
import { TARGET_TYPES } from '../targets/target.ts';
import type { Kind } from './kind.ts';
import { CONFIGURATION } from './permissions.ts';

/**
 * Device configuration profiles, update rings and iOS and macOS update policies among them.
 * The nine nested forms address the certificate profile behind the policy.
 * Source: learn.microsoft.com/graph/api/intune-deviceconfig-deviceconfigurationassignment-update (forms),
 * …-deviceconfiguration-assign (the whole list), …/resources/intune-deviceconfig-deviceconfigurationassignment (read-only).
 */
export const deviceConfiguration: Kind<'deviceConfiguration'> = {
  policyType: 'deviceConfiguration',
  names: ['deviceConfigurationProfile', 'configurationProfile', 'configurationProfiles'],
  label: { one: 'configuration', many: 'configurations' },
  apiVersions: ['beta', 'v1.0'],
  root: 'deviceManagement',
  collection: 'deviceConfigurations',
  forms: [
    [],
    ['rootCertificate'],
    ['identityCertificate'],
    ['identityCertificate', 'rootCertificate'],
    ['microsoft.graph.iosScepCertificateProfile', 'rootCertificate'],
    ['microsoft.graph.windowsPhone81VpnConfiguration', 'identityCertificate'],
    ['microsoft.graph.macOSWiredNetworkConfiguration', 'rootCertificateForServerValidation'],
    ['microsoft.graph.macOSWiredNetworkConfiguration', 'identityCertificateForClientAuthentication'],
    ['microsoft.graph.windowsWifiEnterpriseEAPConfiguration', 'identityCertificateForClientAuthentication'],
    ['microsoft.graph.windowsWifiEnterpriseEAPConfiguration', 'rootCertificatesForServerValidation', '{id}'],
  ],
  list: { name: 'displayName', also: [], expands: true },
  write: { how: 'patch', assignProperty: 'assignments' },
  assignmentType: odataType('deviceConfigurationAssignment'),
  ownFields: [
    { name: 'intent', takes: ['apply', 'remove'] },
    { name: 'source', takes: ['direct', 'policySets'], isReadOnly: true },
    { name: 'sourceId', takes: 'text', isReadOnly: true },
  ],
  identity: (assignment) => audienceKey(targetIn(assignment)),
  targets: TARGET_TYPES,
  takesFilters: true,
  platformOf: (policy) => platformOfType(policy['@odata.type']),
  protects: (policy) => protectionOfType(policy['@odata.type']),
  family: 'deviceConfiguration',
  permissions: CONFIGURATION,
  approvalType: 'configurationPolicy',
};
