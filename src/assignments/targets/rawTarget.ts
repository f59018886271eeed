import { FILTER_ID, FILTER_TYPE, filterBody, isNoFilterId, isNoFilterType } from './filter.ts';
import { isZeroGuid } from '../values/guid.ts';
import { isJsonObject, type JsonObject } from '../values/json.ts';
import { plainTypeName, spellsType } from './odataTypes.ts';
import type { ApiVersion } from '../values/apiVersion.ts';
import { quoted, shown } from '../values/quoted.ts';
import { NEEDS_BETA } from '../rows/rowReader.ts';
import type { Fault } from '../rows/row.ts';
import {
  ABSTRACT_TARGET,
  ASSIGNMENT_OVERRIDES,
  CONFLICT_SETTING,
  odataTypeOf,
  SCOPE_TAG_TARGET_TYPES,
  TARGET_KINDS,
  TARGET_TYPES,
  type TargetType,
} from './target.ts';

/**
 * A target as it was given, but for what Graph shows and does not take back: control properties, null for what it has not, and
 * its other spellings of "no filter", as an id of zeros. One without them is given back as it is.
 */
export function plainRawTarget(target: JsonObject): JsonObject {
  const name = target['@odata.type'];
  const type = TARGET_TYPES.find((each) => spellsType(name, odataTypeOf(each)));
  const known = ['@odata.type', FILTER_ID, FILTER_TYPE, ...(type === undefined ? [] : propertiesOf(type))];
  const kept = Object.entries(target).filter(([property, value]) => !isShownOnly(property, value, known));
  const plain = kept.length === Object.keys(target).length ? target : Object.fromEntries(kept);
  return withPlainFilter(plain, type === undefined || TARGET_KINDS[type].takesFilter);
}

/** Whether Graph shows a property and takes it from nobody: annotations, and null for what the object has not. */
export const isShownOnly = (property: string, value: unknown, known: readonly string[]): boolean =>
  property !== '@odata.type' &&
  (property.includes('@odata.') || (value === null && !known.includes(property)));

function withPlainFilter(target: JsonObject, takesFilter: boolean): JsonObject {
  const { [FILTER_ID]: id, [FILTER_TYPE]: type, ...rest } = target;
  if (!isNoFilterId(id) || !isNoFilterType(type)) return target;
  // As documented, or as said already.
  if ((id === undefined || id === null) && (type === undefined || type === 'none')) return target;
  return takesFilter ? { ...rest, ...filterBody(undefined) } : rest;
}

/** What is wrong with a target that is to be sent as given; undefined when its shape is documented. */
export function rawTargetFault(target: unknown, apiVersion: ApiVersion): Fault | undefined {
  if (!isJsonObject(target)) {
    return {
      message: target === undefined ? 'It has no target.' : 'The target is not a JSON object.',
      remedy: 'Write "target": {"@odata.type": "#microsoft.graph.…", …}.',
    };
  }
  const name = target['@odata.type'];
  const type = TARGET_TYPES.find((each) => spellsType(name, odataTypeOf(each)));
  if (type === undefined) return typeFault(name);
  if (!TARGET_KINDS[type].apiVersions.includes(apiVersion))
    return { message: `Only the beta API has the target type ${type}.`, remedy: NEEDS_BETA };
  return (
    unknownProperty(target, ['@odata.type', FILTER_ID, FILTER_TYPE, ...propertiesOf(type)], 'The target') ??
    ownPropertiesFault(target, type) ??
    conflictSettingFault(target['assignmentConflictSetting']) ??
    rawFilterFault(target, type, apiVersion)
  );
}

/** Sent as given, so the type must be spelled as Graph does; the cell `targetType` is less strict. */
function typeFault(name: unknown): Fault {
  const plain = plainTypeName(name);
  const meant = TARGET_TYPES.find((type) => plainTypeName(odataTypeOf(type)) === plain);
  if (meant !== undefined) {
    return {
      message: `Graph does not spell a target type ${shown(name)}.`,
      remedy: `Write "@odata.type": "${odataTypeOf(meant)}".`,
    };
  }
  const remedy = `Write one of: ${TARGET_TYPES.map(odataTypeOf).join(', ')}.`;
  if (plain === plainTypeName(ABSTRACT_TARGET))
    return { message: `${shown(name)} is abstract: Graph keeps no such target.`, remedy };
  return {
    message:
      name === undefined ? 'The target has no @odata.type.' : `${shown(name)} is no documented target type.`,
    remedy,
  };
}

const propertiesOf = (type: TargetType): string[] =>
  type === 'organizationalUnit'
    ? ['organizationalUnitId', 'assignmentConflictSetting']
    : requiredPropertiesOf(type);

/** Graph's own property names; only a scope tag's kind is called differently in our columns. */
const requiredPropertiesOf = (type: TargetType): string[] =>
  TARGET_KINDS[type].required.map((column) => (column === 'scopeTagTargetType' ? 'targetType' : column));

function ownPropertiesFault(target: JsonObject, type: TargetType): Fault | undefined {
  for (const property of requiredPropertiesOf(type)) {
    const value = target[property];
    if (property === 'targetType') {
      if (!isOneOf(value, SCOPE_TAG_TARGET_TYPES)) return wrongWord(property, value, SCOPE_TAG_TARGET_TYPES);
    } else if (typeof value !== 'string' || value.trim() === '') {
      return {
        message: `The target type ${type} needs "${property}".`,
        remedy: `Write "${property}" as text.`,
      };
    } else if (isUnreadable(value)) return unreadable(property);
  }
  return undefined;
}

function conflictSettingFault(setting: unknown): Fault | undefined {
  if (setting === undefined || setting === null) return undefined;
  const remedy = `Write {"@odata.type": "${CONFLICT_SETTING}", "assignmentOverride": "allowed", "versionNumber": 1}.`;
  if (!isJsonObject(setting)) return { message: 'assignmentConflictSetting is not a JSON object.', remedy };
  const { '@odata.type': name, assignmentOverride: override, versionNumber: version } = setting;
  if (name !== undefined && !spellsType(name, CONFLICT_SETTING))
    return { message: `${shown(name)} is no conflict setting.`, remedy };
  if (override !== undefined && !isOneOf(override, ASSIGNMENT_OVERRIDES))
    return wrongWord('assignmentOverride', override, ASSIGNMENT_OVERRIDES);
  if (version !== undefined && !Number.isSafeInteger(version))
    return { message: `"versionNumber" is ${shown(version)}.`, remedy: 'Write a whole number.' };
  return unknownProperty(
    setting,
    ['@odata.type', 'assignmentOverride', 'versionNumber'],
    'assignmentConflictSetting',
  );
}

function rawFilterFault(target: JsonObject, type: TargetType, apiVersion: ApiVersion): Fault | undefined {
  if (apiVersion === 'v1.0' && (Object.hasOwn(target, FILTER_ID) || Object.hasOwn(target, FILTER_TYPE)))
    return { message: 'Only the beta API has filters.', remedy: NEEDS_BETA };
  const id = target[FILTER_ID] ?? null;
  const filterType = target[FILTER_TYPE] ?? 'none';
  if (id === null && filterType === 'none') return undefined;
  if (!TARGET_KINDS[type].takesFilter)
    return { message: `The target type ${type} takes no filter.`, remedy: 'Take the filter out.' };
  if (typeof id === 'string' && isZeroGuid(id))
    return { message: `No filter has the id ${id}.`, remedy: 'Write the id of a filter, or null with none.' };
  if (typeof id !== 'string' || id.trim() === '' || !isOneOf(filterType, ['include', 'exclude'])) {
    return {
      message: `The filter id ${shown(id)} and the filter type ${shown(filterType)} do not go together.`,
      remedy: 'Write an id with include or exclude, or null with none.',
    };
  }
  return isUnreadable(id) ? unreadable(FILTER_ID) : undefined;
}

/** A property that Graph does not know would be refused, or dropped without a word. */
export function unknownProperty(
  object: JsonObject,
  known: readonly string[],
  what: string,
): Fault | undefined {
  const unknown = Object.keys(object).find((property) => !known.includes(property));
  return unknown === undefined
    ? undefined
    : {
        message: `${what} has no property ${quoted(unknown)}.`,
        remedy: `Take it out; there are: ${known.join(', ')}.`,
      };
}

export const isOneOf = (value: unknown, words: readonly string[]): boolean =>
  typeof value === 'string' && words.includes(value);

export const wrongWord = (property: string, value: unknown, words: readonly string[]): Fault => ({
  message: `"${property}" is ${shown(value)}.`,
  remedy: `Write one of: ${words.join(', ')}.`,
});

/** Texts in raw bodies may hold anything (the documentation's have spaces) but what can't be seen or is no text at all. */
export const isUnreadable = (text: string): boolean =>
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u001f\u007f-\u009f]/.test(text) || !text.isWellFormed();

export const unreadable = (property: string): Fault => ({
  message: `"${property}" holds a control character, or half of a character.`,
  remedy: 'Write it as Graph shows it.',
});
