import { changeFrom, type Change } from '../assignments/rows/change.ts';
import type { GraphError } from '../assignments/changes/outcome.ts';
import { readCurrentAssignments, type LookResult } from '../graph/currentAssignments.ts';
import { rowOf } from '../runs/batchCodec.ts';
import type { RecordedRow } from '../runs/batchRow.ts';
import type { Run } from '../runs/run.ts';
import type { Edges } from './edges.ts';
import { readsWithin } from './reads.ts';
import type { Asked } from './signIn.ts';

/** A row with what it wishes. */
export interface ReadyRow extends RecordedRow {
  readonly change: Change;
}

export type Looks =
  | { readonly kind: 'looked'; readonly byList: ReadonlyMap<string, LookResult> }
  | { readonly kind: 'signIn'; readonly error: GraphError; readonly asked: Asked };

/** Only rows without a problem get into a record, so reading one again can't fail, also when the run has another strategy now. */
export function withChange(row: RecordedRow, run: Run): ReadyRow {
  const read = changeFrom(rowOf(row.input), {
    root: run.graphUrl,
    apiVersion: run.apiVersion,
    blind: run.blind,
    restores: run.options.restores,
    recorded: true,
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
  const byList = await readCurrentAssignments(
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
