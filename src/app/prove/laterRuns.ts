import { policyKey } from '../../assignments/kinds/address.ts';
import type { PolicyKind } from '../../assignments/kinds/registry.ts';
import type { ProofItem } from '../../assignments/proof/proofItem.ts';
import { sameId } from '../../assignments/values/ids.ts';
import type { RecordedRow } from '../../runs/batchRow.ts';
import { RECORD_FORMAT, type Run } from '../../runs/run.ts';
import type { Services } from '../services.ts';
import type { ProvenRow } from './provenRow.ts';

/** A policy with what is proven of its assignments. */
interface ProvenPolicy {
  readonly kind: PolicyKind;
  readonly id: string;
  readonly items: readonly ProofItem<ProvenRow>[];
}

/** Which run has made an assignment what it is, after the one that is proven; undefined: none that is known. */
export type LaterRunOf = (item: ProofItem<ProvenRow>) => string | undefined;

/**
 * Which of what others have done was done by a later run of this tenant: the one that wrote it last.
 * @param rollbacks of the run that is proven
 */
export async function laterRunsOf(
  run: Run,
  rollbacks: readonly Run[],
  policies: readonly ProvenPolicy[],
  { runs }: Pick<Services, 'runs'>,
): Promise<LaterRunOf> {
  const found = new Map<ProofItem<ProvenRow>, string>();
  const byOthers = itemsByPolicy(policies);
  if (byOthers.size === 0) return () => undefined;
  const ids = new Set([run, ...rollbacks].map(({ runId }) => runId));
  const isLater = ({ format, runId, createdAt }: Run): boolean =>
    format === RECORD_FORMAT && createdAt > run.createdAt && !ids.has(runId);
  const later = (await runs.runs()).filter(isLater);
  for (const each of later.toSorted((a, b) => a.createdAt - b.createdAt))
    for await (const rows of runs.rowsByBatch(each))
      for (const row of rows) {
        if (row.state !== 'succeeded') continue;
        for (const item of byOthers.get(policyKey(row.change.address)) ?? [])
          if (isAbout(row, item)) found.set(item, each.runId);
      }
  return (item) => found.get(item);
}

function itemsByPolicy(
  policies: readonly ProvenPolicy[],
): ReadonlyMap<string, readonly ProofItem<ProvenRow>[]> {
  const items = new Map<string, ProofItem<ProvenRow>[]>();
  for (const { kind, id, items: all } of policies)
    for (const item of all) {
      if (item.proof !== 'others') continue;
      const key = policyKey({ kind, policyId: id });
      items.set(key, [...(items.get(key) ?? []), item]);
    }
  return items;
}

/** What a row has written is known by its id, before or after; one that clears its policy is about all that is not there any more. */
function isAbout(
  { change: { action, address }, detail }: RecordedRow,
  { before, now }: ProofItem<ProvenRow>,
): boolean {
  if (action === 'clear') return now === undefined;
  const isOne = (id: string | undefined): boolean =>
    id !== undefined && id !== '' && [before?.id, now?.id].some((of) => of !== undefined && sameId(of, id));
  return isOne(address.assignmentId) || isOne(detail.assignmentIdAfter);
}
