import type { Change } from '../rows/change.ts';
import type { JsonObject } from '../values/json.ts';
import { currentAssignmentOf, type CurrentAssignment } from './current.ts';
import { fingerprintOfList } from './fingerprint.ts';
import { listDifferences, turnedInto } from './listDifferences.ts';
import type { Undo, WrittenChange } from './undo.ts';
import type { WrittenList } from './writes.ts';

/** A list that was written whole, of which a read-back has missed something. */
export interface LossyWrite {
  readonly list: WrittenList;
  /** The fingerprint of the list as that read-back saw it. */
  readonly seen: string;
}

/** Whether nobody has changed the list since it was read back. */
export const isAsReadBack = ({ seen }: LossyWrite, list: readonly CurrentAssignment[]): boolean =>
  fingerprintOfList(list) === seen;

/**
 * What a write has lost of the entries that no row was about, as changes that a rollback takes back.
 * @param change any of the list
 */
export function lossesOf(
  { sent }: WrittenList,
  list: readonly CurrentAssignment[],
  { line, address }: Change,
): WrittenChange[] {
  const { missing, different } = listDifferences(sent, list, address);
  const lost = [...missing, ...different.map((each) => each.sent)];
  return lost.flatMap((entry): WrittenChange[] => {
    // What rows have brought or changed gave up its id, and is taken back with them.
    const was = currentAssignmentOf(entry);
    return was === undefined
      ? []
      : [
          {
            change: {
              ...{ action: 'remove', line, address: { ...address, assignmentId: was.id } },
              ...{ from: undefined, policyName: undefined, desired: undefined },
            },
            before: { kind: 'entry', entry: was },
            idAfter: undefined,
          },
        ];
  });
}

/** What takes a loss back: where an entry was turned into another one of its group, that one is made what it was. */
export function undoOfLoss(
  undo: Undo,
  { change, before }: WrittenChange,
  { sent }: WrittenList,
  list: readonly CurrentAssignment[],
): Undo {
  if (undo.kind === 'asBefore' || undo.inverse.action !== 'add' || before.kind !== 'entry') return undo;
  const was: JsonObject = before.entry.whole;
  const current = turnedInto(was, listDifferences(sent, list, change.address));
  return current === undefined
    ? undo
    : { kind: undo.kind, inverse: { action: 'set', current, was: before.entry } };
}
