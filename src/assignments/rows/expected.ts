import type { Address } from '../kinds/address.ts';
import { audienceKey } from '../targets/audience.ts';
import type { Filter } from '../targets/filter.ts';
import { targetBody, TARGET_COLUMNS } from '../targets/target.ts';
import { sameId } from '../values/ids.ts';
import type { InputColumn } from './columns.ts';
import { EXTRA_COLUMNS, type Desired } from './desired.ts';
import { readExtras } from './extras.ts';
import { namesByTarget, readFrom, type FromTarget } from './fromTarget.ts';
import { RowReader, type ReadingRules } from './rowReader.ts';
import type { InputRow } from './row.ts';
import { readFilter } from './writtenFilter.ts';
import { readTarget } from './writtenTarget.ts';

/** The columns of an exported row that say what there is, and that `remove` takes as what it must find. */
export const EXPECTED_COLUMNS: readonly InputColumn[] = [
  ...['targetType', ...TARGET_COLUMNS, 'filterId', 'filterType', ...EXTRA_COLUMNS],
] as readonly InputColumn[];

/**
 * What a row that removes expects to find, said by the columns that say elsewhere what is wanted: so that an exported row removes its
 * assignment by one cell. It is no name: the row has one besides.
 * @param from what its `from…` columns name, which must be the same
 */
export function readExpected(
  reader: RowReader,
  address: Address | undefined,
  from: FromTarget | undefined,
): Desired | undefined {
  const target = readTarget(reader);
  const filter = readFilter(reader, target?.type);
  const extras = readExtras(reader, address?.kind);
  if (target === undefined || filter === undefined || extras === undefined) return undefined;
  const expected: Desired = { kind: 'described', target, filter, ...extras };
  if (from !== undefined && audienceKey(targetBody(from.target)) !== audienceKey(targetBody(target)))
    return refuseOther(reader, 'target', reader.has('groupId') ? 'groupId' : 'targetType');
  if (from?.filterId !== undefined && !isNamedBy(from.filterId, filter))
    return refuseOther(reader, 'filter', 'filterId');
  return expected;
}

const isNamedBy = (filterId: string, filter: Filter): boolean =>
  filter.kind === 'keep' || (filter.kind === 'filter' && sameId(filter.id, filterId));

const refuseOther = (reader: RowReader, what: 'target' | 'filter', column: InputColumn): undefined =>
  reader.problem(
    column,
    `The row names another ${what} by its from… columns: nobody can tell which of the two is to be removed.`,
    `Leave ${column} as it was exported, or the columns of the target blank.`,
  );

/**
 * Whether a row that adds names by its `from…` columns just what it wants, as one does that was exported: then they, and the id beside
 * them, are of what is there or was there, and do no harm. Of another target they might say what to move, so that is refused.
 */
export function namesWhatItWants(row: InputRow, rules: ReadingRules): boolean {
  const reader = new RowReader(row, rules);
  if (!namesByTarget(reader) || reader.has('target') || reader.has('body')) return false;
  const from = readFrom(reader);
  const target = readTarget(reader);
  const filter = readFilter(reader, target?.type);
  if (from === undefined || target === undefined || filter === undefined) return false;
  const wanted = filter.kind === 'filter' ? filter.id : undefined;
  return (
    audienceKey(targetBody(from.target)) === audienceKey(targetBody(target)) &&
    (wanted === undefined ? from.filterId === undefined : sameId(wanted, from.filterId))
  );
}
