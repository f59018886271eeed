import { listPath } from '../../assignments/kinds/address.ts';
import type { Address } from '../../assignments/kinds/address.ts';
import { NOT_READ, type Before } from '../../assignments/changes/decision.ts';
import type { Called } from '../../assignments/names/calledIds.ts';
import { cellText } from '../../assignments/rows/selector.ts';
import type { JsonObject } from '../../assignments/values/json.ts';
import type { RecordedRow } from '../../runs/batchRow.ts';
import { rowStatusOf, type RowStatus } from '../../runs/rowState.ts';
import { RECORD_FORMAT, type Run } from '../../runs/run.ts';
import { bodyOf } from '../runs/resultRow.ts';
import type { Services } from '../services.ts';
import type { HistoryAsked } from './asked.ts';

/** One row of a run, as the history of what it is about tells it. */
export interface HistoryEntry {
  readonly kind: 'row';
  /** When it came to its end, or its run was made; ms since the epoch. */
  readonly at: number;
  readonly run: Run;
  readonly line: number;
  readonly address: Address;
  /** Its name, where anybody has read it. */
  readonly policy: string | undefined;
  readonly before: Before;
  /** What was or is to be written; undefined: it is removed. */
  readonly after: JsonObject | undefined;
  readonly status: RowStatus;
  readonly code: string;
  readonly clientRequestId: string | undefined;
  /** Runs that have taken it back, the newest first. */
  readonly rolledBackBy: readonly string[];
}

export interface HistoryTerms {
  readonly asked: HistoryAsked;
  /** Ms since the epoch. */
  readonly since: number;
  readonly until: number;
}

/** What all runs of a tenant did to what is asked for. */
export interface History {
  /** What people call the groups and filters of the runs; of two names the newer one. */
  readonly called: Called;
  /** Runs that were gone through, and such of another version, whose rows can't be read here. */
  readonly runs: number;
  readonly unreadable: readonly string[];
  /** Runs that are gone through after all others, however new, as nobody has read the names of their policies. */
  readonly last: readonly string[];
  /** The newest run first but for those, its rows as they lie in the record. To be read once. */
  entries(): AsyncGenerator<HistoryEntry>;
}

/** Reads the record alone. */
export async function historyOf(
  { asked, since, until }: HistoryTerms,
  { runs, interrupted }: Pick<Services, 'runs' | 'interrupted'>,
): Promise<History> {
  const all = (await runs.runs()).filter(
    (run) => run.createdAt <= until && (run.finishedAt ?? Infinity) >= since && run.state !== 'loading',
  );
  const readable = all.filter(({ format }) => format === RECORD_FORMAT);
  const names = await Promise.all(readable.map(({ runId }) => runs.called(runId)));
  // Whatever a group was called in one run, it is the same group in all of them.
  for (const called of names) asked.learn(called ?? {});
  const called: Called = Object.assign({}, ...names.toReversed().map((each) => each ?? {}));
  // A policy is known by its name where a plan has read it: then it is found by its id in the others.
  const isLast = (run: Run): boolean => asked.isByName && isUnnamed(run);
  const inOrder = readable.toSorted(
    (a, b) => Number(isLast(a)) - Number(isLast(b)) || b.createdAt - a.createdAt,
  );
  async function* entries(): AsyncGenerator<HistoryEntry> {
    const undone = new Undone();
    for (const run of inOrder)
      for await (const rows of runs.rowsAsked(run, (glance) => asked.mayMean(glance))) {
        interrupted.throwIfAborted();
        for (const row of rows) {
          if (!asked.mayTake(row)) continue;
          const body = bodyOf(row);
          if (!asked.takes(row, body)) continue;
          if (asked.fits(row.names?.policy)) asked.add(row.change.address.policyId);
          const entry = entryOf(row, body, run, undone);
          if (entry.at >= since && entry.at <= until) yield entry;
        }
      }
  }
  return {
    ...{ called, runs: all.length, entries },
    unreadable: all.filter(({ format }) => format !== RECORD_FORMAT).map(({ runId }) => runId),
    last: inOrder.filter(isLast).map(({ runId }) => runId),
  };
}

/** Nobody has read its policies' names. */
const isUnnamed = ({ options: { restores }, planFingerprint, blind }: Run): boolean =>
  blind || (planFingerprint === null && !restores);

/** Which rollbacks have taken back something of which run, by policy. A rollback is newer than what it takes back, so it comes first. */
class Undone {
  readonly #by = new Map<string, string[]>();

  note(run: Run, { address, status }: { readonly address: Address; readonly status: RowStatus }): void {
    const { revertOf } = run.options;
    if (revertOf === null || (status !== 'succeeded' && status !== 'skipped')) return;
    const key = `${revertOf} ${listPath(address)}`;
    const known = this.#by.get(key) ?? [];
    if (!known.includes(run.runId)) this.#by.set(key, [...known, run.runId]);
  }

  of({ runId }: Run, address: Address): readonly string[] {
    return this.#by.get(`${runId} ${listPath(address)}`) ?? [];
  }
}

function entryOf(row: RecordedRow, after: JsonObject | undefined, run: Run, undone: Undone): HistoryEntry {
  const { change, input, names, state, detail, before = NOT_READ } = row;
  const status = rowStatusOf(state, run.state === 'cancelled');
  const { address } = change;
  const rolledBackBy = undone.of(run, address);
  undone.note(run, { address, status });
  return {
    ...{ kind: 'row', at: detail.at ?? run.finishedAt ?? run.createdAt, run, line: input.line, address },
    policy: names?.policy ?? cellText(input.cells.get('policyName')),
    ...{ before, after, status, code: detail.errorCode ?? '', clientRequestId: detail.clientRequestId },
    rolledBackBy: status === 'succeeded' || status === 'unsure' ? rolledBackBy : [],
  };
}
