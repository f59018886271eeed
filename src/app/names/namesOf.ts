import { idsIn, namedCells } from '../../assignments/names/namedCells.ts';
import type { InputColumn } from '../../assignments/rows/columns.ts';
import { assignmentFilters } from '../../graph/reads/assignmentFilters.ts';
import { groupNames } from '../../graph/reads/groupNames.ts';
import type { SendReads } from '../../graph/reads/reading.ts';
import { sayable } from '../shownPolicies.ts';

type Cells = ReadonlyMap<InputColumn, string>;

/** Rows with the names of their groups and filters, as far as the sign-in may read them: names are there to be read by people. */
export async function withNames(
  rows: readonly Cells[],
  send: SendReads,
  base: string,
): Promise<readonly Cells[]> {
  const groups = await groupNames(idsIn(rows, 'groups'), send);
  const isFiltered = idsIn(rows, 'filters').length > 0;
  const read = isFiltered ? await assignmentFilters(send, base) : undefined;
  const filters = read?.kind === 'filters' ? read.filters : [];
  const names = {
    groups: new Map([...groups].map(([id, name]) => [id, sayable(name)] as const)),
    filters: new Map(filters.map(({ id, name }) => [id.toLowerCase(), sayable(name)] as const)),
  };
  return rows.map((cells) => namedCells(cells, names));
}
