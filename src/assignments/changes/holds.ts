import { isReadOnly } from '../kinds/kind.ts';
import { FILTER_ID, FILTER_TYPE, filterOf, sameFilter } from '../targets/filter.ts';
import { plainTypeName } from '../targets/odataTypes.ts';
import { sameId } from '../values/ids.ts';
import { isExactNumber, sameExactNumber } from '../values/exactJson.ts';
import { isJsonObject, type JsonObject } from '../values/json.ts';
import { plainMoment } from './canonical.ts';
import type { CurrentAssignment } from './current.ts';
import { patchBody, type DesiredBody } from './request.ts';

/** Whether the assignment already is what the change wants. What the change does not mention does not count. */
export function holds(change: DesiredBody, current: CurrentAssignment): boolean {
  const desired = patchBody(change, current);
  const target = desired['target'];
  if (!isJsonObject(target) || !sameTarget(target, current.target)) return false;
  return Object.entries(desired).every(
    ([name, value]) =>
      name === 'target' ||
      name === 'id' ||
      name === '@odata.type' ||
      isReadOnly(change.address.kind, name) ||
      sameValue(value, current.whole[name]),
  );
}

/** Whether two targets in Graph's shape mean the same, filter included. Spelling of type names, ids and "no filter" is free. */
export function sameTarget(desired: JsonObject, current: JsonObject): boolean {
  if (plainTypeName(desired['@odata.type']) !== plainTypeName(current['@odata.type'])) return false;
  if (!sameFilter(filterOf(desired), filterOf(current))) return false;
  return Object.entries(desired).every(
    ([name, value]) =>
      name === '@odata.type' || name === FILTER_ID || name === FILTER_TYPE || sameValue(value, current[name]),
  );
}

function sameValue(desired: unknown, current: unknown): boolean {
  if (desired === undefined || desired === null) return current === undefined || current === null;
  if (typeof desired === 'string')
    return typeof current === 'string' && sameId(plainMoment(desired), plainMoment(current));
  if (Array.isArray(desired)) {
    return (
      Array.isArray(current) &&
      desired.length === current.length &&
      desired.every((value, i) => sameValue(value, current[i]))
    );
  }
  if (isJsonObject(desired)) {
    return (
      isJsonObject(current) &&
      Object.entries(desired).every(
        ([name, value]) => name === '@odata.type' || sameValue(value, current[name]),
      )
    );
  }
  if (isExactNumber(desired)) return sameExactNumber(desired, current);
  return desired === current;
}
