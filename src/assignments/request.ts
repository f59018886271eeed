import type { Change } from './change.ts';
import type { JsonObject } from './json.ts';
import type { PresentAssignment } from './plan.ts';
import { assignmentPath } from './policyKinds.ts';
import { filterBody, filterOf, targetBody } from './target.ts';

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
  { filter, target }: Extract<Change['wish'], { kind: 'described' }>,
  present: PresentAssignment | undefined,
): JsonObject {
  switch (filter.kind) {
    case 'filter':
      return filterBody(filter);
    case 'none':
      // An exclusion has no filter to take off, and Intune refuses one that is named.
      return target.type === 'exclusionGroup' ? {} : filterBody(filter);
    case 'keep': {
      const kept = present === undefined ? undefined : filterOf(present.target);
      return kept?.kind === 'filter' ? filterBody(kept) : {};
    }
  }
}
