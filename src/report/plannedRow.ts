import { changeOf } from '../assignments/rows/change.ts';
import type { ReadingRules } from '../assignments/rows/rowReader.ts';
import { cellText } from '../assignments/rows/selector.ts';
import type { PlanDecision, PlanRow } from '../formats/planFile.ts';
import type { InputFile } from '../app/draft/inputFile.ts';
import { brokenPlan } from '../app/draft/planFileIntake.ts';
import type { ReportRow, RowResult } from './reportRow.ts';

/**
 * A row of a plan that is in no run.
 * @throws UserError (exit 2) when the plan is damaged
 */
export function plannedRow(row: PlanRow, rules: ReadingRules, file: InputFile): ReportRow {
  const { line, cells, names, decision } = row;
  const read = changeOf({ line, cells }, rules);
  if ('problems' in read) throw brokenPlan(file, read.problems[0]);
  const { address } = read.change;
  return {
    ...{ line, kind: address.kind, policyId: address.policyId, platform: names.platform, at: undefined },
    policy: names.policy ?? cellText(cells.get('policyName')),
    ...{ before: decision.before, after: decision.after, findings: decision.findings },
    ...{ result: resultOf(decision), code: decision.code ?? '', message: decision.message ?? '' },
  };
}

function resultOf({ kind }: PlanDecision): RowResult {
  switch (kind) {
    case 'write':
      return 'toWrite';
    case 'alreadySo':
      return 'alreadySo';
    case 'duplicate':
      return 'repeated';
    case 'stale':
    case 'refused':
      return 'refused';
  }
}
