import { Causes } from '../../assignments/guard/causes.ts';
import { policyKey } from '../../assignments/kinds/address.ts';
import { changeOfKnownRow } from '../../assignments/rows/knownRow.ts';
import { cellText } from '../../assignments/rows/selector.ts';
import { isSettled } from '../../runs/rowState.ts';
import { hasEnded, RECORD_FORMAT, type Run } from '../../runs/run.ts';
import type { PlanSubject } from './planSubject.ts';

/**
 * The rows whose policies another run has open rows for. Whichever of the two comes second finds what the first has made of them: its rows
 * are stale, or undo what the other one did. It is a matter of now, and of no plan: a plan file does not have it.
 */
export async function runOverlap({
  services,
  staging,
  rules,
}: Pick<PlanSubject, 'services' | 'staging' | 'rules'>): Promise<Causes> {
  const causes = new Causes();
  const { runs, identity } = services;
  const others = (await runs.line()).filter(
    (run) => run.graphUrl === identity.config.graphUrl && run.format === RECORD_FORMAT && !hasEnded(run),
  );
  if (others.length === 0) return causes;
  const own = new Map<string, Run | undefined>();
  for await (const batch of staging.rowsByBatch())
    for (const row of batch) own.set(policyKey(changeOfKnownRow(row, rules).address), undefined);
  for (const run of others)
    for await (const batch of runs.rowsByBatch(run))
      for (const row of batch) {
        if (isSettled(row.state)) continue;
        const key = policyKey(row.change.address);
        if (own.has(key)) own.set(key, own.get(key) ?? run);
      }
  for await (const batch of staging.rowsByBatch())
    for (const row of batch) {
      const { address } = changeOfKnownRow(row, rules);
      const run = own.get(policyKey(address));
      if (run === undefined) continue;
      const what = `run ${run.runId} (${run.source.name} of ${run.operator}) is not finished and has this policy, too.`;
      causes.add(
        { kind: 'run-overlap', what },
        { line: row.line, policy: cellText(row.cells.get('policyName')) || address.policyId },
      );
    }
  return causes;
}
