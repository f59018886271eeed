import type { CurrentAssignment } from './current.ts';
import { FILTER_ID, FILTER_TYPE, filterOf } from '../targets/filter.ts';
import { isJsonObject, type JsonObject } from '../values/json.ts';
import { plainTypeName } from '../targets/odataTypes.ts';

/**
 * The same text for two readings of an assignment that mean the same, another one when anything that counts has changed.
 * Its id does not count, as tenants may give it a new one, nor when it was written, nor do OData's control properties, but the target's type does;
 * spelling does not: letter case of texts, order of properties, null for absent, the ways to say "no filter". What this
 * program has never heard of counts like the rest.
 */
export function canonicalAssignment({ target, whole }: CurrentAssignment): string {
  const { id: _id, target: _target, lastModifiedDateTime: _when, ...rest } = whole;
  return canonicalText({ ...rest, target: plainTarget(target) });
}

/** The same for a whole list, in whatever order it was read. */
export const canonicalList = (assignments: readonly CurrentAssignment[]): string =>
  assignments.map(canonicalAssignment).toSorted().join('\n');

/** The target with its type as an ordinary property, and a filter only where there is one. */
function plainTarget(target: JsonObject): JsonObject {
  const { [FILTER_ID]: _id, [FILTER_TYPE]: _type, ...own } = target;
  return { type: plainTypeName(target['@odata.type']), own, filter: filterOf(target) };
}

/** A time of day or a moment without the zeros that some services write for parts of a second. */
export const plainMoment = (text: string): string =>
  text.replace(/(?<=\d\d:\d\d:\d\d)(\.\d*?)0*(?=Z?$)/i, (_, part: string) => (part === '.' ? '' : part));

/** The same text for two JSON values that mean the same: letter case, order and null for absent do not count. */
export function canonicalText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(plainMoment(value).toLowerCase());
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([name, inner]) => inner !== null && inner !== undefined && !isControl(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${canonicalText(inner)}`).join(',')}}`;
}

/** `@odata.context`, and annotations of a property such as `target@odata.navigationLink`. */
export const isControl = (name: string): boolean => name.includes('@odata.');
