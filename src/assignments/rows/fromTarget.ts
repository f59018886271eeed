import { ownField } from '../kinds/kind.ts';
import { KINDS } from '../kinds/registry.ts';
import { quoted } from '../values/quoted.ts';
import { NEEDS_BETA, type RowReader } from './rowReader.ts';
import type { Target, TargetType } from '../targets/target.ts';
import { targetTypeNamed } from './writtenTarget.ts';

/** A current assignment by what it is assigned to, as the `from…` columns name it. */
export interface FromTarget {
  readonly target: FromAudience;
  /** The filter that it must have; undefined: whichever it has. */
  readonly filterId: string | undefined;
  /** The intent that it must have, where one target may have several; undefined: whichever it has. */
  readonly intent?: string | undefined;
}

type FromAudience = Extract<Target, { type: 'group' | 'exclusionGroup' | 'allDevices' | 'allLicensedUsers' }>;

export const FROM_COLUMNS = ['fromTargetType', 'fromGroupId', 'fromFilterId', 'fromIntent'] as const;
/** The kinds of target that a `from…` column can name. */
export const FROM_TYPES: readonly TargetType[] = [
  'group',
  'exclusionGroup',
  'allDevices',
  'allLicensedUsers',
];

export const namesByTarget = (reader: RowReader): boolean =>
  FROM_COLUMNS.some((column) => reader.has(column));

/** What `fromIntent` takes: the words of the kinds whose policies may have a target once for each. */
const INTENTS: readonly string[] = [
  ...new Set(
    KINDS.filter(({ partOf }) => partOf !== undefined).flatMap((kind) => {
      const takes = ownField(kind, 'intent')?.takes;
      return typeof takes === 'object' ? takes : [];
    }),
  ),
];

/** The current assignment that the `from…` columns name; undefined when they are blank, or can't be read. */
export function readFrom(reader: RowReader): FromTarget | undefined {
  if (!namesByTarget(reader)) return undefined;
  const before = reader.problems.length;
  if (reader.rules.blind) {
    const remedy = 'Run without --blind, or name the assignment by its assignmentId.';
    reader.problem('fromTargetType', 'Only a read finds an assignment by its current target.', remedy);
  }
  const target = readAudience(reader);
  const filterId = reader.guid('fromFilterId', 'filter');
  if (filterId !== undefined && target?.type === 'exclusionGroup')
    reader.problem('fromFilterId', 'An exclusion has no filter.', 'Leave fromFilterId blank.');
  if (filterId !== undefined && reader.rules.apiVersion === 'v1.0')
    reader.problem('fromFilterId', 'Only the beta API has filters.', NEEDS_BETA);
  const intent = reader.has('fromIntent') ? reader.choice('fromIntent', INTENTS) : undefined;
  if (target === undefined || reader.problems.length > before) return undefined;
  return { target, filterId, ...(intent !== undefined && { intent }) };
}

function readAudience(reader: RowReader): FromAudience | undefined {
  const type = readType(reader);
  const groupId = reader.groupId('fromGroupId', 'fromTargetType');
  switch (type) {
    case undefined:
      return undefined;
    case 'group':
    case 'exclusionGroup':
      if (!reader.has('fromGroupId'))
        reader.problem('fromGroupId', `The target type ${type} needs fromGroupId.`, 'Fill in fromGroupId.');
      return groupId === undefined ? undefined : { type, groupId };
    case 'allDevices':
    case 'allLicensedUsers':
      if (groupId === undefined) return { type };
      return reader.problem(
        'fromGroupId',
        `The target type ${type} takes no fromGroupId.`,
        'Leave fromGroupId blank, or change fromTargetType.',
      );
  }
}

function readType(reader: RowReader): FromAudience['type'] | undefined {
  const name = reader.text('fromTargetType');
  const remedy = `Write one of: ${FROM_TYPES.join(', ')}; or name the assignment by its assignmentId.`;
  if (name === undefined) {
    return reader.has('fromTargetType')
      ? undefined
      : reader.problem('fromTargetType', 'fromTargetType is missing.', remedy);
  }
  const type = targetTypeNamed(name);
  switch (type) {
    case 'group':
    case 'exclusionGroup':
    case 'allDevices':
    case 'allLicensedUsers':
      return type;
    case undefined:
    case 'abstract':
    case 'configurationManagerCollection':
    case 'scopeTagGroup':
    case 'organizationalUnit':
      return reader.problem('fromTargetType', `${quoted(name)} names no current assignment.`, remedy);
  }
}
