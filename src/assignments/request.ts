import type { Change } from './change.ts';
import { filterBody, filterOf } from './filter.ts';
import type { JsonObject } from './json.ts';
import type { PresentAssignment } from './plan.ts';
import { assignmentPath } from './policyKinds.ts';
import { TARGET_KINDS, targetBody } from './target.ts';
import type { Wish } from './wish.ts';

/** A write as it stands in a `$batch`: the URL is relative and without version. */
export interface PatchRequest {
  readonly method: 'PATCH';
  readonly url: string;
  readonly body: JsonObject;
}

export const patchRequest = (change: Change, body: JsonObject): PatchRequest => ({
  method: 'PATCH',
  url: assignmentPath(change.address),
  body,
});

/**
 * The body that makes the wish true. A filter that the row does not mention is taken from what is there now; a raw body
 * is sent as given.
 */
export function patchBody({ wish, address }: Change, present: PresentAssignment | undefined): JsonObject {
  if (wish.kind === 'raw') return wish.body;
  return {
    '@odata.type': address.form.assignmentType,
    ...(wish.intent !== undefined && { intent: wish.intent }),
    ...(wish.source !== undefined && { source: wish.source }),
    ...(wish.sourceId !== undefined && { sourceId: wish.sourceId }),
    target: { ...targetBody(wish.target), ...wishedFilter(wish, present) },
  };
}

function wishedFilter(
  { filter, target }: Extract<Wish, { kind: 'described' }>,
  present: PresentAssignment | undefined,
): JsonObject {
  switch (filter.kind) {
    case 'filter':
      return filterBody(filter);
    case 'none':
      // An exclusion has no filter to take off, and Intune refuses one that is named.
      return TARGET_KINDS[target.type].takesFilter ? filterBody(undefined) : {};
    case 'keep': {
      const kept = present && filterOf(present.target);
      return kept === undefined ? {} : filterBody(kept);
    }
  }
}
