import { audienceKey } from '../targets/audience.ts';
import { targetIn } from '../targets/currentTarget.ts';
import { odataType, plainTypeName } from '../targets/odataTypes.ts';
import { platformOfType } from '../targets/platforms.ts';
import { protectionOfType } from './protections.ts';
import { TARGET_TYPES } from '../targets/target.ts';
import type { Kind } from './kind.ts';
import { CONFIGURATION } from './permissions.ts';
import { bringsFilter, noFilter } from './refusals.ts';

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
  refuses: ({ '@odata.type': type }, after, before) => {
    const what = UNFILTERED[plainTypeName(type)];
    return what !== undefined && bringsFilter(after, before) ? noFilter(what) : undefined;
  },
  platformOf: (policy) => platformOfType(policy['@odata.type']),
  protects: (policy) => protectionOfType(policy['@odata.type']),
  family: 'deviceConfiguration',
  permissions: CONFIGURATION,
  approvalType: 'configurationPolicy',
};

/** Source: learn.microsoft.com/intune/…/filters-supported-workloads */
const UNFILTERED: Readonly<Record<string, string>> = {
  iosupdateconfiguration: 'Update policies for iOS and iPadOS',
  windowswirednetworkconfiguration: 'Wired networks for Windows',
};
