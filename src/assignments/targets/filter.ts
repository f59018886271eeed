import { isZeroGuid } from '../values/guid.ts';
import { sameId } from '../values/ids.ts';
import type { JsonObject } from '../values/json.ts';

/** The device filter of a desired state: `keep` takes what the read finds. */
export type Filter =
  | { readonly kind: 'keep' }
  | { readonly kind: 'none' }
  | { readonly kind: 'filter'; readonly id: string; readonly type: 'include' | 'exclude' };

export const FILTER_ID = 'deviceAndAppManagementAssignmentFilterId';
export const FILTER_TYPE = 'deviceAndAppManagementAssignmentFilterType';

/** A filter as a target in Graph's shape has it. Its type may be one that this program has never heard of. */
export interface CurrentFilter {
  readonly id: string;
  readonly type: string;
}

/** The filter of a target in Graph's shape; null, absent, "" and `none`, whatever the id, are all off. */
export function filterOf(target: JsonObject): CurrentFilter | undefined {
  const id = target[FILTER_ID];
  const type = target[FILTER_TYPE];
  if (typeof id !== 'string' || id === '') return undefined;
  if (typeof type !== 'string' || isNoFilterType(type)) return undefined;
  return { id, type };
}

/** Whether a filter's id stands for none: null, absent, "", all zeros. */
export const isNoFilterId = (id: unknown): boolean =>
  id === null || id === undefined || id === '' || (typeof id === 'string' && isZeroGuid(id));

/** Whether a filter's type says that there is none, as Graph and its users write it. */
export const isNoFilterType = (type: unknown): boolean =>
  type === null ||
  type === undefined ||
  type === '' ||
  (typeof type === 'string' && type.toLowerCase() === 'none');

/** Graph's wording of a filter. Off is spelled out: leaving it out is not documented to clear it. */
export const filterBody = (filter: CurrentFilter | undefined): JsonObject =>
  filter === undefined
    ? { [FILTER_ID]: null, [FILTER_TYPE]: 'none' }
    : { [FILTER_ID]: filter.id, [FILTER_TYPE]: filter.type };

export const sameFilter = (a: CurrentFilter | undefined, b: CurrentFilter | undefined): boolean =>
  a === undefined || b === undefined ? a === b : sameId(a.id, b.id) && sameId(a.type, b.type);
