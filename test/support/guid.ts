import { hash } from 'node:crypto';

const GUID = /(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])/gi;
/** As tables show a long id. */
const SHORTENED = /\b[0-9a-f]{8}…[0-9a-f]{4}\b/gi;
/** As a screen shows one beside a name. */
const BESIDE_NAME = /\([0-9a-f]{4}…\)/gi;
/** A group of the simulator that nobody has given a name. */
const UNNAMED = /\b(?:group )?Group ([0-9a-f-]{36}) \((?:[0-9a-f]{4}…|\1)\)/g;

const names = new Map<string, string>();

/**
 * The GUID that stands for a short name: files take no other ids of groups and filters, and a test reads better with
 * `guid('pilot')`. What is a GUID already, or blank, stays as it is.
 */
export function guid(name: string): string {
  if (name === '' || name.match(GUID)?.[0] === name) return name;
  const id = hash('md5', name).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  names.set(id, name);
  names.set(`${id.slice(0, 8)}…${id.slice(-4)}`, name);
  names.set(`(${id.slice(0, 4)}…)`, `(${name})`);
  return id;
}

/** A text with the short names in it that `guid` was given. Other GUIDs stay. */
export const named = (text: string): string =>
  text
    .replace(UNNAMED, 'group $1')
    .replace(BESIDE_NAME, (id) => names.get(id.toLowerCase()) ?? id)
    .replace(GUID, (id) => names.get(id.toLowerCase()) ?? id)
    .replace(SHORTENED, (id) => names.get(id.toLowerCase()) ?? id);

const ONE = [
  'groupId',
  'filterId',
  'fromGroupId',
  'fromFilterId',
  'deviceAndAppManagementAssignmentFilterId',
];
const MANY = ['groupsMissing', 'groupsNotSecurity', 'groupsEmpty', 'filtersMissing'];

/** A tenant, or edits of one, with the GUIDs for which short names of groups and filters stand. */
export function withGuids<T>(value: T): T {
  return mapped(value, '') as T; // the same shape
}

function mapped(value: unknown, name: string): unknown {
  if (typeof value === 'string') return ONE.includes(name) ? guid(value) : value;
  if (Array.isArray(value))
    return value.map((each: unknown) => mapped(each, MANY.includes(name) ? 'groupId' : name));
  if (typeof value !== 'object' || value === null) return value;
  const isFilter = name === 'filters' || name === 'groups' || name === 'groupMembers';
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      mapped(inner, isFilter && key === 'id' ? 'filterId' : key),
    ]),
  );
}
