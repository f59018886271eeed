import { kindsIn, type PolicyKind } from '../../assignments/kinds/registry.ts';
import type { SnapshotName, SnapshotPolicy } from '../../assignments/snapshots/snapshot.ts';
import { assignmentFilters } from '../../graph/reads/assignmentFilters.ts';
import { groupNames } from '../../graph/reads/groupNames.ts';
import type { SendReads } from '../../graph/reads/reading.ts';
import { listPath } from '../../assignments/kinds/address.ts';
import { expectNoneLagging, readBelievedLists } from '../believedLists.ts';
import { expectKindAnswered, expectRead } from '../plan/unreadable.ts';
import { policyListsOf } from '../policyListsOf.ts';
import type { Services } from '../services.ts';
import { nothingShown, whyNotShown } from '../shownPolicies.ts';
import { groupsIn, hasFilters } from './names.ts';

/** What the tenant shows of one kind of policies. */
export interface KindState {
  readonly kind: PolicyKind;
  /** Undefined: it does not show all of them, which `why` says in a sentence; a part would look like the whole. */
  readonly policies: readonly SnapshotPolicy[] | undefined;
  readonly why?: string;
  /** What is not named by an earlier kind; of what may not be read there is no name. */
  readonly names: readonly SnapshotName[];
}

/**
 * Reads the whole tenant, kind by kind, and forgets each before the next: one kind is in memory at a time. A list that was written minutes ago
 * and reads as it was before is read again.
 * @throws UserError (exit 4) when Graph gives no answer, shows not one kind, or still shows what was before a write
 */
export async function* tenantState(
  send: SendReads,
  base: string,
  services: Services,
): AsyncGenerator<KindState, void> {
  const { identity } = services;
  const kinds = kindsIn(identity.config.apiVersion);
  const named = new Set<string>();
  const notShown: string[] = [];
  let hasReadFilters = false;
  for (const kind of kinds) {
    const read = await policiesOf(kind, send, base, services);
    if (typeof read === 'string') {
      notShown.push(read);
      yield { kind, policies: undefined, why: read, names: [] };
      continue;
    }
    const unnamed = [...groupsIn(read)].filter((id) => !named.has(id));
    for (const id of unnamed) named.add(id);
    const names: SnapshotName[] = [...(await groupNames(unnamed, send))].map(([id, name]) => ({
      ...{ of: 'group' as const, id, name },
    }));
    if (!hasReadFilters && hasFilters(read)) {
      hasReadFilters = true;
      names.push(...(await filterNames(send, base)));
    }
    yield { kind, policies: read, names };
  }
  if (notShown.length === kinds.length) throw nothingShown(notShown, identity);
}

/** All policies of a kind with lists that are believed, or why they can't be had. */
async function policiesOf(
  kind: PolicyKind,
  send: SendReads,
  base: string,
  services: Services,
): Promise<readonly SnapshotPolicy[] | string> {
  const { identity } = services;
  const lists = policyListsOf(base, services);
  const found = (await lists.believedPolicies([kind], send)).get(kind);
  if (found === undefined) throw new Error(`nobody has read ${kind.policyType}`);
  expectKindAnswered(found, identity);
  if (found.kind !== 'policies') return whyNotShown([kind], found, identity);
  const addresses = found.policies.map(({ id }) => ({
    ...{ kind, policyId: id, via: [], viaId: '', assignmentId: '' },
  }));
  const source = { lists, send, root: identity.config.graphUrl };
  const read = await readBelievedLists(addresses, source, services);
  expectNoneLagging(read.lagging);
  const policies: SnapshotPolicy[] = [];
  for (const [i, { id, displayName: name, platform }] of found.policies.entries()) {
    const address = addresses[i];
    const list = address && read.lists.get(listPath(address));
    if (list === undefined) throw new Error(`nobody has read the list of ${id}`);
    expectRead(list, identity);
    if (list.kind === 'list') policies.push({ kind, id, name, platform, assignments: list.assignments });
    // Deleted since its page was read: the tenant does not have it any more.
    else if (list.status !== 404) return whyNotShown([kind], list, identity);
  }
  return policies;
}

async function filterNames(send: SendReads, base: string): Promise<readonly SnapshotName[]> {
  const read = await assignmentFilters(send, base);
  return read.kind === 'filters'
    ? read.filters.map(({ id, name, platform, rule }) => ({
        ...{ of: 'filter' as const, id: id.toLowerCase(), name, platform, rule },
      }))
    : [];
}
