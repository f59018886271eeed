import { access } from 'node:fs/promises';
import type { CurrentAssignment } from '../../assignments/changes/current.ts';
import type { Before } from '../../assignments/changes/decision.ts';
import { listKey } from '../../assignments/kinds/address.ts';
import { aboutKey } from '../../assignments/rows/about.ts';
import { changeOfKnownRow } from '../../assignments/rows/knownRow.ts';
import { openFile } from '../draft/inputFile.ts';
import { keptPlanPath } from '../draft/keptPlans.ts';
import { expectSame, planReads } from '../draft/planFileIntake.ts';
import { rulesOf, type Run } from '../../runs/run.ts';
import type { RecordedRow } from '../../runs/batchRow.ts';
import type { Services } from '../services.ts';

/** What the plan of a run saw, as it was kept with the run. */
export interface KeptLists {
  /** Whole lists, by `listKey`. */
  readonly lists: ReadonlyMap<string, readonly CurrentAssignment[]>;
  beforeOf(row: Pick<RecordedRow, 'input' | 'change'>): Before | undefined;
}

const NOTHING_KEPT: KeptLists = { lists: new Map(), beforeOf: () => undefined };

const rowKey = ({ input, change }: Pick<RecordedRow, 'input' | 'change'>): string =>
  `${input.line} ${aboutKey(change)}`;

/**
 * Reads the plan that was kept with a run. Where it is gone, or is not the one that the run was made of, there is nothing, and the record
 * has to do.
 * @throws UserError (exit 2) for a plan that was edited, or is of another tenant
 */
export async function keptLists(
  run: Run,
  planDir: string | undefined,
  services: Services,
): Promise<KeptLists> {
  const path = keptPlanPath(run.runId, planDir, services);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return NOTHING_KEPT;
  const file = await openFile(path, undefined, services);
  const reads = planReads(file, await services.runs.sealKey());
  const { header } = await reads.header();
  expectSame(header, services, file);
  const lists = new Map<string, readonly CurrentAssignment[]>();
  const befores = new Map<string, Before>();
  const rules = rulesOf(run);
  for await (const { line, cells, decision, list } of reads.rows()) {
    const input = { line, cells };
    const change = changeOfKnownRow(input, rules, run.runId);
    if (list !== undefined) lists.set(listKey(change.address), list);
    befores.set(rowKey({ input, change }), decision.before);
  }
  const { fingerprint, seal } = reads.end();
  const isItsPlan = seal === 'ours' && fingerprint === run.planFingerprint;
  return isItsPlan ? { lists, beforeOf: (row) => befores.get(rowKey(row)) } : NOTHING_KEPT;
}
