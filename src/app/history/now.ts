import { listPath, type Address } from '../../assignments/kinds/address.ts';
import type { CurrentAssignment } from '../../assignments/changes/current.ts';
import { readCurrentAssignments, type ReadList } from '../../graph/reads/currentAssignments.ts';
import type { SendReads } from '../../graph/reads/reading.ts';
import type { HistoryEntry } from './history.ts';

/** Policies whose lists are read, the ones that were changed last. */
export const POLICIES_READ_MAX = 100;

/** What a policy has now. */
export interface PolicyNow {
  readonly address: Address;
  readonly policy: string | undefined;
  /** Undefined: it could not be read, and why. */
  readonly list: readonly CurrentAssignment[] | undefined;
  readonly why: string;
}

/** The policies of these rows, each once, with what they have now. @param entries the newest first */
export async function policiesNow(
  entries: readonly HistoryEntry[],
  send: SendReads,
  base: string,
): Promise<readonly PolicyNow[]> {
  const firsts = new Map<string, HistoryEntry>();
  for (const entry of entries) {
    const path = listPath(entry.address);
    const known = firsts.get(path);
    if (known === undefined && firsts.size >= POLICIES_READ_MAX) continue;
    firsts.set(path, known?.policy === undefined ? { ...entry, ...known, policy: entry.policy } : known);
  }
  const found = [...firsts.values()];
  const lists = await readCurrentAssignments(
    found.map(({ address }) => address),
    send,
    base,
  );
  return found.map(({ address, policy }) => {
    const list = lists.get(listPath(address));
    return list?.kind === 'list'
      ? { address, policy, list: list.assignments, why: '' }
      : { address, policy, list: undefined, why: whyNot(list) };
  });
}

function whyNot(list: ReadList | undefined): string {
  switch (list?.kind) {
    case 'refused':
      return list.status === 404 ? 'it is gone' : `${list.error.code}: ${list.error.message}`;
    case 'unread':
      return list.why;
    case 'signIn':
      return list.error.message;
    case 'list':
    case undefined:
      return '';
  }
}
