import { badForIntune, badModel, noSuchProperty, type Refused } from './refused.ts';
import type { ApiVersion } from './apiVersion.ts';
import { writeJson } from './json.ts';
import type { SimulatedKind } from './policyKinds.ts';

/** A target as Graph writes it: `@odata.type`, the filter pair, and what the type has of its own. */
export type GraphTarget = Readonly<Record<string, unknown>>;

export const FILTER_ID = 'deviceAndAppManagementAssignmentFilterId';
export const FILTER_TYPE = 'deviceAndAppManagementAssignmentFilterType';
const ABSTRACT_TYPE = 'deviceAndAppManagementAssignmentTarget';
const SHARED_PROPERTIES: readonly string[] = ['@odata.type', FILTER_ID, FILTER_TYPE];

type PropertyRule =
  | { kind: 'id' }
  | { kind: 'oneOf'; enumName: string; members: readonly string[] }
  | { kind: 'conflictSetting'; optional: true };

interface TargetType {
  readonly own: Readonly<Record<string, PropertyRule>>;
  readonly knownTo: readonly ApiVersion[];
  readonly takesFilter: boolean;
}

const ID: PropertyRule = { kind: 'id' };
const BOTH: readonly ApiVersion[] = ['beta', 'v1.0'];
const BETA: readonly ApiVersion[] = ['beta'];

const TARGET_TYPES = new Map<string, TargetType>([
  ['allDevicesAssignmentTarget', { own: {}, knownTo: BOTH, takesFilter: true }],
  ['allLicensedUsersAssignmentTarget', { own: {}, knownTo: BOTH, takesFilter: true }],
  ['groupAssignmentTarget', { own: { groupId: ID }, knownTo: BOTH, takesFilter: true }],
  ['exclusionGroupAssignmentTarget', { own: { groupId: ID }, knownTo: BOTH, takesFilter: false }],
  [
    'configurationManagerCollectionAssignmentTarget',
    { own: { collectionId: ID }, knownTo: BOTH, takesFilter: true },
  ],
  [
    'scopeTagGroupAssignmentTarget',
    {
      own: {
        targetType: {
          kind: 'oneOf',
          enumName: 'deviceAndAppManagementAssignmentTargetType',
          members: ['none', 'user', 'device'],
        },
        entraObjectId: ID,
      },
      knownTo: BETA,
      takesFilter: true,
    },
  ],
  [
    'organizationalUnitAssignmentTarget',
    {
      own: {
        organizationalUnitId: ID,
        assignmentConflictSetting: { kind: 'conflictSetting', optional: true },
      },
      knownTo: BETA,
      takesFilter: true,
    },
  ],
]);

/**
 * Properties that the tenant's targets and assignments have and no documentation names, by type. What a tenant shows, its model
 * knows, so it takes them back. Only documented types are checked for what they have to say.
 */
export type UndocumentedTargets = ReadonlyMap<string, ReadonlySet<string>>;

const UNDOCUMENTED: TargetType = { own: {}, knownTo: BETA, takesFilter: true };

/** Adds the type and the properties of a target that are documented nowhere. */
export function learnTarget(target: GraphTarget, known: Map<string, Set<string>>): void {
  const typeName = plainTypeName(target['@odata.type']);
  if (typeName === undefined) return;
  const type = TARGET_TYPES.get(typeName);
  const odd = Object.keys(target).filter(
    (name) => !SHARED_PROPERTIES.includes(name) && !(type && Object.hasOwn(type.own, name)),
  );
  if (type !== undefined && odd.length === 0) return;
  known.set(typeName, new Set([...(known.get(typeName) ?? []), ...odd]));
}

/** Adds the properties of an assignment that are documented nowhere, under the name of its type. */
export function learnProperties(
  own: Readonly<Record<string, unknown>> = {},
  kind: Pick<SimulatedKind, 'assignmentType' | 'own'>,
  known: Map<string, Set<string>>,
): void {
  const odd = Object.keys(own).filter((name) => !Object.hasOwn(kind.own, name));
  const { assignmentType } = kind;
  if (odd.length > 0) known.set(assignmentType, new Set([...(known.get(assignmentType) ?? []), ...odd]));
}

/** The target that a write asks for, in the form that Graph reads it back, or why it is none. */
export function writtenTarget(
  value: unknown,
  version: ApiVersion,
  undocumented: UndocumentedTargets = new Map(),
): { target: GraphTarget } | { refused: Refused } {
  const refused = (why: Refused): { refused: Refused } => ({ refused: why });
  if (!isObject(value)) {
    return refused(
      badModel(
        "An unexpected value was found when reading the property 'target'. A complex value was expected.",
      ),
    );
  }
  const typeName = plainTypeName(value['@odata.type']);
  if (typeName === undefined || typeName === ABSTRACT_TYPE) {
    return refused(
      badModel(`Cannot create an instance of the abstract type 'microsoft.graph.${ABSTRACT_TYPE}'.`),
    );
  }
  const extra = undocumented.get(typeName);
  const type = TARGET_TYPES.get(typeName) ?? (extra && UNDOCUMENTED);
  if (type === undefined || !type.knownTo.includes(version)) {
    return refused(
      badModel(
        `A type named '${String(value['@odata.type'])}' could not be resolved by the model. When a model is ` +
          'available, each type name must resolve to a valid type.',
      ),
    );
  }

  const own: [string, unknown][] = [];
  for (const [property, given] of Object.entries(value)) {
    if (version === 'beta' && extra?.has(property)) {
      own.push([property, given]);
      continue;
    }
    if (
      property.includes('@odata.') ||
      (version === 'beta' && (property === FILTER_ID || property === FILTER_TYPE))
    )
      continue;
    const rule = Object.hasOwn(type.own, property) ? type.own[property] : undefined;
    if (rule === undefined) return refused(noSuchProperty(property, typeName));
    const wrong = ownPropertyWrong(property, rule, given);
    if (wrong !== undefined) return refused(wrong);
    own.push([property, given]);
  }
  for (const [property, rule] of Object.entries(type.own)) {
    if (!('optional' in rule) && !Object.hasOwn(value, property))
      return refused(missingProperty(property, typeName));
  }
  const filter = writtenFilter(value, type);
  if ('refused' in filter) return filter;
  return {
    target: { '@odata.type': `#microsoft.graph.${typeName}`, ...filter.pair, ...Object.fromEntries(own) },
  };
}

/** A target from a tenant file. Types that nobody knows are kept: a tenant may hold what no documentation names. */
export function seededTarget(value: Readonly<Record<string, unknown>>): GraphTarget {
  return {
    ...value,
    '@odata.type': `#microsoft.graph.${plainTypeName(value['@odata.type']) ?? ABSTRACT_TYPE}`,
    [FILTER_ID]: value[FILTER_ID] ?? null,
    [FILTER_TYPE]: value[FILTER_TYPE] ?? 'none',
  };
}

/** v1.0 knows no filters: who reads with it and writes back loses them. */
export function targetFor(version: ApiVersion, target: GraphTarget): GraphTarget {
  if (version === 'beta') return target;
  return Object.fromEntries(
    Object.entries(target).filter(([name]) => name !== FILTER_ID && name !== FILTER_TYPE),
  );
}

const ALL_DEVICES_ID = 'adadadad-808e-44e2-905a-0b7873a8a531';
const ALL_USERS_ID = 'acacacac-9df4-4c7d-9d50-4ef0226f57a9';

const UNNAMED = 'unknown';

/** The second half of the id that Intune gives to an assignment with such a target. */
export function idOfTarget(target: GraphTarget): string {
  switch (plainTypeName(target['@odata.type'])) {
    case 'allDevicesAssignmentTarget':
      return ALL_DEVICES_ID;
    case 'allLicensedUsersAssignmentTarget':
      return ALL_USERS_ID;
    default: {
      const id = target.groupId ?? target.collectionId ?? target.entraObjectId ?? target.organizationalUnitId;
      return typeof id === 'string' ? id : UNNAMED;
    }
  }
}

/** Whether the target names a group or the like, or everybody, so that an id can be made of it. */
export const isNamed = (target: GraphTarget): boolean => idOfTarget(target) !== UNNAMED;

/** Whether two targets name the same group, be it included by one and excluded by the other. */
export const sameNamed = (a: GraphTarget, b: GraphTarget): boolean =>
  isNamed(a) && idOfTarget(a).toLowerCase() === idOfTarget(b).toLowerCase();

/** Equal for two targets that a policy can't be assigned to both: the same type and whom it names, whatever the filter. */
export function targetIdentity(target: GraphTarget): string {
  const named = idOfTarget(target);
  if (named !== UNNAMED) return `${String(target['@odata.type'])} ${named}`.toLowerCase();
  const rest = Object.entries(target).filter(([name]) => name !== FILTER_ID && name !== FILTER_TYPE);
  return writeJson(rest.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Equal for two targets of one group, included or excluded, as where ids are `{policyId}_{groupId}`. */
export const groupIdentity = (target: GraphTarget): string =>
  isNamed(target) ? idOfTarget(target).toLowerCase() : targetIdentity(target);

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** "groupAssignmentTarget" for "#microsoft.graph.groupAssignmentTarget", with and without the "#". */
export function plainTypeName(odataType: unknown): string | undefined {
  return typeof odataType === 'string' ? /^#?microsoft\.graph\.(\w+)$/.exec(odataType)?.[1] : undefined;
}

export const notInEnum = (given: unknown, enumName: string): Refused =>
  badModel(
    `Cannot convert the literal '${String(given)}' to the expected type 'microsoft.graph.${enumName}'.`,
  );

const missingProperty = (property: string, typeName: string): Refused =>
  badForIntune(`Required property '${property}' of '${typeName}' is missing or empty.`);

function ownPropertyWrong(property: string, rule: PropertyRule, given: unknown): Refused | undefined {
  switch (rule.kind) {
    case 'id':
      if (typeof given === 'string' && given.trim() !== '') return undefined;
      return badForIntune(`Property '${property}' has to be a string that is not empty.`);
    case 'oneOf':
      return rule.members.some((member) => member === given) ? undefined : notInEnum(given, rule.enumName);
    case 'conflictSetting':
      return given === null ? undefined : conflictSettingWrong(given);
  }
}

const CONFLICT_SETTING = 'organizationalUnitAssignmentConflictSetting';
const OVERRIDES = ['allowed', 'denied', 'unknown'];

function conflictSettingWrong(given: unknown): Refused | undefined {
  if (!isObject(given))
    return badModel(`Property 'assignmentConflictSetting' has to be a '${CONFLICT_SETTING}'.`);
  const { '@odata.type': odataType, assignmentOverride, versionNumber, ...others } = given;
  if (odataType !== undefined && plainTypeName(odataType) !== CONFLICT_SETTING) {
    return badModel(`A type named '${String(odataType)}' could not be resolved by the model.`);
  }
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return noSuchProperty(unknown, CONFLICT_SETTING);
  if (assignmentOverride !== undefined && !OVERRIDES.some((member) => member === assignmentOverride)) {
    return notInEnum(assignmentOverride, 'organizationalUnitAssignmentOverride');
  }
  if (versionNumber !== undefined && !Number.isInteger(versionNumber)) {
    return badModel(
      `Cannot convert the literal '${String(versionNumber)}' to the expected type 'Edm.Int32'.`,
    );
  }
  return undefined;
}

function writtenFilter(
  value: Record<string, unknown>,
  type: TargetType,
): { pair: Record<string, unknown> } | { refused: Refused } {
  const id = value[FILTER_ID] ?? null;
  const filterType = value[FILTER_TYPE] ?? 'none';
  if (!['none', 'include', 'exclude'].some((member) => member === filterType)) {
    return { refused: notInEnum(filterType, 'deviceAndAppManagementAssignmentFilterType') };
  }
  if (id !== null && (typeof id !== 'string' || id === '')) {
    return { refused: badForIntune(`Property '${FILTER_ID}' has to be a filter's id or null.`) };
  }
  if ((id === null) !== (filterType === 'none')) {
    return { refused: badForIntune(`'${FILTER_ID}' and '${FILTER_TYPE}' have to be set together.`) };
  }
  if (id !== null && !type.takesFilter) {
    return { refused: badForIntune('Assignment filters are not supported for exclusion targets.') };
  }
  return { pair: { [FILTER_ID]: id, [FILTER_TYPE]: filterType } };
}
