import { plainTypeName } from '../targets/odataTypes.ts';
import { quoted } from '../values/quoted.ts';
import { didYouMean, NEEDS_BETA, type RowReader } from './rowReader.ts';
import {
  ABSTRACT_TARGET,
  ASSIGNMENT_OVERRIDES,
  odataTypeOf,
  SCOPE_TAG_TARGET_TYPES,
  TARGET_COLUMNS,
  TARGET_KINDS,
  TARGET_TYPES,
  type Target,
  type TargetType,
} from '../targets/target.ts';

/** The target that `targetType` and the columns of its kind describe. */
export function readTarget(reader: RowReader): Target | undefined {
  const type = readTargetType(reader);
  if (type === undefined) return undefined;
  const before = reader.problems.length;
  const { required, optional } = TARGET_KINDS[type];
  for (const column of TARGET_COLUMNS) {
    const isTaken = required.includes(column) || optional.includes(column);
    if (!isTaken && reader.has(column)) {
      const remedy = `Leave ${column} blank, or change targetType.`;
      reader.problem(column, `The target type ${type} takes no ${column}.`, remedy);
    }
    if (required.includes(column) && !reader.has(column))
      reader.problem(column, `The target type ${type} needs ${column}.`, `Fill in ${column}.`);
  }
  const target = targetOfType(reader, type);
  return reader.problems.length === before ? target : undefined;
}

function readTargetType(reader: RowReader): TargetType | undefined {
  if (!reader.has('targetType')) {
    const remedy = `Write one of: ${TARGET_TYPES.join(', ')}; or give target or body in Graph's own shape.`;
    return reader.problem('targetType', 'targetType is missing.', remedy);
  }
  const name = reader.text('targetType');
  if (name === undefined) return undefined;
  const type = targetTypeNamed(name);
  if (type === 'abstract') {
    const remedy = `Write one of: ${TARGET_TYPES.join(', ')}.`;
    return reader.problem('targetType', `${quoted(name)} is abstract: Graph keeps no such target.`, remedy);
  }
  if (type === undefined)
    return reader.problem(
      'targetType',
      `${quoted(name)} is no targetType.`,
      didYouMean(plainTypeName(name).replace(/assignmenttarget$/, ''), TARGET_TYPES),
    );
  if (!TARGET_KINDS[type].apiVersions.includes(reader.rules.apiVersion))
    return reader.problem('targetType', `Only the beta API has the target type ${type}.`, NEEDS_BETA);
  return type;
}

/** The kind that a cell names, in any letter case: `group`, `groupAssignmentTarget`, `#microsoft.graph.groupAssignmentTarget`. */
export function targetTypeNamed(name: string): TargetType | 'abstract' | undefined {
  const plain = plainTypeName(name);
  if (plain === plainTypeName(ABSTRACT_TARGET)) return 'abstract';
  return TARGET_TYPES.find(
    (type) => type.toLowerCase() === name.toLowerCase() || plainTypeName(odataTypeOf(type)) === plain,
  );
}

/** `''` and `none` stand only where a problem was noted, and the target is then not used. */
function targetOfType(reader: RowReader, type: TargetType): Target {
  switch (type) {
    case 'group':
    case 'exclusionGroup':
      return { type, groupId: reader.groupId('groupId', 'targetType') ?? '' };
    case 'allDevices':
    case 'allLicensedUsers':
      return { type };
    case 'configurationManagerCollection':
      return { type, collectionId: reader.id('collectionId') ?? '' };
    case 'scopeTagGroup':
      return {
        type,
        scopeTagTargetType: reader.choice('scopeTagTargetType', SCOPE_TAG_TARGET_TYPES) ?? 'none',
        entraObjectId: reader.guid('entraObjectId', 'user, device or group') ?? '',
      };
    case 'organizationalUnit': {
      const assignmentOverride = reader.choice('assignmentOverride', ASSIGNMENT_OVERRIDES);
      const versionNumber = readVersionNumber(reader);
      return {
        type,
        organizationalUnitId: reader.id('organizationalUnitId') ?? '',
        ...(assignmentOverride !== undefined && { assignmentOverride }),
        ...(versionNumber !== undefined && { versionNumber }),
      };
    }
  }
}

function readVersionNumber(reader: RowReader): number | undefined {
  const text = reader.text('versionNumber');
  if (text === undefined) return undefined;
  const number = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(number)
    ? number
    : reader.problem('versionNumber', `${quoted(text)} is no whole number.`, 'Write digits only.');
}
