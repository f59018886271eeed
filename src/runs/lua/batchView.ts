import { unpack } from 'msgpackr';
import { recordedRows, type BatchRef, type RecordedRow } from '../batchRow.ts';
import type { Keys } from '../keys.ts';
import { rulesOf, runFromHeader, type Run } from '../run.ts';
import type { Scripts } from './scripts.ts';

/** A batch as a worker takes it up. */
export interface BatchView {
  readonly run: Run;
  readonly rows: readonly RecordedRow[];
  /** How long the write that another worker may have on its way keeps the batch from being written; 0: there is none. */
  readonly leaseMs: number;
}

/** Undefined when there is no such run any more. */
export async function batchView(
  scripts: Scripts,
  keys: Keys,
  { runId, batch }: BatchRef,
): Promise<BatchView | undefined> {
  const { header, inputs, states, details, leases, planned, before } = keys.run(runId);
  const [leaseMs, inputBytes, stateBytes, said, plannedRows, plannedLists, refusals, images, lists, fields] =
    await scripts.run('batchView', [header, inputs, states, details, leases, planned, before], {
      batch: String(batch),
    });
  const run = runFromHeader(runId, headerIn(fields));
  if (run === undefined) return undefined;
  if (!inputBytes?.length || !stateBytes?.length)
    throw new Error(`batch ${batch} of run ${runId} is gone from Redis`);
  const bytes = {
    ...{ inputs: inputBytes, states: stateBytes, details: said },
    ...{ planned: plannedRows, plannedLists, refusals, before: images, lists },
  };
  return { run, rows: recordedRows(bytes, batch, run.runId, rulesOf(run)), leaseMs: Number(leaseMs) };
}

/** Fields and values by turns, as MessagePack. */
function headerIn(packed: Buffer | undefined): Record<string, string> {
  const list = packed?.length ? (unpack(packed) as string[]) : [];
  const header: Record<string, string> = {};
  for (let i = 0; i < list.length; i += 2) header[list[i] ?? ''] = list[i + 1] ?? '';
  return header;
}
