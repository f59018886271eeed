import { plainName } from '../values/plainName.ts';
import { deviceCompliancePolicy } from './deviceCompliancePolicy.ts';
import { deviceConfiguration } from './deviceConfiguration.ts';
import { MAIN_FAMILY, type Family } from './family.ts';
import { androidManagedAppProtection } from './androidManagedAppProtection.ts';
import { compliancePolicy } from './compliancePolicy.ts';
import { configurationPolicy } from './configurationPolicy.ts';
import { deviceCustomAttributeShellScript } from './deviceCustomAttributeShellScript.ts';
import { deviceEnrollmentConfiguration } from './deviceEnrollmentConfiguration.ts';
import { deviceHealthScript } from './deviceHealthScript.ts';
import { deviceManagementIntent } from './deviceManagementIntent.ts';
import { deviceManagementScript } from './deviceManagementScript.ts';
import { deviceShellScript } from './deviceShellScript.ts';
import { groupPolicyConfiguration } from './groupPolicyConfiguration.ts';
import { hardwareConfiguration } from './hardwareConfiguration.ts';
import { intuneBrandingProfile } from './intuneBrandingProfile.ts';
import { iosManagedAppProtection } from './iosManagedAppProtection.ts';
import { managedEBook } from './managedEBook.ts';
import { mobileApp } from './mobileApp.ts';
import { mobileAppConfiguration } from './mobileAppConfiguration.ts';
import { policySet } from './policySet.ts';
import { roleScopeTag } from './roleScopeTag.ts';
import { targetedManagedAppConfiguration } from './targetedManagedAppConfiguration.ts';
import { wdacSupplementalPolicy } from './wdacSupplementalPolicy.ts';
import { windowsDriverUpdateProfile } from './windowsDriverUpdateProfile.ts';
import { windowsFeatureUpdateProfile } from './windowsFeatureUpdateProfile.ts';
import { windowsManagedAppProtection } from './windowsManagedAppProtection.ts';
import { windowsQualityUpdatePolicy } from './windowsQualityUpdatePolicy.ts';
import { windowsQualityUpdateProfile } from './windowsQualityUpdateProfile.ts';
import type { Kind } from './kind.ts';
import { termsAndConditions } from './termsAndConditions.ts';
import { windowsAutopilotDeploymentProfile } from './windowsAutopilotDeploymentProfile.ts';

/** Every kind there is, in the order in which they are shown. A new one is its own file and its line here. */
const ALL = [
  ...([deviceConfiguration, deviceCompliancePolicy] as const),
  configurationPolicy,
  groupPolicyConfiguration,
  mobileApp,
  deviceManagementScript,
  deviceShellScript,
  deviceCustomAttributeShellScript,
  deviceHealthScript,
  windowsFeatureUpdateProfile,
  windowsQualityUpdateProfile,
  windowsQualityUpdatePolicy,
  windowsDriverUpdateProfile,
  mobileAppConfiguration,
  targetedManagedAppConfiguration,
  androidManagedAppProtection,
  iosManagedAppProtection,
  windowsManagedAppProtection,
  compliancePolicy,
  deviceEnrollmentConfiguration,
  windowsAutopilotDeploymentProfile,
  termsAndConditions,
  deviceManagementIntent,
  hardwareConfiguration,
  managedEBook,
  wdacSupplementalPolicy,
  policySet,
  intuneBrandingProfile,
  roleScopeTag,
] as const;

export type PolicyType = (typeof ALL)[number]['policyType'];
export type PolicyKind = Kind<PolicyType>;

export const KINDS: readonly PolicyKind[] = ALL;

export const POLICY_TYPES: readonly PolicyType[] = KINDS.map(({ policyType }) => policyType);

/** What the column `policyType` and the flags that ask for one understand: never the same name for two kinds. */
export const namesOf = ({ policyType, collection, names }: PolicyKind): readonly string[] => [
  ...new Set([policyType, collection, ...names].map(plainName)),
];

const kindByName = new Map(KINDS.flatMap((kind) => namesOf(kind).map((name) => [name, kind] as const)));
const kindByCollection = new Map(KINDS.map((kind) => [kind.collection.toLowerCase(), kind]));
const kindByType = new Map<string, PolicyKind>(KINDS.map((kind) => [kind.policyType, kind]));

/** The kind that a person calls so: by Graph's word, the collection or another name, whatever the case, spaces, `_` and `-`. */
export const kindNamed = (name: string): PolicyKind | undefined => kindByName.get(plainName(name));

/** The kind whose policies stand in this collection; Graph compares without case. */
export const kindOfCollection = (collection: string): PolicyKind | undefined =>
  kindByCollection.get(collection.toLowerCase());

/** Those that a version of Graph has. */
export const kindsIn = (version: string): readonly PolicyKind[] =>
  KINDS.filter(({ apiVersions }) => apiVersions.some((each) => each === version));

export function kindOf(policyType: PolicyType): PolicyKind {
  const kind = kindByType.get(policyType);
  if (kind === undefined) throw new Error(`no kind is called ${policyType}`);
  return kind;
}

/** The family that a request with this URL, relative or whole, counts in: the main one when it is about no kind. */
export function familyOfUrl(url: string): Family {
  const [, collection = ''] = /\/device(?:App)?Management\/([^/(?]+)/i.exec(url) ?? [];
  return kindOfCollection(collection)?.family ?? MAIN_FAMILY;
}
