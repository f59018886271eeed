import { ANY_ID, type OwnProperty, type PolicyKind } from './kindShape.ts';
import { MORE_KINDS } from './moreKinds.ts';

const INTENT: OwnProperty = {
  takes: { enumName: 'deviceConfigAssignmentIntent', members: ['apply', 'remove'] },
  initial: 'apply',
};
const SOURCE: OwnProperty = {
  takes: { enumName: 'deviceAndAppManagementAssignmentSource', members: ['direct', 'policySets'] },
  initial: 'direct',
};
const SOURCE_ID: OwnProperty = { takes: 'text or null', initial: null };

/** Its lists are shown whichever way they are asked for. */
const LISTED = { expandsAll: 'yes', takesListFilter: true, listsAlone: true } as const;

/** Written down from Microsoft's documentation, apart from the table that the product builds its URLs with. */
const TABLE = [
  {
    type: 'deviceConfiguration',
    set: 'deviceConfigurations',
    area: 'deviceManagement',
    versions: ['beta', 'v1.0'],
    // In beta only. They address the assignments of a certificate profile.
    nestedForms: [
      ['rootCertificate'],
      ['identityCertificate'],
      ['identityCertificate', 'rootCertificate'],
      ['microsoft.graph.iosScepCertificateProfile', 'rootCertificate'],
      ['microsoft.graph.windowsPhone81VpnConfiguration', 'identityCertificate'],
      ['microsoft.graph.macOSWiredNetworkConfiguration', 'rootCertificateForServerValidation'],
      ['microsoft.graph.macOSWiredNetworkConfiguration', 'identityCertificateForClientAuthentication'],
      ['microsoft.graph.windowsWifiEnterpriseEAPConfiguration', 'identityCertificateForClientAuthentication'],
      [
        'microsoft.graph.windowsWifiEnterpriseEAPConfiguration',
        'rootCertificatesForServerValidation',
        ANY_ID,
      ],
    ],
    name: 'displayName',
    // Source: learn.microsoft.com/graph/api/resources/intune-deviceconfig-conceptual.
    policyTypes: [
      'windows10CustomConfiguration',
      'windows10GeneralConfiguration',
      'windowsUpdateForBusinessConfiguration',
      'iosGeneralDeviceConfiguration',
      'iosCustomConfiguration',
      'macOSGeneralDeviceConfiguration',
      'macOSCustomConfiguration',
      'androidGeneralDeviceConfiguration',
      'androidWorkProfileGeneralDeviceConfiguration',
      'androidDeviceOwnerGeneralDeviceConfiguration',
    ],
    assignmentType: 'deviceConfigurationAssignment',
    own: {
      source: { ...SOURCE, readOnly: true },
      sourceId: { ...SOURCE_ID, readOnly: true },
      intent: INTENT,
    },
    takesPatch: true,
    assign: { parameter: 'assignments', answers: 'list' },
    approvalType: 'configurationPolicy',
    ...LISTED,
  },
  {
    type: 'deviceCompliancePolicy',
    set: 'deviceCompliancePolicies',
    area: 'deviceManagement',
    versions: ['beta', 'v1.0'],
    nestedForms: [],
    name: 'displayName',
    policyTypes: [
      'windows10CompliancePolicy',
      'iosCompliancePolicy',
      'macOSCompliancePolicy',
      'androidCompliancePolicy',
      'androidWorkProfileCompliancePolicy',
      'androidDeviceOwnerCompliancePolicy',
    ],
    assignmentType: 'deviceCompliancePolicyAssignment',
    own: { source: SOURCE, sourceId: SOURCE_ID },
    takesPatch: true,
    assign: { parameter: 'assignments', answers: 'list' },
    approvalType: 'compliancePolicy',
    ...LISTED,
  },
  ...MORE_KINDS,
] as const satisfies readonly PolicyKind[];

export type PolicySet = (typeof TABLE)[number]['set'];
export type PolicyType = (typeof TABLE)[number]['type'];
export type SimulatedKind = PolicyKind & { readonly set: PolicySet; readonly type: PolicyType };

export const KINDS: readonly SimulatedKind[] = TABLE;

export const POLICY_TYPES: readonly PolicyType[] = KINDS.map(({ type }) => type);

const bySet = new Map<string, SimulatedKind>(KINDS.map((kind) => [kind.set, kind]));
const byType = new Map<string, SimulatedKind>(KINDS.map((kind) => [kind.type, kind]));

/** Undefined for a segment that names no set. */
export const kindIn = (segment: string): SimulatedKind | undefined => bySet.get(segment);

export const kindOfSet = (set: PolicySet): SimulatedKind => known(bySet.get(set));

export const kindOfType = (type: PolicyType): SimulatedKind => known(byType.get(type));

function known(kind: SimulatedKind | undefined): SimulatedKind {
  if (kind === undefined) throw new Error('every set and every type is in the table');
  return kind;
}

/** What a policy of this type is when nobody says it. */
export const defaultPolicyType = (type: PolicyType): string =>
  `#microsoft.graph.${kindOfType(type).policyTypes[0]}`;
