import { ownField } from '../kinds/kind.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import { isUsersGroup } from '../kinds/targetBodies.ts';
import type { CurrentAssignment } from '../changes/current.ts';
import { changeOf } from './change.ts';
import type { InputColumn } from './columns.ts';
import { filterOf } from '../targets/filter.ts';
import { EXTRA_COLUMNS, type ExtraColumn } from './desired.ts';
import { FROM_TYPES } from './fromTarget.ts';
import { sameId } from '../values/ids.ts';
import { isJsonObject, type JsonObject } from '../values/json.ts';
import { holds } from '../changes/holds.ts';
import { groupOf, targetTypeOf } from '../targets/currentTarget.ts';
import type { ReadingRules } from './rowReader.ts';
import { TARGET_KINDS, type TargetColumn, type TargetType } from '../targets/target.ts';

/** A current assignment in the words of the input columns. */
export interface AsRow {
  /**
   * `row`: reads back as a change that is already so. `policySet`: belongs to a policy set, so no row may change it.
   * `unspeakable`: no row says the same, as with a target of a kind that nobody documents.
   */
  readonly kind: 'row' | 'policySet' | 'unspeakable';
  /** The text of each cell that is not blank. Of what is no `row`, as far as there are words for it. */
  readonly cells: ReadonlyMap<InputColumn, string>;
}

/** Says an assignment as a row of an input file does. A filter that is off is `none`, so that the row says all there is. */
export function asRow(
  assignment: CurrentAssignment,
  policy: { readonly kind: PolicyKind; readonly id: string },
  rules: ReadingRules,
): AsRow {
  const type = isUsersGroup(policy.kind, assignment.target)
    ? 'allLicensedUsers'
    : targetTypeOf(assignment.target);
  const cells = textsOf([
    ['policyType', policy.kind.policyType],
    ['policyId', policy.id],
    ['assignmentId', assignment.id],
    ['targetType', type ?? assignment.target['@odata.type']],
    ...(type === undefined ? [] : ownCells(assignment.target, type)),
    ...(type === undefined ? [] : filterCells(assignment.target, type, rules)),
    ...(type === undefined ? [] : fromCells(assignment, type, policy.kind)),
    ...EXTRA_COLUMNS.map((column): WrittenCell => [column, extraIn(assignment, column, policy.kind)]),
  ]);
  if (sameId(assignment.source, 'policySets')) return { kind: 'policySet', cells };
  return { kind: readsBack(cells, assignment, rules) ? 'row' : 'unspeakable', cells };
}

/** Where an assignment comes from is Graph's to say, so that no exported row does. */
function extraIn({ whole }: CurrentAssignment, column: ExtraColumn, kind: PolicyKind): unknown {
  const field = ownField(kind, column);
  if (field === undefined || column === 'source' || column === 'sourceId') return undefined;
  const value = whole[column];
  switch (field.takes) {
    case 'json':
      return isJsonObject(value) ? JSON.stringify(value) : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : undefined;
    default:
      return value;
  }
}

type WrittenCell = readonly [InputColumn, unknown];

const textsOf = (cells: readonly WrittenCell[]): Map<InputColumn, string> =>
  new Map(
    cells.flatMap(([column, value]) =>
      typeof value === 'string' || typeof value === 'number' ? [[column, String(value)] as const] : [],
    ),
  );

const ownCells = (target: JsonObject, type: TargetType): WrittenCell[] =>
  [...TARGET_KINDS[type].required, ...TARGET_KINDS[type].optional].map((column) => [
    column,
    ownValue(target, column),
  ]);

function ownValue(target: JsonObject, column: TargetColumn): unknown {
  switch (column) {
    case 'scopeTagTargetType':
      return target['targetType'];
    case 'assignmentOverride':
    case 'versionNumber': {
      const setting = target['assignmentConflictSetting'];
      return isJsonObject(setting) ? setting[column] : undefined;
    }
    case 'groupId':
    case 'collectionId':
    case 'entraObjectId':
    case 'organizationalUnitId':
      return target[column];
  }
}

/** v1.0 shows no filter and takes none: a blank one keeps what is there. */
function filterCells(target: JsonObject, type: TargetType, { apiVersion }: ReadingRules): WrittenCell[] {
  const filter = filterOf(target);
  if (filter !== undefined) {
    return [
      ['filterId', filter.id],
      ['filterType', filter.type],
    ];
  }
  return TARGET_KINDS[type].takesFilter && apiVersion === 'beta' ? [['filterType', 'none']] : [];
}

/** Says the current target once more, so that a column that is sorted alone is found out when the file is read back. */
function fromCells(
  { target, whole }: CurrentAssignment,
  type: TargetType,
  { partOf }: PolicyKind,
): WrittenCell[] {
  if (!FROM_TYPES.includes(type)) return [];
  return [
    ['fromTargetType', type],
    ['fromGroupId', TARGET_KINDS[type].required.includes('groupId') ? groupOf(target) : undefined],
    ['fromFilterId', filterOf(target)?.id],
    ['fromIntent', partOf && whole['intent']],
  ];
}

function readsBack(
  cells: ReadonlyMap<InputColumn, string>,
  assignment: CurrentAssignment,
  rules: ReadingRules,
): boolean {
  const read = changeOf({ line: 1, cells }, rules);
  return 'change' in read && read.change.desired !== undefined && holds(read.change, assignment);
}
