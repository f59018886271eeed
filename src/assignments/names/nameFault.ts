import type { RowError } from '../changes/current.ts';
import type { InputColumn } from '../rows/columns.ts';
import type { InputRow } from '../rows/row.ts';
import { quoted } from '../values/quoted.ts';
import { foldedName } from './nameTable.ts';
import { isNoFilter } from './resolve.ts';

/** A name and the id beside it, which are held against what the tenant calls that. */
const PAIRS = [
  { id: 'groupId', name: 'groupName', of: 'groups' },
  { id: 'fromGroupId', name: 'fromGroupName', of: 'groups' },
  { id: 'filterId', name: 'filterName', of: 'filters' },
  { id: 'fromFilterId', name: 'fromFilterName', of: 'filters' },
] as const satisfies readonly { id: InputColumn; name: InputColumn; of: 'groups' | 'filters' }[];

const SORT = { groups: 'group', filters: 'filter' } as const;

export interface NameFault extends RowError {
  readonly column: InputColumn;
}

/** The ids of a row, in lower case, that have a name beside them: what the tenant calls these has to be known. */
export const namedIdsIn = ({ cells }: InputRow, what: 'groups' | 'filters'): readonly string[] =>
  PAIRS.flatMap(({ id, name, of }) =>
    of === what && cells.has(id) && cells.has(name) ? [String(cells.get(id)).toLowerCase()] : [],
  );

/**
 * Why a row is not believed to be about its groups and filters: it calls one by another name than the tenant does, as when one column of
 * a file was sorted alone. Undefined when the names agree, or when one of them is not known. Letter case does not count.
 * @param nameOf the tenant's name of an id in lower case
 */
export function nameFault(
  { cells }: InputRow,
  nameOf: (id: string) => string | undefined,
): NameFault | undefined {
  for (const { id: idColumn, name: column, of } of PAIRS) {
    const [id, written] = [cells.get(idColumn), cells.get(column)];
    if (typeof id !== 'string' || typeof written !== 'string' || isNoFilter(written)) continue;
    const name = nameOf(id.toLowerCase());
    if (name === undefined || foldedName(name) === foldedName(written)) continue;
    return {
      column,
      code: of === 'groups' ? 'GroupNameMismatch' : 'FilterNameMismatch',
      message: `Expected the ${SORT[of]} ${quoted(written)}, found ${quoted(name)} under the ${idColumn} ${id}. Leave ${idColumn} blank if the name is meant, or ${column} if the id is.`,
    };
  }
  return undefined;
}
