import type { Random } from './random.ts';
import { kindOfType, type PolicyType } from './policyKinds.ts';

/**
 * Platforms that a filter is made for. Source: learn.microsoft.com/graph/api/resources/intune-shared-deviceplatformtype
 * (beta); androidForWork is what Intune calls Android Enterprise.
 */
export const PLATFORMS = [
  'windows10AndLater',
  'iOS',
  'macOS',
  'androidForWork',
  'android',
  'windowsPhone81',
] as const;
export type Platform = (typeof PLATFORMS)[number];

/** The `@odata.type` of some policy. */
export function anyPolicyType(type: PolicyType, random: Random): string {
  const { policyTypes } = kindOfType(type);
  return `#microsoft.graph.${policyTypes[Math.floor(random() * policyTypes.length)]}`;
}

/** How the names of the kinds of a platform begin; the first that fits counts. */
const BEGINNINGS: readonly (readonly [string, Platform])[] = [
  ['ios', 'iOS'],
  ['macOS', 'macOS'],
  ['androidWorkProfile', 'androidForWork'],
  ['androidDeviceOwner', 'androidForWork'],
  ['androidForWork', 'androidForWork'],
  ['android', 'android'],
  ['windowsPhone81', 'windowsPhone81'],
];

/** The platform of a policy by its `@odata.type`. */
export function platformOf(odataType: string): Platform {
  const name = odataType.replace(/^#?microsoft\.graph\./, '');
  return BEGINNINGS.find(([beginning]) => name.startsWith(beginning))?.[1] ?? 'windows10AndLater';
}
