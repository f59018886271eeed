import { isReadOnly } from '../kinds/kind.ts';
import { FILTER_ID, FILTER_TYPE, filterOf, sameFilter } from '../targets/filter.ts';
import { plainTypeName } from '../targets/odataTypes.ts';
import { sameId } from '../values/ids.ts';
import { isExactNumber, sameExactNumber } from '../values/exactJson.ts';
import { isJsonObject, type JsonObject } from '../values/json.ts';
import type { CurrentAssignment } from './current.ts';
import { patchBody, type Wished } from './request.ts';

/** Whether the assignment already is what the change wishes. What the change does not mention does not count. */
export function holds(change: Wished, present: CurrentAssignment): boolean {
  const wished = patchBody(change, present);
  const target = wished['target'];
  if (!isJsonObject(target) || !sameTarget(target, present.target)) return false;
  return Object.entries(wished).every(
    ([name, value]) =>
      name === 'target' ||
      name === 'id' ||
      name === '@odata.type' ||
      isReadOnly(change.address.kind, name) ||
      sameValue(value, present.whole[name]),
  );
}

/** Whether two targets in Graph's shape mean the same, filter included. Spelling of type names, ids and "no filter" is free. */
export function sameTarget(wished: JsonObject, present: JsonObject): boolean {
  if (plainTypeName(wished['@odata.type']) !== plainTypeName(present['@odata.type'])) return false;
  if (!sameFilter(filterOf(wished), filterOf(present))) return false;
  return Object.entries(wished).every(
    ([name, value]) =>
      name === '@odata.type' || name === FILTER_ID || name === FILTER_TYPE || sameValue(value, present[name]),
  );
}

function sameValue(wished: unknown, present: unknown): boolean {
  if (wished === undefined || wished === null) return present === undefined || present === null;
  if (typeof wished === 'string') return sameId(wished, present);
  if (Array.isArray(wished)) {
    return (
      Array.isArray(present) &&
      wished.length === present.length &&
      wished.every((value, i) => sameValue(value, present[i]))
    );
  }
  if (isJsonObject(wished)) {
    return (
      isJsonObject(present) &&
      Object.entries(wished).every(
        ([name, value]) => name === '@odata.type' || sameValue(value, present[name]),
      )
    );
  }
  if (isExactNumber(wished)) return sameExactNumber(wished, present);
  return wished === present;
}
