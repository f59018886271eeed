import { listKey } from '../../assignments/kinds/address.ts';
import type { PutBack } from '../../assignments/proof/proofItem.ts';
import type { RecordedRow } from '../../runs/batchRow.ts';
import { hasEnded, RECORD_FORMAT, type Run } from '../../runs/run.ts';
import { isRollbackOf } from '../runs/rollbacks.ts';
import type { Services } from '../services.ts';

/** The rollbacks of a run, and what they did to each of its rows. */
export interface Rollbacks {
  readonly runs: readonly Run[];
  of(row: Pick<RecordedRow, 'input' | 'change'>): PutBack;
}

/** A rollback's row keeps the line of the row that it takes back, and is about the same list. */
const rowKey = ({ input, change }: Pick<RecordedRow, 'input' | 'change'>): string =>
  `${input.line} ${listKey(change.address)}`;

/** What was taken back of a run, less what was taken back of that. */
export async function rollbacksOf(run: Run, services: Pick<Services, 'runs'>): Promise<Rollbacks> {
  const all = await services.runs.runs();
  const of = new Map<string, PutBack>();
  const runs = all.filter((each) => each.format === RECORD_FORMAT && isRollbackOf(each, run));
  for (const rollback of runs.toSorted((a, b) => a.createdAt - b.createdAt)) {
    const undone = await rollbacksOf(rollback, services);
    for await (const rows of services.runs.rowsByBatch(rollback))
      for (const row of rows) {
        if (undone.of(row) === 'done') continue;
        const isDone = row.state === 'succeeded' || row.state === 'skipped';
        if (isDone || of.get(rowKey(row)) === undefined) of.set(rowKey(row), isDone ? 'done' : 'tried');
      }
  }
  return { runs, of: (row) => of.get(rowKey(row)) ?? 'no' };
}

/** Those of them that still change the tenant. */
export const unended = ({ runs }: Rollbacks): readonly Run[] => runs.filter((run) => !hasEnded(run));
