import type { InputColumn } from '../rows/columns.ts';
import { GROUP_AND_FILTER_PAIRS } from './namePairs.ts';

/** The columns of names that stand beside ids of groups and filters. */
export const NAME_COLUMNS: readonly InputColumn[] = GROUP_AND_FILTER_PAIRS.map(({ name }) => name);

/** Names by ids in lower case. */
export interface NamesById {
  readonly groups: ReadonlyMap<string, string>;
  readonly filters: ReadonlyMap<string, string>;
}

/** A row with the names of its groups and filters, where they are known. */
export function namedCells(
  cells: ReadonlyMap<InputColumn, string>,
  names: NamesById,
): ReadonlyMap<InputColumn, string> {
  const named = new Map(cells);
  for (const { id, of, name: column } of GROUP_AND_FILTER_PAIRS) {
    const name = names[of].get(cells.get(id)?.toLowerCase() ?? '');
    if (name !== undefined) named.set(column, name);
  }
  return named;
}

/** The ids of groups, or of filters, that rows name, each once and in lower case. */
export const idsIn = (
  rows: readonly ReadonlyMap<InputColumn, string>[],
  of: 'groups' | 'filters',
): readonly string[] => [
  ...new Set(
    GROUP_AND_FILTER_PAIRS.filter((pair) => pair.of === of).flatMap(({ id }) =>
      rows.flatMap((cells) => cells.get(id)?.toLowerCase() ?? []),
    ),
  ),
];
