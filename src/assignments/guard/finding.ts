/**
 * What the guard stops unless it is allowed by name and count, the most dangerous first: what devices and users lose, what reaches more
 * of them than before, what is likely a mistake, what does nothing, and what nobody could check.
 */
export const GUARD_KINDS = [
  'cuts-off',
  'uninstall',
  'no-inclusion',
  'clear',
  'group-missing',
  'inclusion-to-exclusion',
  'exclusion-to-inclusion',
  'exclusion-lost',
  'filter-lost',
  'filter-flipped',
  'include-and-exclude',
  'intent-turned',
  'remediation-on',
  'all-devices',
  'all-users',
  'audience',
  'narrowed',
  'exclusion-without-effect',
  'group-kind-changed',
  'group-empty',
  'group-not-security',
  'filter-missing',
  'filter-platform',
  'exclusion-swapped',
  'filter-swapped',
  'target-twice',
  'in-deployment',
  'gone',
  'max-changes',
  'run-overlap',
  'unchecked-groups',
  'unchecked-filters',
  'no-undo',
] as const;
export type GuardKind = (typeof GUARD_KINDS)[number];

/** Where a yes is typed too quickly: whoever lets these through on a terminal types how many there are. */
const GRAVE: ReadonlySet<GuardKind> = new Set([
  'cuts-off',
  'uninstall',
  'no-inclusion',
  'clear',
  'inclusion-to-exclusion',
  'exclusion-to-inclusion',
  'exclusion-lost',
  'filter-lost',
  'filter-flipped',
  'include-and-exclude',
  'intent-turned',
  'remediation-on',
  'all-devices',
  'all-users',
  'audience',
  'max-changes',
  'no-undo',
]);

export const isGrave = (kind: GuardKind): boolean => GRAVE.has(kind);

/** Something that a row does and that somebody should know of before. */
export interface Finding {
  readonly kind: GuardKind;
  /**
   * A sentence for a person, with the ids of groups and filters and without the policy: rows that do the same have the same. Empty where
   * nothing is known but the kind.
   */
  readonly what: string;
}
