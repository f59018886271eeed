import { entryOf, type Decision } from '../assignments/changes/decision.ts';
import { roomsOf } from '../assignments/changes/seats.ts';
import { listPath } from '../assignments/kinds/address.ts';
import type { RecordedRow } from '../runs/batchRow.ts';

/**
 * Whether a row can be written while an earlier write of another row of its list may still be applied. A PATCH that lands late finds the
 * assignment of its id: where ids follow targets, that is what has taken the place which its row has left. A whole list that lands
 * late takes back whatever was written after it.
 */
export function isApart(
  { row, via, before, after }: Decision<RecordedRow>,
  rows: readonly RecordedRow[],
): boolean {
  if (via !== 'patch' || after === undefined) return false;
  const { kind } = row.change.address;
  const path = listPath(row.change.address);
  const ofList = rows.filter(({ change }) => listPath(change.address) === path);
  if (ofList.some(({ list }) => list !== undefined)) return false;
  const roomOf = roomsOf(kind.identity);
  const room = roomOf({ ...entryOf(before)?.whole, ...after });
  return ofList
    .filter((other) => other !== row && other.attempts > 0)
    .every((other) => {
      const left = other.before && entryOf(other.before);
      return left !== undefined && roomOf(left.whole) !== room;
    });
}
