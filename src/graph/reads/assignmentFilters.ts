import type { FilterFact } from '../../assignments/guard/guard.ts';
import { isJsonObject } from '../../assignments/values/json.ts';
import { collection, readAll, type SendReads } from './reading.ts';

/** Pages that are read: no tenant has so many, however few filters a page shows. */
const FILTER_PAGES_MAX = 100;

export interface AssignmentFilter {
  readonly id: string;
  readonly name: string;
  /** Graph's `devicePlatformType`; `unknown` where it says none. */
  readonly platform: string;
  /** Whom it means, in Intune's own language; undefined where the tenant does not show it. */
  readonly rule: string | undefined;
}

/** All filters of the tenant; `unchecked`: they may not be read by this sign-in, or not now. */
export type AssignmentFilters =
  | { readonly kind: 'filters'; readonly filters: readonly AssignmentFilter[] }
  | { readonly kind: 'unchecked' };

/**
 * Reads the assignment filters of the tenant, which beta only has.
 * Source: learn.microsoft.com/graph/api/intune-policyset-deviceandappmanagementassignmentfilter-list
 * @param base root and version, for links to further pages
 */
export async function assignmentFilters(send: SendReads, base: string): Promise<AssignmentFilters> {
  const url = '/deviceManagement/assignmentFilters?$select=id,displayName,platform,rule';
  const [read] = await readAll([collection(url, base, FILTER_PAGES_MAX)], send);
  if (read?.kind !== 'all') return { kind: 'unchecked' };
  const filters: AssignmentFilter[] = [];
  for (const item of read.items) {
    if (!isJsonObject(item) || typeof item['id'] !== 'string') return { kind: 'unchecked' };
    const { id, displayName, platform, rule } = item;
    filters.push({
      id,
      name: typeof displayName === 'string' ? displayName : '',
      platform: typeof platform === 'string' ? platform : 'unknown',
      rule: typeof rule === 'string' ? rule : undefined,
    });
  }
  return { kind: 'filters', filters };
}

/** The same by id: the answer takes one in any spelling. */
export async function readAssignmentFilters(
  send: SendReads,
  base: string,
): Promise<(filterId: string) => FilterFact> {
  const read = await assignmentFilters(send, base);
  if (read.kind !== 'filters') return () => ({ kind: 'unchecked' });
  const filters = new Map(read.filters.map((filter) => [filter.id.toLowerCase(), filter]));
  return (filterId) => {
    const filter = filters.get(filterId.toLowerCase());
    if (filter === undefined) return { kind: 'missing' };
    const { platform, name } = filter;
    return { kind: 'ok', platform, ...(name !== '' && { name }) };
  };
}
