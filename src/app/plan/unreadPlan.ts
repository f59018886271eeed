import { planBatch } from '../../assignments/changes/planBatch.ts';
import { changeOfKnownRow } from '../../assignments/rows/knownRow.ts';
import type { InputRow } from '../../assignments/rows/row.ts';
import { planRules } from './planner.ts';
import type { PlanSubject } from './planSubject.ts';
import type { PlannedRow } from './planTally.ts';

/** Decides about rows whose lists were not read: `--blind` never reads them, and with `--offline` the worker does before it writes. */
export function planUnread(
  batches: readonly (readonly InputRow[])[],
  { rules }: Pick<PlanSubject, 'rules'>,
): readonly (readonly PlannedRow[])[] {
  const terms = { ...planRules({ rules }), isReadLater: !rules.blind };
  return batches.map((inputs) => {
    const rows = inputs.map((input) => ({ input, change: changeOfKnownRow(input, rules) }));
    return planBatch(rows, new Map(), terms).map(({ row, waitsFor, ...decision }) => ({
      ...row,
      ...{ names: {}, list: undefined },
      decision: { ...decision, waitsFor: waitsFor.map(({ input }) => input.line) },
    }));
  });
}
