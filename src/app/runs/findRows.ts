import type { Family } from '../../assignments/kinds/family.ts';
import type { Called } from '../../assignments/names/calledIds.ts';
import type { RecordedRow } from '../../runs/batchRow.ts';
import { batchAt, placeAt, positionOf } from '../../runs/position.ts';
import { isInDoubt, rowStatusOf, stateOfByte, type RowStatus } from '../../runs/rowState.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/runStore.ts';
import { causeIdOf } from './causes.ts';

/** Which rows of a run are looked for. What is left out is no condition. */
export interface RowsSought {
  readonly status?: RowStatus | undefined;
  /** True: only what was sent, and of which it is still to be seen what became of it. */
  readonly isInDoubt?: boolean | undefined;
  /** Only of the kinds that count in this throttle family. */
  readonly family?: Family | undefined;
  /** As `causeIdOf` names it. */
  readonly cause?: string | undefined;
  /** A part of the name or id of their policy, or of a group or filter, in any letter case. */
  readonly text?: string | undefined;
  /** Only what lies behind this position of the record; undefined: from its beginning. */
  readonly after?: number | undefined;
}

export type RowFound =
  | { readonly kind: 'row'; readonly row: RecordedRow; readonly position: number }
  /** So many rows have been looked through, whether they are meant or not. */
  | { readonly kind: 'searched'; readonly rows: number };

/** So many batches are read at once: few at first, for the first rows to be there at once, then more. */
const BATCHES_MIN = 5;
const BATCHES_MAX = 50;

/**
 * Rows of a run, as they lie in its record: those of one policy together. By status and family it is an index that is looked into, a byte a row; whatever
 * else is sought is read row by row, and told as it is found. In bounded memory whatever the run's size; whoever stops asking ends it.
 */
export async function* findRows(
  run: Run,
  sought: RowsSought,
  { runs }: { readonly runs: Pick<RunStore, 'states' | 'rowsOf' | 'called' | 'familiesOf'> },
): AsyncGenerator<RowFound> {
  const isMeant = matcherOf(sought, (await runs.called(run.runId)) ?? {});
  const isOfFamily = await familyMatcher(run, sought.family, runs);
  const after = sought.after ?? -1;
  const isCancelled = run.state === 'cancelled';
  let size = BATCHES_MIN;
  let searched = 0;
  for await (const states of runs.states(run, after < 0 ? 0 : batchAt(after))) {
    const batches = states.flatMap(([batch, bytes]) => {
      if (!isOfFamily(batch)) return [];
      const places = [...bytes].flatMap((byte, place) =>
        positionOf(batch, place) > after &&
        (sought.isInDoubt !== true || isInDoubt(stateOfByte(byte).state)) &&
        (sought.status === undefined || rowStatusOf(stateOfByte(byte).state, isCancelled) === sought.status)
          ? [place]
          : [],
      );
      return places.length === 0 ? [] : [{ batch, places: new Set(places) }];
    });
    for (let first = 0; first < batches.length; first += size, size = Math.min(BATCHES_MAX, size * 2)) {
      const part = batches.slice(first, first + size);
      const read = await runs.rowsOf(
        run,
        part.map(({ batch }) => batch),
      );
      for (const [i, { places, batch }] of part.entries())
        for (const row of read[i] ?? []) {
          if (!places.has(row.place)) continue;
          searched += 1;
          // It may have moved on since its state was read.
          if (sought.isInDoubt === true && !isInDoubt(row.state)) continue;
          if (isMeant(row, rowStatusOf(row.state, isCancelled)))
            yield { kind: 'row', row, position: positionOf(batch, row.place) };
        }
      yield { kind: 'searched', rows: searched };
    }
  }
}

/** The row at a position; undefined: there is none. */
export async function rowAt(
  run: Run,
  position: number,
  { runs }: { readonly runs: Pick<RunStore, 'rowsOf'> },
): Promise<RecordedRow | undefined> {
  const batch = batchAt(position);
  if (!Number.isSafeInteger(position) || position < 0 || batch >= run.batches) return undefined;
  const [rows] = await runs.rowsOf(run, [batch]);
  return rows?.[placeAt(position)];
}

/** A batch is of one family. */
async function familyMatcher(
  { runId, families }: Pick<Run, 'runId' | 'families'>,
  family: Family | undefined,
  runs: Pick<RunStore, 'familiesOf'>,
): Promise<(batch: number) => boolean> {
  if (family === undefined) return () => true;
  const place = families.indexOf(family);
  if (place < 0 || families.length < 2) return () => place === 0;
  const of = await runs.familiesOf(runId);
  return (batch) => of[batch] === place;
}

type IsMeant = (row: RecordedRow, status: RowStatus) => boolean;

function matcherOf({ status, cause, text }: RowsSought, called: Called): IsMeant {
  const words = text?.trim().toLowerCase() ?? '';
  const hasWords = words === '' ? () => true : wordsIn(words, called);
  return (row, now) =>
    (status === undefined || now === status) &&
    (cause === undefined || causeIdOf(now, row.detail.errorCode, row.detail.errorMessage) === cause) &&
    hasWords(row);
}

/** A row has ids of groups and filters in its cells, which people know by their names. */
function wordsIn(words: string, called: Called): (row: RecordedRow) => boolean {
  const ids = Object.entries(called).flatMap(([id, name]) =>
    name.toLowerCase().includes(words) ? [id] : [],
  );
  const named = new Set(ids);
  return ({ names, input }) => {
    if (names?.policy?.toLowerCase().includes(words)) return true;
    for (const cell of input.cells.values()) {
      const text = (typeof cell === 'string' ? cell : (JSON.stringify(cell) ?? '')).toLowerCase();
      if (text.includes(words)) return true;
      if (named.size > 0 && (text.match(GUIDS) ?? []).some((id) => named.has(id))) return true;
    }
    return false;
  };
}

const GUIDS = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g;
