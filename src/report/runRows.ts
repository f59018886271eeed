import { NOT_READ } from '../assignments/changes/decision.ts';
import { cellText } from '../assignments/rows/selector.ts';
import { bodyOf } from '../app/runs/resultRow.ts';
import type { Services } from '../app/services.ts';
import type { PlanRow } from '../formats/planFile.ts';
import type { RecordedRow } from '../runs/batchRow.ts';
import { rowStatusOf } from '../runs/rowState.ts';
import type { Run } from '../runs/run.ts';
import type { ReportRow } from './reportRow.ts';

/**
 * The rows of a run as they lie in the record, those of a policy together.
 * @param planned the rows of its plan, in the same order: they know what the record does not, as what an unwritten row would overwrite
 */
export async function* runRows(
  run: Run,
  planned: AsyncIterator<PlanRow> | undefined,
  { runs, interrupted }: Pick<Services, 'runs' | 'interrupted'>,
): AsyncGenerator<ReportRow> {
  for await (const batch of runs.rowsByBatch(run, 'before')) {
    interrupted.throwIfAborted();
    for (const recorded of batch) {
      const plan = planned === undefined ? undefined : (await planned.next()).value;
      if (planned !== undefined && plan?.line !== recorded.input.line) throw new OtherPlan();
      yield reportRow(recorded, run, plan as PlanRow | undefined);
    }
  }
}

/** The plan that lies where that of a run is kept is of other rows. */
export class OtherPlan extends Error {
  override readonly name = 'OtherPlan';
}

function reportRow(recorded: RecordedRow, run: Run, plan: PlanRow | undefined): ReportRow {
  const { input, change, names, state, detail } = recorded;
  const result = rowStatusOf(state, run.state === 'cancelled');
  // What was there when it was written counts for more than what the plan saw.
  const isSeen = recorded.before !== undefined;
  const before = recorded.before ?? plan?.decision.before ?? NOT_READ;
  const isEnded = result !== 'pending' && result !== 'cancelled';
  return {
    ...{ line: input.line, kind: change.address.kind, policyId: change.address.policyId },
    policy: names?.policy ?? plan?.names.policy ?? cellText(input.cells.get('policyName')),
    platform: names?.platform ?? plan?.names.platform,
    before,
    after: isSeen || plan === undefined ? bodyOf({ ...recorded, change, before }) : plan.decision.after,
    ...{ result, code: detail.errorCode ?? '', message: detail.errorMessage ?? '' },
    at: isEnded ? detail.at : undefined,
    findings: plan?.decision.findings ?? [],
  };
}
