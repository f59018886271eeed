import type { InputColumn } from '../rows/columns.ts';
import type { InputRow } from '../rows/row.ts';
import { everybodyOf } from '../values/guid.ts';
import { quoted } from '../values/quoted.ts';
import type { NamesById } from './namedCells.ts';
import { GROUP_AND_FILTER_PAIRS, type NamePair } from './namePairs.ts';
import { foldedName } from './nameTable.ts';

/** A name that stands beside the id of a group or filter in a row. */
interface NameBeside {
  readonly pair: NamePair<'groups' | 'filters'>;
  /** In lower case. */
  readonly id: string;
  readonly written: string;
}

/** Everybody has a name of its own in every tool, and is no group. */
const besideIn = ({ cells }: InputRow): readonly NameBeside[] =>
  GROUP_AND_FILTER_PAIRS.flatMap((pair) => {
    const [id, written] = [cells.get(pair.id), cells.get(pair.name)];
    return typeof id === 'string' && typeof written === 'string' && everybodyOf(id) === undefined
      ? [{ pair, id: id.toLowerCase(), written }]
      : [];
  });

/** The ids of groups, or of filters, beside which these rows have a name, each once and in lower case. */
export const idsWithNames = (rows: readonly InputRow[], of: 'groups' | 'filters'): readonly string[] => [
  ...new Set(rows.flatMap((row) => besideIn(row).flatMap(({ pair, id }) => (pair.of === of ? [id] : [])))),
];

/** Why a row is not believed: it calls a group or a filter otherwise than the tenant does. */
export interface MisnamedId {
  readonly code: 'NameMismatch';
  readonly message: string;
  readonly remedy: string;
  readonly column: InputColumn;
}

/**
 * The first name of a row that does not agree with the id beside it, as when one of the two was changed alone, or a column was sorted. Undefined
 * when all agree. Of what the tenant does not show, the name is not looked at.
 */
export function misnamedId(row: InputRow, names: NamesById): MisnamedId | undefined {
  for (const { pair, id, written } of besideIn(row)) {
    const called = names[pair.of].get(id);
    if (called === undefined || foldedName(called) === foldedName(written)) continue;
    const what = pair.of === 'groups' ? 'group' : 'filter';
    return {
      code: 'NameMismatch',
      message: `Expected the ${what} ${quoted(written)}, found ${quoted(called)} under the id ${id}; nothing was written.`,
      remedy: `Leave ${pair.id} blank if the name is meant, or ${pair.name} if the id is. If neither was changed: was one column of the file sorted alone?`,
      column: pair.name,
    };
  }
  return undefined;
}
