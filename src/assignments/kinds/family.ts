/** What is known of a family's limits. */
interface FamilyFacts {
  /** What a person calls its policies; in lower case where a sentence has it. */
  readonly label: string;
  /** Writes in 20 s that it takes from one app in one tenant. */
  readonly writesPerWindow: number;
  /**
   * Its kinds stand in no list of limits: they may be counted with those of this family, so that their requests are charged there as
   * well, until it is proved otherwise.
   */
  readonly alsoCharges?: 'deviceConfiguration';
}

const UNLISTED = { writesPerWindow: 100, alsoCharges: 'deviceConfiguration' } as const;

/**
 * Intune's families of requests: those for kinds of one family count together, those of two families do not. Of all requests a family
 * takes ten times as many as writes. The last ones are no families of Microsoft's, but kinds that are in no list.
 * Source: learn.microsoft.com/graph/throttling-limits, "Intune service limits" (subject to change).
 */
const FACTS = {
  deviceConfiguration: { label: 'device configuration', writesPerWindow: 100 },
  deviceConfigurationV2: { label: 'settings catalog', writesPerWindow: 100 },
  deviceIntent: { label: 'security baselines', writesPerWindow: 100 },
  devices: { label: 'scripts', writesPerWindow: 200 },
  updates: { label: 'updates', writesPerWindow: 100 },
  deviceEnrollment: { label: 'enrolment', writesPerWindow: 100 },
  applications: { label: 'apps', writesPerWindow: 100 },
  managedApplications: { label: 'app protection', writesPerWindow: 100 },
  bundles: { label: 'policy sets and filters', writesPerWindow: 100 },
  companyTerms: { label: 'terms and conditions', writesPerWindow: 100 },
  books: { label: 'eBooks', writesPerWindow: 100 },
  wip: { label: 'branding', writesPerWindow: 100 },
  unlock: { label: 'S mode', writesPerWindow: 100 },
  rbac: { label: 'scope tags', writesPerWindow: 100 },
  groupPolicy: { label: 'administrative templates', ...UNLISTED },
  complianceV2: { label: 'compliance (Linux)', ...UNLISTED },
  driverUpdates: { label: 'driver updates', ...UNLISTED },
  qualityUpdatePolicies: { label: 'hotpatch', ...UNLISTED },
  hardware: { label: 'BIOS', ...UNLISTED },
  autopilot: { label: 'Autopilot', ...UNLISTED },
} as const satisfies Readonly<Record<string, FamilyFacts>>;

export type Family = keyof typeof FACTS;

export const FAMILIES = Object.keys(FACTS) as readonly Family[];

/** The family of the product's first kinds, and of whatever is of none. */
export const MAIN_FAMILY: Family = 'deviceConfiguration';

export const familyFacts = (family: Family): FamilyFacts => FACTS[family];

/** The families whose limits a request of this one counts against. */
export const chargedBy = (family: Family): readonly Family[] => {
  const { alsoCharges } = familyFacts(family);
  return alsoCharges === undefined ? [family] : [family, alsoCharges];
};

/** The same of several, each once. */
export const allChargedBy = (families: readonly Family[]): readonly Family[] => [
  ...new Set(families.flatMap(chargedBy)),
];
