import { closestTo } from '../values/closest.ts';
import { plainName } from '../values/plainName.ts';

/**
 * The input columns, in the order in which they are documented and written.
 * Names are compared without case, spaces, `_` and `-`.
 */
export const INPUT_COLUMNS = [
  'policyType',
  'policyId',
  'assignmentId',
  'via',
  'url',
  'targetType',
  'groupId',
  'collectionId',
  'entraObjectId',
  'scopeTagTargetType',
  'organizationalUnitId',
  'assignmentOverride',
  'versionNumber',
  'filterId',
  'filterType',
  'intent',
  'settings',
  'runSchedule',
  'runRemediationScript',
  'source',
  'sourceId',
  'target',
  'body',
  'action',
  'fromTargetType',
  'fromGroupId',
  'fromFilterId',
  'fromIntent',
  'note',
  'policyName',
  'groupName',
  'filterName',
  'fromGroupName',
  'fromFilterName',
  'platform',
] as const;

export type InputColumn = (typeof INPUT_COLUMNS)[number];

/** The columns that `results` puts after the input's own. A file that has them is read as if it had not. */
export const RESULT_COLUMNS = [
  'status',
  'httpStatus',
  'errorCode',
  'errorMessage',
  'attempts',
  'throttledMs',
  'requestId',
  'clientRequestId',
  'finishedAt',
  'before',
  'after',
  'assignmentIdAfter',
] as const;

export type ResultColumn = (typeof RESULT_COLUMNS)[number];

/**
 * What a file of ours may hold besides the input's columns: `row` is what JSON results call the line, `problem` what a file of
 * problems says of a row.
 */
const IGNORED_COLUMNS = [...RESULT_COLUMNS, 'row', 'problem'] as const;

export type ColumnMeaning =
  | { kind: 'input'; column: InputColumn }
  /** A result column that is fed back: its cells are not read. */
  | { kind: 'ignored' }
  /** `given` is a name that somebody said the file has, and that is nearly this one. */
  | { kind: 'unknown'; didYouMean: InputColumn | undefined; given?: string };

const meaningByPlainName = new Map<string, ColumnMeaning>([
  ...IGNORED_COLUMNS.map((name): [string, ColumnMeaning] => [plainName(name), { kind: 'ignored' }]),
  ...INPUT_COLUMNS.map((column): [string, ColumnMeaning] => [plainName(column), { kind: 'input', column }]),
]);

/** What a header name or JSON key of an input file means. */
export function columnMeaning(name: string): ColumnMeaning {
  return (
    meaningByPlainName.get(plainName(name)) ?? {
      kind: 'unknown',
      didYouMean: closestTo(plainName(name), INPUT_COLUMNS),
    }
  );
}

/** What the names of a file's columns mean. */
export type ColumnNames = (name: string) => ColumnMeaning;
