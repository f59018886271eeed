/** What the guard stops unless it is allowed by name and count, in the order in which it is shown. */
export const GUARD_KINDS = [
  'filter-lost',
  'filter-flipped',
  'filter-swapped',
  'exclusion-dropped',
  'exclusion-to-inclusion',
  'inclusion-to-exclusion',
  'include-and-exclude',
  'all-devices',
  'all-users',
  'narrowed',
  'intent-turned',
  'uninstall',
  'remediation-on',
  'no-inclusion',
  'clear',
  'gone',
  'group-missing',
  'group-not-security',
  'group-empty',
  'unchecked-groups',
  'filter-missing',
  'filter-platform',
  'unchecked-filters',
  'max-changes',
  'no-undo',
] as const;
export type GuardKind = (typeof GUARD_KINDS)[number];

/** Something that a row does and that somebody should know of before. */
export interface Finding {
  readonly kind: GuardKind;
  /** A sentence for a person. Holds names from Graph as they are, so it is made visible before a terminal shows it. */
  readonly what: string;
}

/** A finding, and the lines of the input that it is about; `line` is the first of them. */
export interface LinedFinding extends Finding {
  readonly line: number;
  readonly lines: readonly number[];
}

/** These say something of a group or a filter, whatever policy a row brings it to: told once, with all of its lines. */
export const ABOUT_TENANT: ReadonlySet<GuardKind> = new Set([
  'group-missing',
  'group-not-security',
  'group-empty',
  'filter-missing',
]);
