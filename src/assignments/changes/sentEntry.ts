import type { PolicyKind } from '../kinds/registry.ts';
import { targetIn } from '../targets/currentTarget.ts';
import { FILTER_ID, filterBody, isNoFilterId } from '../targets/filter.ts';
import type { JsonObject } from '../values/json.ts';

/**
 * An entry of a list as it is sent, be it changed or not: value for value, in the spelling that its kind takes. Graph shows no filter as an
 * id of zeros as well, which is the id of no filter.
 */
export function sentEntry({ asSent }: Pick<PolicyKind, 'asSent'>, entry: JsonObject): JsonObject {
  const target = targetIn(entry);
  const id = target[FILTER_ID];
  const spelled =
    typeof id === 'string' && isNoFilterId(id)
      ? { ...entry, target: { ...target, ...filterBody(undefined) } }
      : entry;
  return asSent?.(spelled) ?? spelled;
}
