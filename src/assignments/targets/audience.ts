import { canonicalText } from '../changes/canonical.ts';
import { FILTER_ID, FILTER_TYPE } from './filter.ts';
import type { JsonObject } from '../values/json.ts';
import { plainTypeName } from './odataTypes.ts';
import { targetTypeOf } from './currentTarget.ts';
import { TARGET_KINDS } from './target.ts';

/**
 * Equal for two targets that mean the same devices or users before any filter. A policy has one assignment for each: Intune
 * ignores a second one in a list. Of a target that nobody documents all counts but the filter.
 */
export function audienceKey(target: JsonObject): string {
  const type = targetTypeOf(target);
  if (type === undefined) {
    const { [FILTER_ID]: _id, [FILTER_TYPE]: _type, '@odata.type': name, ...own } = target;
    return canonicalText([plainTypeName(name), own]);
  }
  const named = TARGET_KINDS[type].required.map((column) =>
    column === 'scopeTagTargetType' ? target['targetType'] : target[column],
  );
  return canonicalText([type, ...named.map((value) => value ?? null)]);
}
