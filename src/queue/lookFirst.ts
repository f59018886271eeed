import { changeFrom, type Change } from '../assignments/change.ts';
import type { JsonObject } from '../assignments/json.ts';
import { replyLost, SENDS_MAX, type GraphError } from '../assignments/outcome.ts';
import { decide, type Look } from '../assignments/plan.ts';
import { listPath } from '../assignments/policyKinds.ts';
import { presentAssignments, type LookResult } from '../graph/presentAssignments.ts';
import { rowOf, type Detail } from '../runs/batchCodec.ts';
import type { StateName } from '../runs/rowState.ts';
import type { Run } from '../runs/run.ts';
import type { RecordedRow, RowRecord } from '../runs/batchRow.ts';
import type { Edges } from './edges.ts';
import { readsWithin } from './reads.ts';
import { failure, GAVE_UP, spoken } from './rowRecord.ts';
import type { Asked } from './signIn.ts';

/** A row that may be taken further now. */
export interface ReadyRow extends RecordedRow {
  readonly change: Change;
}

/** A row that the look left to be written, and what with. */
export interface NeededWrite {
  readonly row: ReadyRow;
  readonly body: JsonObject;
}

export type Looks =
  | { readonly kind: 'looked'; readonly byList: ReadonlyMap<string, LookResult> }
  | { readonly kind: 'signIn'; readonly error: GraphError; readonly asked: Asked };

/** Only rows without a problem get into a record, so reading one again can't fail. */
export function withChange(row: RecordedRow, run: Run): ReadyRow {
  const read = changeFrom(rowOf(row.input), {
    root: run.graphUrl,
    apiVersion: run.apiVersion,
    blind: run.blind,
  });
  if ('problems' in read)
    throw new Error(
      `line ${row.input.line} of run ${run.runId} does not read any more: ${read.problems[0]?.message}`,
    );
  return { ...row, change: read.change };
}

/** Reads the lists of all rows that need a look: in a blind run only of those whose write may have left. */
export async function look(
  ready: readonly ReadyRow[],
  run: Run,
  { ledger, graphOf, signIn }: Edges,
  signal: AbortSignal,
): Promise<Looks> {
  const rows = run.blind ? ready.filter(({ attempts }) => attempts > 0) : ready;
  const asked = signIn.asks('reads');
  const byList = await presentAssignments(
    rows.map(({ change }) => change.address),
    readsWithin({ ledger, graph: graphOf(run.apiVersion) }, run.runId, signal),
    `${run.graphUrl}/${run.apiVersion}`,
  );
  const results = [...byList.values()];
  const refused = results.find((result) => result.kind === 'signIn');
  if (refused) return { ...refused, asked };
  if (results.some(({ kind }) => kind !== 'unread')) signIn.worked(asked);
  return { kind: 'looked', byList };
}

export interface Sorted {
  readonly settled: readonly RowRecord[];
  /** By place in the batch. */
  readonly needed: ReadonlyMap<number, NeededWrite>;
}

/** What the look makes of each row: settled, still to be written, or, where its list could not be read, neither. */
export function sorted(
  ready: readonly ReadyRow[],
  byList: ReadonlyMap<string, LookResult>,
  mayWrite: boolean,
  at: number,
): Sorted {
  const settled: RowRecord[] = [];
  const needed = new Map<number, NeededWrite>();
  const settle = (row: ReadyRow, state: StateName, detail: Detail): void => {
    const { throttledMs, requestId, clientRequestId } = row.detail;
    const kept = spoken({ throttledMs, requestId, clientRequestId });
    settled.push({
      place: row.place,
      state,
      attempts: row.attempts,
      detail: { ...kept, ...detail, at },
    });
  };
  for (const row of ready) {
    const seen: LookResult = byList.get(listPath(row.change.address)) ?? { kind: 'blind' };
    if (seen.kind === 'unread' || seen.kind === 'signIn') continue;
    const decision = decide(row.change, seen satisfies Look);
    const wasSent = row.attempts > 0;
    switch (decision.kind) {
      case 'alreadySo':
        settle(row, wasSent ? 'succeeded' : 'skipped', {});
        break;
      case 'refused':
        settle(row, 'failed', failure(decision.status, decision.error));
        break;
      case 'write': {
        const end = wasSent ? endOfSentRow(row) : undefined;
        if (end !== undefined) settle(row, 'failed', end);
        else if (!mayWrite) settle(row, 'cancelled', {});
        else needed.set(row.place, { row, body: decision.body });
      }
    }
  }
  return { settled, needed };
}

/** A row whose target is not there although it was sent: final when Graph's last word on it was, or when no send is left. */
function endOfSentRow({ attempts, detail }: ReadyRow): Detail | undefined {
  const { httpStatus, errorCode = '', errorMessage = '' } = detail;
  if (httpStatus === 404 || errorCode === GAVE_UP)
    return { ...spoken({ httpStatus }), errorCode, errorMessage };
  if (attempts >= SENDS_MAX) return failure(undefined, replyLost(attempts, errorMessage));
  return undefined;
}
