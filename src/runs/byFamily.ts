import type { Family } from '../assignments/kinds/family.ts';

/** Rows of one throttle family of a run. */
export interface FamilyCounts {
  readonly family: Family;
  readonly total: number;
  /** Rows that are not settled, and those among them whose write may have left. */
  readonly left: number;
  readonly sent: number;
}

const COUNTED = ['total', 'left', 'sent'] as const;

/** The fields of a header that count so much of each family; none where there is only one, of which the run's own counters tell. */
export const familyFields = (counts: readonly FamilyCounts[]): Readonly<Record<string, string>> =>
  counts.length < 2
    ? {}
    : Object.fromEntries(
        counts.flatMap((each) => COUNTED.map((name) => [`${name}:${each.family}`, String(each[name])])),
      );

/** The same, read back. */
export const countsByFamily = (
  families: readonly Family[],
  header: Readonly<Record<string, string>>,
): readonly FamilyCounts[] =>
  families.map((family) => {
    const of = (name: (typeof COUNTED)[number]): number =>
      Number(header[`${name}:${family}`] ?? header[name] ?? 0);
    return { family, total: of('total'), left: of('left'), sent: of('sent') };
  });
