import { hash } from 'node:crypto';
import { stateOfByte, rowStatusOf, type RowStatus } from '../../runs/rowState.ts';
import type { Run } from '../../runs/run.ts';
import type { RunStore } from '../../runs/runStore.ts';
import { withCalled } from '../../assignments/names/calledIds.ts';
import { alikeBy } from './failures.ts';

/** What became of rows that did not come through. */
export const UNWELL: readonly RowStatus[] = ['failed', 'stale', 'awaitingApproval', 'unsure'];

/** So many rows are looked at for their cause: what is true of the first of them is mostly true of all. */
const ROWS_MAX = 5_000;

/** Rows that did not come through for one reason; what differs from row to row is not the reason. */
export interface RowCause {
  /** Names it, as in `causeIdOf`. */
  readonly id: string;
  readonly status: RowStatus;
  readonly code: string;
  /** Of the first row of them, with the names that people know. */
  readonly message: string;
  readonly rows: number;
}

export interface RowCauses {
  /** The commonest first. */
  readonly causes: readonly RowCause[];
  /** Rows that were not looked at, as there are too many. */
  readonly others: number;
}

/** What a cause is called in an address. */
export const causeIdOf = (status: RowStatus, code = '', message = ''): string =>
  hash('sha256', `${status} ${alikeBy({ code, message })}`).slice(0, 10);

/** Why rows of a run did not come through. */
export async function causesOf(
  run: Run,
  { runs }: { readonly runs: Pick<RunStore, 'states' | 'details' | 'called'> },
): Promise<RowCauses> {
  const unwell = run.counts.failed + run.counts.stale + run.counts.awaitingApproval + run.counts.unsure;
  if (unwell === 0) return { causes: [], others: 0 };
  const called = (await runs.called(run.runId)) ?? {};
  const found = new Map<string, RowCause>();
  let seen = 0;
  for await (const states of runs.states(run)) {
    const batches = states.flatMap(([batch, bytes]) => {
      const places = placesOf(bytes, run);
      return places.length === 0 ? [] : [{ batch, places }];
    });
    for (let first = 0; first < batches.length && seen < ROWS_MAX; first += BATCHES_AT_A_TIME) {
      const part = batches.slice(first, first + BATCHES_AT_A_TIME);
      const details = await runs.details(
        run.runId,
        part.map(({ batch }) => batch),
      );
      part.forEach(({ places }, i) => {
        for (const { place, status } of places) {
          if (seen >= ROWS_MAX) return;
          seen += 1;
          const { errorCode: code = '', errorMessage: message = '' } = details[i]?.get(place) ?? {};
          const id = causeIdOf(status, code, message);
          const known = found.get(id);
          found.set(id, {
            ...(known ?? { id, status, code, message: withCalled(message, called) }),
            rows: (known?.rows ?? 0) + 1,
          });
        }
      });
    }
    if (seen >= ROWS_MAX) break;
  }
  return {
    causes: [...found.values()].toSorted((a, b) => b.rows - a.rows),
    others: Math.max(0, unwell - seen),
  };
}

const BATCHES_AT_A_TIME = 200;

function placesOf(bytes: Buffer, { state }: Run): { readonly place: number; readonly status: RowStatus }[] {
  return [...bytes].flatMap((byte, place) => {
    const status = rowStatusOf(stateOfByte(byte).state, state === 'cancelled');
    return UNWELL.includes(status) ? [{ place, status }] : [];
  });
}
