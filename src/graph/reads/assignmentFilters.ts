import type { FilterFact } from '../../assignments/guard/guard.ts';
import { isJsonObject } from '../../assignments/values/json.ts';
import { collection, readAll, type SendReads } from './reading.ts';

/** Pages that are read: no tenant has so many, however few filters a page shows. */
const FILTER_PAGES_MAX = 100;

/**
 * Reads the assignment filters of the tenant, which beta only has. The answer takes an id in any spelling, with a platform
 * in Graph's words (devicePlatformType) or `unknown`. `unchecked`: they may not be read by this sign-in, or not now.
 * Source: learn.microsoft.com/graph/api/intune-policyset-deviceandappmanagementassignmentfilter-list
 * @param base root and version, for links to further pages
 */
export async function readAssignmentFilters(
  send: SendReads,
  base: string,
): Promise<(filterId: string) => FilterFact> {
  const url = '/deviceManagement/assignmentFilters?$select=id,displayName,platform';
  const [read] = await readAll([collection(url, base, FILTER_PAGES_MAX)], send);
  if (read?.kind !== 'all') return () => ({ kind: 'unchecked' });
  const platforms = new Map<string, string>();
  for (const item of read.items) {
    if (!isJsonObject(item) || typeof item['id'] !== 'string') return () => ({ kind: 'unchecked' });
    const { platform } = item;
    platforms.set(item['id'].toLowerCase(), typeof platform === 'string' ? platform : 'unknown');
  }
  return (filterId) => {
    const platform = platforms.get(filterId.toLowerCase());
    return platform === undefined ? { kind: 'missing' } : { kind: 'ok', platform };
  };
}
