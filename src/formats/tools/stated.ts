import { TARGET_KINDS } from '../../assignments/targets/target.ts';
import type { FromTarget } from '../../assignments/rows/fromTarget.ts';
import type { InputColumn } from '../../assignments/rows/columns.ts';
import { isGuid } from '../../assignments/values/guid.ts';
import { quoted } from '../../assignments/values/quoted.ts';
import type { StatedAction } from '../../assignments/rows/takenFor.ts';
import type { ToolCell, ToolFault, ToolReading, ToolRow } from './tableTool.ts';
import { everybodyNamed, idInName, saysNoFilter } from './words.ts';

export type StatedTarget = FromTarget['target']['type'];

/** The tool's columns in which an assignment stands; one that it has not is left out. */
export interface StatedColumns {
  readonly target: string;
  /** Where it says what is to be done. */
  readonly action?: string;
  readonly groupId?: string;
  readonly groupName?: string;
  readonly filterId?: string;
  readonly filterName?: string;
  readonly filterType?: string;
  readonly intent?: string;
}

/** An assignment that a file says is there, as the row that does something with it. */
export function statedRow(
  row: ToolRow,
  type: StatedTarget,
  columns: StatedColumns,
  action: StatedAction,
): readonly ToolCell[] {
  const group = type === 'group' || type === 'exclusionGroup' ? groupCells(row, columns) : [];
  const target: ToolCell[] = [['targetType', type, columns.target], ...group];
  const filter = filterCells(row, type, columns);
  const intent = columns.intent === undefined ? '' : row.text(columns.intent);
  const carried: ToolCell[] = [
    ...filter,
    ...(intent === '' ? [] : [['intent', intent, columns.intent ?? ''] as const]),
  ];
  switch (action) {
    case 'add':
      return [['action', 'add', columns.action ?? columns.target], ...target, ...carried];
    case 'set':
      return [...target, ...carried, ...asFrom(target)];
    case 'remove':
      return [
        ['action', 'remove', columns.action ?? columns.target],
        ...target,
        ...carried,
        ...asFrom([...target, ...filter]),
      ];
  }
}

const FROM: { readonly [column in InputColumn]?: InputColumn } = {
  targetType: 'fromTargetType',
  groupId: 'fromGroupId',
  groupName: 'fromGroupName',
  filterId: 'fromFilterId',
  filterName: 'fromFilterName',
};

/** The same cells as they name what is there. */
const asFrom = (cells: readonly ToolCell[]): readonly ToolCell[] =>
  cells.flatMap(([column, value, from]) => {
    const named = FROM[column];
    return named === undefined ? [] : [[named, value, from] as const];
  });

/** A name that is an id, as that of a group that is gone, is taken for one. */
function groupCells(row: ToolRow, { groupId = '', groupName = '' }: StatedColumns): ToolCell[] {
  const [id, name] = [row.text(groupId), row.text(groupName)];
  const inName = idInName(name);
  if (id !== '')
    return [
      ['groupId', id, groupId],
      ...(name === '' || inName ? [] : [['groupName', name, groupName] as const]),
    ];
  if (inName !== undefined) return [['groupId', inName, groupName]];
  return name === '' ? [] : [['groupName', name, groupName]];
}

/** Some tools write a name where an id should be, and the reverse. */
function filterCells(
  row: ToolRow,
  type: StatedTarget,
  { target, filterId = '', filterName = '', filterType = '' }: StatedColumns,
): readonly ToolCell[] {
  const [id, name, mode] = [row.text(filterId), row.text(filterName), row.text(filterType)];
  const named: ToolCell[] = [
    ...(saysNoFilter(id) ? [] : [[isGuid(id) ? 'filterId' : 'filterName', id, filterId] as const]),
    ...(saysNoFilter(name) ? [] : [[isGuid(name) ? 'filterId' : 'filterName', name, filterName] as const]),
  ];
  // A type without a filter, and a filter without a type, are problems of the row.
  if (named.length > 0 || !saysNoFilter(mode))
    return mode === '' ? named : [...named, ['filterType', mode.toLowerCase(), filterType]];
  return TARGET_KINDS[type].takesFilter
    ? [['filterType', 'none', filterType === '' ? target : filterType]]
    : [];
}

/** The target of a column that has both groups and everybody by their names. */
export const namedTarget = (name: string, isExclusion: boolean): StatedTarget =>
  everybodyNamed(name) ?? (isExclusion ? 'exclusionGroup' : 'group');

export const rows = (...each: readonly (readonly ToolCell[])[]): ToolReading => ({
  kind: 'rows',
  rows: each,
});

export const fault = (
  cells: readonly ToolCell[],
  from: string,
  message: string,
  remedy: string,
): ToolReading => ({
  kind: 'faults',
  cells,
  faults: [{ from, message, remedy } satisfies ToolFault],
});

export const notKnown = (
  cells: readonly ToolCell[],
  from: string,
  row: ToolRow,
  words: readonly string[],
): ToolReading =>
  fault(
    cells,
    from,
    row.text(from) === '' ? `${from} is blank.` : `${quoted(row.text(from))} is no ${from} that is known.`,
    `Write one of: ${words.join(', ')}.`,
  );

/** Everybody can be included only. */
export const everybodyExcluded = (cells: readonly ToolCell[], from: string, row: ToolRow): ToolReading =>
  fault(
    cells,
    from,
    `${quoted(row.text(from))} can't be excluded: an exclusion is of a group.`,
    'Name the group that is to be excluded, or include everybody with a filter that excludes.',
  );

/** Cells of a policy, blank ones left out. */
export const policyIn = (
  row: ToolRow,
  { id = '', name = '' }: { readonly id?: string; readonly name?: string },
): readonly ToolCell[] => [
  ...(row.text(id) === '' ? [] : [['policyId', row.text(id), id] as const]),
  ...(row.text(name) === '' ? [] : [['policyName', row.text(name), name] as const]),
];
