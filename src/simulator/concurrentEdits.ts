import type { Copies } from './copies.ts';
import { applyEdit } from './edit.ts';
import type { ScheduledEdit } from './editSchema.ts';
import { kindOfType, type PolicySet } from './policyKinds.ts';
import type { Tenant } from './tenant.ts';

/**
 * Somebody else who changes lists between a client's look and its write. Is told of each read of a list: its last page,
 * one of its assignments, or its policy with `$expand=assignments`. The edits due then follow at once.
 */
export type ConcurrentEdits = (set: PolicySet, policyId: string, via: string) => void;

/** @param struck is told of every edit that was due: whether there was anything to edit. */
export function createOtherHand(
  scheduled: readonly ScheduledEdit[],
  { tenant, copies }: { readonly tenant: Tenant; readonly copies?: Pick<Copies, 'changes'> },
  struck: (isDone: boolean) => void,
): ConcurrentEdits {
  const waiting = new Map<string, { edit: ScheduledEdit['edit']; readsLeft: number }[]>();
  for (const { edit, afterReads } of scheduled) {
    const key = keyOf(kindOfType(edit.type).set, edit.policyId, edit.via);
    waiting.set(key, [...(waiting.get(key) ?? []), { edit, readsLeft: afterReads }]);
  }
  return (set, policyId, via) => {
    for (const entry of waiting.get(keyOf(set, policyId, via)) ?? []) {
      entry.readsLeft -= 1;
      if (entry.readsLeft === 0) struck(applyEdit(entry.edit, tenant, copies?.changes) === undefined);
    }
  };
}

const keyOf = (set: PolicySet, policyId: string, via: string): string =>
  `${set} ${policyId} ${via}`.toLowerCase();
