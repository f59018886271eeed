import { everybodyOf } from '../values/guid.ts';
import { isJsonObject, type JsonObject } from '../values/json.ts';
import { plainTypeName } from './odataTypes.ts';
import { odataTypeOf, TARGET_TYPES, type TargetType } from './target.ts';

const typeByPlainName = new Map(TARGET_TYPES.map((type) => [plainTypeName(odataTypeOf(type)), type]));

/** Which documented kind a target in Graph's shape is; undefined for one that this program has never heard of. */
export const targetTypeOf = (target: JsonObject): TargetType | undefined =>
  typeByPlainName.get(plainTypeName(target['@odata.type']));

/** A target of an unknown kind counts as an inclusion. */
export const isExclusion = (target: JsonObject): boolean => targetTypeOf(target) === 'exclusionGroup';

export const isEverybody = (target: JsonObject): boolean => everybodyIn(target) !== undefined;

/** Everybody whom a target reaches, by its own kind or by an id that Entra has for them, in the words of `targetType`. */
export function everybodyIn(target: JsonObject): 'allDevices' | 'allLicensedUsers' | undefined {
  const type = targetTypeOf(target);
  if (type === 'allDevices' || type === 'allLicensedUsers') return type;
  const groupId = type === 'group' ? groupOf(target) : undefined;
  return groupId === undefined ? undefined : everybodyOf(groupId);
}

/** The id of the group that a target includes or excludes. */
export function groupOf(target: JsonObject): string | undefined {
  const type = targetTypeOf(target);
  const id = target['groupId'];
  return (type === 'group' || type === 'exclusionGroup') && typeof id === 'string' ? id : undefined;
}

/** The target of a body as it is sent. */
export function targetIn(body: JsonObject): JsonObject {
  const { target } = body;
  return isJsonObject(target) ? target : {};
}

/** What kind of target it is, in the words of the column `targetType`; an unknown one by its name in Graph. */
export function targetKind(target: JsonObject): string {
  const name = target['@odata.type'];
  const unknown = typeof name === 'string' ? name.replace(/^#?(microsoft\.graph\.)?/i, '') : '';
  return targetTypeOf(target) ?? (unknown === '' ? 'unknown' : unknown);
}
