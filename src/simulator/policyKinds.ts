import type { ApiVersion } from './apiVersion.ts';

/** A key among fixed segments. */
export const ANY_ID = Symbol('any id');

/** A property that an assignment has besides `id` and `target`, in beta only. */
export interface OwnProperty {
  readonly takes:
    'text or null' | 'boolean' | 'object or null' | { enumName: string; members: readonly string[] };
  /** What it is where nobody says it. */
  readonly initial: unknown;
  /** OData ignores read-only properties that are sent. */
  readonly readOnly?: true;
}

/** One kind of policies. A new one is an entry of the table below. */
interface PolicyKind {
  /** As settings and tenant files name it. */
  readonly type: string;
  readonly set: string;
  readonly area: 'deviceManagement' | 'deviceAppManagement';
  readonly versions: readonly ApiVersion[];
  readonly nestedForms: readonly (readonly (string | typeof ANY_ID)[])[];
  /** The property that shows a policy's name. */
  readonly name: 'displayName' | 'name';
  /** Some of the types of its policies; the first is what a policy is when nobody says it. */
  readonly policyTypes: readonly [string, ...string[]];
  readonly assignmentType: string;
  readonly own: Readonly<Record<string, OwnProperty>>;
  readonly takesPatch: boolean;
  /** The parameter of `assign` that has the list, and what is answered; null: it is not done by `assign`. */
  readonly assign: { readonly parameter: string; readonly answers: 'list' | 'nothing' } | null;
  /** Assignments come by POST and go by DELETE, one at a time; their ids are made of policy, group and a number, or GUIDs. */
  readonly single?: 'numbered' | 'guid';
  /** Targets that it takes, without `AssignmentTarget`; undefined: all. */
  readonly targets?: readonly string[];
  /** The `operationApprovalPolicyType` that covers it. */
  readonly approvalType: string | null;
}

const INTENT: OwnProperty = {
  takes: { enumName: 'deviceConfigAssignmentIntent', members: ['apply', 'remove'] },
  initial: 'apply',
};
const SOURCE: OwnProperty = {
  takes: { enumName: 'deviceAndAppManagementAssignmentSource', members: ['direct', 'policySets'] },
  initial: 'direct',
};
const SOURCE_ID: OwnProperty = { takes: 'text or null', initial: null };

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
  },
  {
    type: 'windowsAutopilotDeploymentProfile',
    set: 'windowsAutopilotDeploymentProfiles',
    area: 'deviceManagement',
    versions: ['beta'],
    nestedForms: [],
    name: 'displayName',
    policyTypes: [
      'azureADWindowsAutopilotDeploymentProfile',
      'activeDirectoryWindowsAutopilotDeploymentProfile',
    ],
    assignmentType: 'windowsAutopilotDeploymentProfileAssignment',
    own: { source: { ...SOURCE, readOnly: true }, sourceId: { ...SOURCE_ID, readOnly: true } },
    takesPatch: false,
    assign: null,
    single: 'numbered',
    targets: ['group', 'exclusionGroup', 'allDevices'],
    approvalType: null,
  },
  {
    type: 'termsAndConditions',
    set: 'termsAndConditions',
    area: 'deviceManagement',
    versions: ['beta', 'v1.0'],
    nestedForms: [],
    name: 'displayName',
    policyTypes: ['termsAndConditions'],
    assignmentType: 'termsAndConditionsAssignment',
    own: {},
    takesPatch: false,
    assign: null,
    single: 'guid',
    targets: ['group', 'allLicensedUsers', 'configurationManagerCollection'],
    approvalType: null,
  },
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
