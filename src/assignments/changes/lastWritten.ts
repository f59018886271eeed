import type { JsonObject } from '../values/json.ts';
import { currentAssignmentOf, type CurrentAssignment } from './current.ts';
import { fingerprintOfList } from './fingerprint.ts';

/** What a list was before the writes of the last minutes and after them, as fingerprints. */
export interface LastWritten {
  /** What a copy that lags behind may still show. */
  readonly befores: readonly string[];
  readonly after: string;
}

/** The waits between reads of a list that reads as before, in windows: two of them in all. A tenant may lag behind for as long. */
export const LAG_WAITS_WINDOWS = [0.1, 0.2, 0.4, 0.8, 0.5];

/** Writes of one list within minutes that are told apart; what is older is not looked for. */
const BEFORES_MAX = 16;

/**
 * What is to be remembered of a list after writes.
 * @param read the list as it was read for them
 * @param afters the list after each write; at least one
 */
export function lastWritten(
  known: LastWritten | undefined,
  read: readonly JsonObject[],
  afters: readonly (readonly JsonObject[])[],
): LastWritten {
  const prints = [read, ...afters].map(fingerprintOfEntries);
  const after = prints.at(-1) ?? fingerprintOfEntries(read);
  const befores = [...(known === undefined ? [] : [...known.befores, known.after]), ...prints];
  return { befores: [...new Set(befores)].filter((each) => each !== after).slice(-BEFORES_MAX), after };
}

/** Whether a list reads as it was before it was written: a copy that lags behind shows it, or somebody has put it back. */
export const readsAsBefore = (
  known: LastWritten | undefined,
  read: readonly Pick<CurrentAssignment, 'whole'>[],
): boolean =>
  known !== undefined && known.befores.includes(fingerprintOfEntries(read.map(({ whole }) => whole)));

/** Without what Graph sets by itself, as a list that was written has yet to be read. */
const fingerprintOfEntries = (entries: readonly JsonObject[]): string =>
  fingerprintOfList(
    entries.flatMap(
      ({ source: _source, sourceId: _sourceId, ...entry }) => currentAssignmentOf({ ...entry, id: '' }) ?? [],
    ),
  );
