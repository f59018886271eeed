import type { PolicyType } from '../kinds/registry.ts';

export interface ChangeLimits {
  /** Rows to be written of one policy type. */
  readonly maxChanges: number | 'off';
  /** The same as a share of the tenant's assignments of that type, in percent. */
  readonly maxPercent: number | 'off';
  /** Users and devices of a group that is brought in or taken out; undefined: none are too many. */
  readonly maxAudience?: number | undefined;
}

/**
 * The rows to be written of each policy type that breaks a limit. Where the tenant's assignments of a type could not be
 * counted, its share can't be judged, and only the number counts.
 */
export function overMaxChanges({
  writesByType,
  totalByType,
  maxChanges,
  maxPercent,
}: Omit<ChangeLimits, 'maxAudience'> & {
  readonly writesByType: ReadonlyMap<PolicyType, number>;
  readonly totalByType: ReadonlyMap<PolicyType, number | undefined>;
}): Map<PolicyType, number> {
  const isOver = ([type, writes]: readonly [PolicyType, number]): boolean => {
    const total = totalByType.get(type);
    const isTooMany = maxChanges !== 'off' && writes > maxChanges;
    const isTooLarge = maxPercent !== 'off' && total !== undefined && writes * 100 > maxPercent * total;
    return isTooMany || isTooLarge;
  };
  return new Map([...writesByType].filter(isOver));
}
