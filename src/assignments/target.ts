import { idFault, sameId } from './ids.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import type { ApiVersion } from './policyKinds.ts';

/** Who a policy is assigned to. `intune-documented` names; `target.ts` alone knows Graph's wording of them. */
export type Target =
  | { readonly type: 'group'; readonly groupId: string }
  | { readonly type: 'exclusionGroup'; readonly groupId: string }
  | { readonly type: 'allDevices' }
  | { readonly type: 'allLicensedUsers' }
  | { readonly type: 'configurationManagerCollection'; readonly collectionId: string }
  | {
      readonly type: 'scopeTagGroup';
      readonly scopeTagTargetType: 'none' | 'user' | 'device';
      readonly entraObjectId: string;
    }
  | {
      readonly type: 'organizationalUnit';
      readonly organizationalUnitId: string;
      readonly assignmentOverride?: 'allowed' | 'denied' | 'unknown';
      readonly versionNumber?: number;
    };

export type TargetType = Target['type'];

/** The device filter of a wish: `keep` takes what the look finds. */
export type Filter =
  | { readonly kind: 'keep' }
  | { readonly kind: 'none' }
  | { readonly kind: 'filter'; readonly id: string; readonly type: 'include' | 'exclude' };

/** The columns that say more about a target than its type. */
export const TARGET_COLUMNS = [
  'groupId',
  'collectionId',
  'entraObjectId',
  'scopeTagTargetType',
  'organizationalUnitId',
  'assignmentOverride',
  'versionNumber',
] as const;
export type TargetColumn = (typeof TARGET_COLUMNS)[number];

interface TargetKind {
  readonly required: readonly TargetColumn[];
  readonly optional: readonly TargetColumn[];
  readonly takesFilter: boolean;
  readonly apiVersions: readonly ApiVersion[];
}

const everywhere: readonly ApiVersion[] = ['beta', 'v1.0'];

/**
 * The seven documented kinds of target and what each takes. Exclusions take no filter.
 * Source: learn.microsoft.com/graph/api/resources/intune-shared-deviceandappmanagementassignmenttarget (beta) and its heirs.
 */
export const TARGET_KINDS: { readonly [type in TargetType]: TargetKind } = {
  group: { required: ['groupId'], optional: [], takesFilter: true, apiVersions: everywhere },
  exclusionGroup: { required: ['groupId'], optional: [], takesFilter: false, apiVersions: everywhere },
  allDevices: { required: [], optional: [], takesFilter: true, apiVersions: everywhere },
  allLicensedUsers: { required: [], optional: [], takesFilter: true, apiVersions: everywhere },
  configurationManagerCollection: {
    required: ['collectionId'],
    optional: [],
    takesFilter: true,
    apiVersions: everywhere,
  },
  scopeTagGroup: {
    required: ['scopeTagTargetType', 'entraObjectId'],
    optional: [],
    takesFilter: true,
    apiVersions: ['beta'],
  },
  organizationalUnit: {
    required: ['organizationalUnitId'],
    optional: ['assignmentOverride', 'versionNumber'],
    takesFilter: true,
    apiVersions: ['beta'],
  },
};

export const TARGET_TYPES: readonly TargetType[] = [
  'group',
  'exclusionGroup',
  'allDevices',
  'allLicensedUsers',
  'configurationManagerCollection',
  'scopeTagGroup',
  'organizationalUnit',
];

const ODATA_PREFIX = '#microsoft.graph.';
const TARGET_SUFFIX = 'AssignmentTarget';
const CONFLICT_SETTING = `${ODATA_PREFIX}organizationalUnitAssignmentConflictSetting`;
const ABSTRACT_TARGET = 'deviceandappmanagementassignmenttarget';

/** Graph shows type names with and without `#`, and compares them without case. */
export const plainTypeName = (name: unknown): string =>
  typeof name === 'string' ? name.toLowerCase().replace(/^#?(microsoft\.graph\.)?/, '') : '';

const typeByPlainName = new Map<string, TargetType>(
  TARGET_TYPES.flatMap((type) => [
    [type.toLowerCase(), type] as const,
    [`${type}${TARGET_SUFFIX}`.toLowerCase(), type] as const,
  ]),
);

/** The kind that a `targetType` cell or an `@odata.type` names: `group`, `#microsoft.graph.groupAssignmentTarget`, … */
export const targetTypeNamed = (name: string): TargetType | 'abstract' | undefined => {
  const plain = plainTypeName(name);
  return plain === ABSTRACT_TARGET ? 'abstract' : typeByPlainName.get(plain);
};

/** Graph's wording of a target, without its filter. No `default`: a new target does not compile until it is worded here. */
export function targetBody(target: Target): JsonObject {
  const named = { '@odata.type': `${ODATA_PREFIX}${target.type}${TARGET_SUFFIX}` };
  switch (target.type) {
    case 'group':
    case 'exclusionGroup':
      return { ...named, groupId: target.groupId };
    case 'allDevices':
    case 'allLicensedUsers':
      return named;
    case 'configurationManagerCollection':
      return { ...named, collectionId: target.collectionId };
    case 'scopeTagGroup':
      return { ...named, targetType: target.scopeTagTargetType, entraObjectId: target.entraObjectId };
    case 'organizationalUnit': {
      const conflict = {
        ...(target.assignmentOverride !== undefined && { assignmentOverride: target.assignmentOverride }),
        ...(target.versionNumber !== undefined && { versionNumber: target.versionNumber }),
      };
      return {
        ...named,
        organizationalUnitId: target.organizationalUnitId,
        ...(Object.keys(conflict).length > 0 && {
          assignmentConflictSetting: { '@odata.type': CONFLICT_SETTING, ...conflict },
        }),
      };
    }
  }
}

export const FILTER_ID = 'deviceAndAppManagementAssignmentFilterId';
export const FILTER_TYPE = 'deviceAndAppManagementAssignmentFilterType';

/** Graph's wording of a filter that is set or taken off. Off is spelled out: leaving it out is not documented to clear it. */
export const filterBody = (filter: Exclude<Filter, { kind: 'keep' }>): JsonObject =>
  filter.kind === 'none'
    ? { [FILTER_ID]: null, [FILTER_TYPE]: 'none' }
    : { [FILTER_ID]: filter.id, [FILTER_TYPE]: filter.type };

/** The filter of a target as Graph shows it; null, absent, "" and `none` are all off. */
export function filterOf(target: JsonObject): Exclude<Filter, { kind: 'keep' }> {
  const id = target[FILTER_ID];
  const type = target[FILTER_TYPE];
  const worded = typeof type === 'string' ? type.toLowerCase() : 'none';
  if (typeof id !== 'string' || id === '' || (worded !== 'include' && worded !== 'exclude'))
    return { kind: 'none' };
  return { kind: 'filter', id, type: worded };
}

export const sameFilter = (a: Filter, b: Filter): boolean =>
  a.kind === b.kind &&
  (a.kind !== 'filter' || b.kind !== 'filter' || (a.type === b.type && sameId(a.id, b.id)));

/** What is wrong with a target that is to be sent as given, and what to write; undefined when its shape is documented. */
export function rawTargetFault(
  target: unknown,
  apiVersion: ApiVersion,
): { message: string; remedy: string } | undefined {
  if (!isJsonObject(target))
    return {
      message: 'the target is not a JSON object',
      remedy: 'write {"@odata.type": "#microsoft.graph.…", …}',
    };
  const name = target['@odata.type'];
  const type =
    typeof name === 'string' && plainTypeName(name).endsWith(TARGET_SUFFIX.toLowerCase())
      ? targetTypeNamed(name)
      : undefined;
  if (type === 'abstract') {
    return {
      message: `${String(name)} is abstract: Graph keeps no such target`,
      remedy: `write one of its kinds: ${TARGET_TYPES.map((t) => `${ODATA_PREFIX}${t}${TARGET_SUFFIX}`).join(', ')}`,
    };
  }
  if (type === undefined) {
    return {
      message:
        name === undefined
          ? 'the target has no @odata.type'
          : `${JSON.stringify(name)} is no documented target type`,
      remedy: `write one of: ${TARGET_TYPES.map((t) => `${ODATA_PREFIX}${t}${TARGET_SUFFIX}`).join(', ')}`,
    };
  }
  const kind = TARGET_KINDS[type];
  if (!kind.apiVersions.includes(apiVersion)) {
    return { message: `${type} targets need the beta API`, remedy: 'run with --api-version beta' };
  }
  const allowed = new Set(['@odata.type', FILTER_ID, FILTER_TYPE, ...propertiesOf(type)]);
  const unknown = Object.keys(target).find((property) => !allowed.has(property));
  if (unknown !== undefined) {
    return {
      message: `a ${type} target has no property "${unknown}"`,
      remedy: `take it out; it has: ${[...allowed].join(', ')}`,
    };
  }
  for (const property of requiredPropertiesOf(type)) {
    const value = target[property];
    if (typeof value !== 'string' || value.trim() === '') {
      return { message: `a ${type} target needs "${property}"`, remedy: `add "${property}" as text` };
    }
    const fault = property.endsWith('Id') ? rawIdFault(value) : undefined;
    if (fault !== undefined)
      return { message: `"${property}" ${fault}`, remedy: 'write the id alone, as Graph shows it' };
  }
  if (type === 'scopeTagGroup' && !['none', 'user', 'device'].includes(String(target['targetType']))) {
    return {
      message: `"targetType" is ${JSON.stringify(target['targetType'])}`,
      remedy: 'write none, user or device',
    };
  }
  return (
    conflictSettingFault(target['assignmentConflictSetting']) ?? rawFilterFault(target, kind, apiVersion)
  );
}

/** Raw bodies may hold a documentation's placeholder with spaces, so only what can't be an id at all is refused. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const rawIdFault = (id: string): string | undefined =>
  /[\u0000-\u001f\u007f]/.test(id) ? idFault(id) : undefined;

const propertiesOf = (type: TargetType): string[] =>
  type === 'organizationalUnit'
    ? ['organizationalUnitId', 'assignmentConflictSetting']
    : requiredPropertiesOf(type);

/** Graph's own property names; only a scope tag's kind is called differently in our columns. */
const requiredPropertiesOf = (type: TargetType): string[] =>
  TARGET_KINDS[type].required.map((column) => (column === 'scopeTagTargetType' ? 'targetType' : column));

function conflictSettingFault(setting: unknown): { message: string; remedy: string } | undefined {
  if (setting === undefined || setting === null) return undefined;
  const remedy = `write {"@odata.type": "${CONFLICT_SETTING}", "assignmentOverride": "allowed", "versionNumber": 1}`;
  if (!isJsonObject(setting)) return { message: 'assignmentConflictSetting is not a JSON object', remedy };
  const unknown = Object.keys(setting).find(
    (p) => !['@odata.type', 'assignmentOverride', 'versionNumber'].includes(p),
  );
  if (unknown !== undefined)
    return { message: `assignmentConflictSetting has no property "${unknown}"`, remedy };
  const { '@odata.type': name, assignmentOverride: override, versionNumber: version } = setting;
  if (name !== undefined && plainTypeName(name) !== plainTypeName(CONFLICT_SETTING)) {
    return { message: `${JSON.stringify(name)} is no conflict setting`, remedy };
  }
  if (override !== undefined && !['allowed', 'denied', 'unknown'].includes(String(override))) {
    return {
      message: `assignmentOverride is ${JSON.stringify(override)}`,
      remedy: 'write allowed, denied or unknown',
    };
  }
  if (version !== undefined && !Number.isSafeInteger(version)) {
    return { message: 'versionNumber is no whole number', remedy };
  }
  return undefined;
}

function rawFilterFault(
  target: JsonObject,
  kind: TargetKind,
  apiVersion: ApiVersion,
): { message: string; remedy: string } | undefined {
  const id = target[FILTER_ID] ?? null;
  const type = target[FILTER_TYPE] ?? 'none';
  const off = id === null && type === 'none';
  if (apiVersion === 'v1.0' && (FILTER_ID in target || FILTER_TYPE in target)) {
    return { message: 'filters need the beta API', remedy: 'run with --api-version beta' };
  }
  if (off) return undefined;
  if (!kind.takesFilter) return { message: 'an exclusion takes no filter', remedy: 'take the filter out' };
  if (typeof id !== 'string' || id.trim() === '' || (type !== 'include' && type !== 'exclude')) {
    return {
      message: `filter id ${JSON.stringify(id)} and filter type ${JSON.stringify(type)} do not go together`,
      remedy: `write an id with include or exclude, or null with none`,
    };
  }
  return undefined;
}
