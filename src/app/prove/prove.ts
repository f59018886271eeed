import type { CurrentAssignment } from '../../assignments/changes/current.ts';
import { listKey, listPath, policyKey, type Address } from '../../assignments/kinds/address.ts';
import type { PolicyKind } from '../../assignments/kinds/registry.ts';
import { PROOFS, type ProofItem, type ProofKind } from '../../assignments/proof/proofItem.ts';
import { proveList } from '../../assignments/proof/proveList.ts';
import type { KindNotRead, SnapshotName, SnapshotPolicy } from '../../assignments/snapshots/snapshot.ts';
import { EXIT, UserError } from '../../errors.ts';
import { groupNames } from '../../graph/reads/groupNames.ts';
import type { SendReads } from '../../graph/reads/reading.ts';
import { hasEnded, type Run } from '../../runs/run.ts';
import { expectNoneLagging, readBelievedLists } from '../believedLists.ts';
import { expectRead } from '../plan/unreadable.ts';
import { policyListsOf } from '../policyListsOf.ts';
import { untilLanded } from '../rollback/untilLanded.ts';
import type { Services } from '../services.ts';
import { groupsIn, SnapshotNames } from '../snapshots/names.ts';
import type { OpenSnapshot } from '../snapshots/openSnapshot.ts';
import { tenantState } from '../snapshots/tenantState.ts';
import { withReads } from '../withReads.ts';
import { keptLists, type KeptLists } from './keptLists.ts';
import { laterRunsOf, type LaterRunOf } from './laterRuns.ts';
import { rowsByList, type ListRows, type ProvenRow } from './provenRow.ts';
import { rollbacksOf, unended } from './putBackBy.ts';

export interface ProofTerms {
  /** The whole tenant as it was before the run; undefined: what the run's plan and record know. */
  readonly snapshot: OpenSnapshot | undefined;
  /** Where the plans of runs are kept; undefined: in the data directory. */
  readonly planDir: string | undefined;
}

/** there: before and now. deleted, new: since. notRead: the tenant does not show it. notKnown: nobody has kept what it was. */
export type PolicyState = 'there' | 'deleted' | 'new' | 'notRead' | 'notKnown';

/** A policy, or a list behind one, with what is proven of its assignments. */
export interface PolicyProof {
  readonly kind: PolicyKind;
  readonly id: string;
  readonly name: string | undefined;
  readonly platform: string | undefined;
  readonly state: PolicyState;
  readonly items: readonly ProofItem<ProvenRow>[];
}

/** The tenant before a run and now. */
export interface Proof {
  readonly run: Run;
  readonly rollbacks: readonly Run[];
  /** What was there before is known from this. */
  readonly knownFrom: 'snapshot' | 'plan';
  /** The snapshot, as it was named, and when it was taken; undefined without one. */
  readonly snapshot: { readonly name: string; readonly createdAt: string } | undefined;
  /** When the tenant was read: ISO 8601, UTC. */
  readonly readAt: string;
  readonly policies: readonly PolicyProof[];
  readonly counts: Readonly<Record<ProofKind, number>>;
  /** Kinds that were not read now, or are not in the snapshot, and why, each a sentence. */
  readonly notRead: readonly KindNotRead[];
  /** Whether nothing is known to be otherwise than planned, and all that a row or the snapshot speaks of was seen. */
  readonly isAsPlanned: boolean;
  nameOf(of: SnapshotName['of'], id: string): string | undefined;
  readonly laterRunOf: LaterRunOf;
}

/**
 * Proves a run: what each assignment of the tenant was before it, what it is now, and whether that is as planned.
 * @throws UserError (exit 3) while it, or a rollback of it, has not ended; (exit 2) for a snapshot of another tenant, or one that was taken
 * later; (exit 4) when the tenant can't be read
 */
export async function proveRun(run: Run, terms: ProofTerms, services: Services): Promise<Proof> {
  expectEnded(run, services);
  const rollbacks = await rollbacksOf(run, services);
  for (const rollback of unended(rollbacks)) expectEnded(rollback, services);
  if (terms.snapshot !== undefined) expectEarlier(terms.snapshot, run, services);
  const kept = await keptLists(run, terms.planDir, services);
  const rows = await rowsByList(run, rollbacks, kept.beforeOf, services);
  const called = (await services.runs.called(run.runId)) ?? {};
  await untilLanded(listsOf(rows), services);
  const reading = readingAs(run, services);
  const prover = new Prover(run, terms.snapshot, kept, rows);
  const readAt = new Date().toISOString();
  const policies = await withReads(reading, (send, base) => prover.policies(send, base, reading));
  const counts = Object.fromEntries(PROOFS.map((proof) => [proof, 0])) as Record<ProofKind, number>;
  for (const { items } of policies) for (const { proof } of items) counts[proof] += 1;
  const { names, notRead, isUnreadSince } = prover;
  const isUnseen = policies.some(({ items }) => items.some(isUnproven));
  return {
    ...{ run, rollbacks: rollbacks.runs, readAt, policies, counts, notRead },
    knownFrom: terms.snapshot === undefined ? 'plan' : 'snapshot',
    snapshot: terms.snapshot && { name: terms.snapshot.name, createdAt: terms.snapshot.manifest.createdAt },
    isAsPlanned: counts.others + counts.failed === 0 && !isUnseen && !isUnreadSince,
    laterRunOf: await laterRunsOf(run, rollbacks.runs, policies, services),
    nameOf: (of, id) =>
      names.of(of, id)?.name ?? terms.snapshot?.names.of(of, id)?.name ?? called[id.toLowerCase()],
  };
}

/** Of what nobody had a row for and nobody has kept, nothing was to be proven. */
const isUnproven = ({ proof, row, before }: ProofItem<ProvenRow>): boolean =>
  proof === 'unknown' && (row !== undefined || before !== undefined);

const listsOf = (rows: ReadonlyMap<string, ListRows>): readonly string[] =>
  [...rows.values()].flatMap((list) => list.rows.slice(0, 1)).map(({ change }) => listPath(change.address));

/** The tenant is read as the run has read it. */
const readingAs = (run: Run, services: Services): Services => {
  const { identity } = services;
  return {
    ...services,
    identity: { ...identity, config: { ...identity.config, apiVersion: run.apiVersion } },
  };
};

function expectEnded(run: Run, { identity }: Pick<Services, 'identity'>): void {
  if (hasEnded(run)) return;
  throw new UserError(`Run ${run.runId} has not ended (${run.state}): what it leaves can't be proven yet.`, {
    remedy: `See it to its end with \`${identity.hint(`watch ${run.runId}`)}\`, then prove it.`,
    exitCode: EXIT.stoppedEarly,
  });
}

/** @throws UserError (exit 2) for a snapshot that does not show what was there before the run */
function expectEarlier({ name, manifest }: OpenSnapshot, run: Run, { identity }: Services): void {
  const badInput = (message: string, remedy: string): UserError =>
    new UserError(message, { remedy, exitCode: EXIT.badInput });
  if (manifest.tenant !== identity.tenant)
    throw badInput(
      `${name} is of tenant ${manifest.tenant}, not of ${identity.tenant}.`,
      'Give a snapshot of this tenant, or leave --snapshot out.',
    );
  if (run.apiVersion !== manifest.apiVersion)
    throw badInput(
      `Run ${run.runId} was written through ${run.apiVersion}, which shows neither filters nor intents: it can't be held against a snapshot.`,
      'Leave --snapshot out.',
    );
  if (run.startedAt !== null && Date.parse(manifest.createdAt) > run.startedAt)
    throw badInput(
      `${name} was taken at ${manifest.createdAt}, after run ${run.runId} had begun (${new Date(run.startedAt).toISOString()}): it does not show what was there before.`,
      'Give a snapshot that was taken before the run, or leave --snapshot out: then the plan of the run tells what it saw.',
    );
}

/** Lists that are read anew together, where a page shows something that was not planned. */
const READ_ANEW_TOGETHER = 400;

class Prover {
  readonly names = new SnapshotNames();
  readonly notRead: KindNotRead[] = [];
  /** A kind that the snapshot has can't be read any more. */
  isUnreadSince = false;
  readonly #run: Run;
  readonly #snapshot: OpenSnapshot | undefined;
  readonly #kept: KeptLists;
  readonly #rows: ReadonlyMap<string, ListRows>;

  constructor(
    run: Run,
    snapshot: OpenSnapshot | undefined,
    kept: KeptLists,
    rows: ReadonlyMap<string, ListRows>,
  ) {
    this.#run = run;
    this.#snapshot = snapshot;
    this.#kept = kept;
    this.#rows = rows;
  }

  async policies(send: SendReads, base: string, services: Services): Promise<readonly PolicyProof[]> {
    const before = await this.#before();
    const proofs: PolicyProof[] = [];
    for await (const { kind, policies, why = '', names } of tenantState(send, base, services)) {
      for (const name of names) this.names.add(name);
      const kept = before.get(kind) ?? new Map<string, SnapshotPolicy>();
      if (policies === undefined) {
        this.#missKind(kind, why);
        proofs.push(...this.#unread(kind, kept));
        continue;
      }
      const isKept = this.#isKept(kind);
      const found = policies.map((policy) => this.#prove(policy, kept.get(policyKeyOf(policy)), isKept));
      proofs.push(...(await this.#surely(found, kept, { send, base, services })));
      proofs.push(...this.#deleted(kind, policies, kept));
    }
    const all = [...proofs, ...(await this.#nested(send, base, services))];
    await this.#nameWhatWas(all, send);
    return all;
  }

  /** Groups that no policy has any more have names all the same. */
  async #nameWhatWas(proofs: readonly PolicyProof[], send: SendReads): Promise<void> {
    const were = proofs.flatMap(({ items }) =>
      items.flatMap(({ proof, before }) => (before === undefined || proof === 'untouched' ? [] : [before])),
    );
    const isNamed = (id: string): boolean =>
      (this.names.of('group', id) ?? this.#snapshot?.names.of('group', id)) !== undefined;
    const unnamed = [...groupsIn([{ assignments: were }])].filter((id) => !isNamed(id));
    if (unnamed.length === 0) return;
    for (const [id, name] of await groupNames(unnamed, send)) this.names.add({ of: 'group', id, name });
  }

  /** The policies of the snapshot, by kind and `policyKey`. */
  async #before(): Promise<ReadonlyMap<PolicyKind, ReadonlyMap<string, SnapshotPolicy>>> {
    const before = new Map<PolicyKind, Map<string, SnapshotPolicy>>();
    if (this.#snapshot === undefined) return before;
    for await (const { policy } of this.#snapshot.policies()) {
      const ofKind = before.get(policy.kind) ?? new Map<string, SnapshotPolicy>();
      before.set(policy.kind, ofKind.set(policyKeyOf(policy), policy));
    }
    return before;
  }

  /** Whether the snapshot has all policies of a kind. */
  #isKept({ policyType, label }: PolicyKind): boolean {
    if (this.#snapshot === undefined) return false;
    const { name, end } = this.#snapshot;
    if (end.kinds.some(({ type }) => type === policyType)) return true;
    const why = end.notRead.find(({ type }) => type === policyType)?.why;
    this.notRead.push({ type: policyType, why: why ?? `${name} has no ${label.many}.` });
    return false;
  }

  #missKind(kind: PolicyKind, why: string): void {
    this.notRead.push({ type: kind.policyType, why });
    if (this.#snapshot?.end.kinds.some(({ type }) => type === kind.policyType)) this.isUnreadSince = true;
  }

  #prove(policy: SnapshotPolicy, kept: SnapshotPolicy | undefined, isKept: boolean): PolicyProof {
    const { kind, id, name, platform, assignments: now } = policy;
    const key = listKey(ownAddress(kind, id));
    const rows = this.#rows.get(key);
    // Made since the snapshot, it had nothing, unless the plan has seen it.
    const before = kept?.assignments ?? this.#seenBy(key) ?? (isKept ? [] : undefined);
    const state = kept === undefined && isKept ? 'new' : (before ?? rows) ? 'there' : 'notKnown';
    return { kind, id, name, platform, state, items: this.#items(kind, rows, before, now) };
  }

  #items(
    kind: PolicyKind,
    list: ListRows | undefined,
    before: readonly CurrentAssignment[] | undefined,
    now: readonly CurrentAssignment[],
  ): readonly ProofItem<ProvenRow>[] {
    const { rows = [], plannedList } = list ?? {};
    return proveList({ kind, apiVersion: this.#run.apiVersion, rows, before, plannedList, now });
  }

  /** The list as the plan saw it, or the write that replaced it. */
  #seenBy(key: string): readonly CurrentAssignment[] | undefined {
    return this.#kept.lists.get(key) ?? this.#rows.get(key)?.before;
  }

  /** What a page shows otherwise than planned is read by itself before it is said. */
  async #surely(
    proofs: readonly PolicyProof[],
    kept: ReadonlyMap<string, SnapshotPolicy>,
    {
      send,
      base,
      services,
    }: { readonly send: SendReads; readonly base: string; readonly services: Services },
  ): Promise<readonly PolicyProof[]> {
    const doubtful = proofs.filter(({ items }) =>
      items.some(({ proof }) => proof === 'others' || proof === 'failed'),
    );
    const again = new Map<PolicyProof, PolicyProof>();
    const source = { lists: policyListsOf(base, services), send, root: services.identity.config.graphUrl };
    for (let first = 0; first < doubtful.length; first += READ_ANEW_TOGETHER) {
      const some = doubtful.slice(first, first + READ_ANEW_TOGETHER);
      const addresses = some.map(({ kind, id }) => ownAddress(kind, id));
      const read = await readBelievedLists(addresses, source, services, { isAlone: true });
      expectNoneLagging(read.lagging);
      for (const proof of some) {
        const list = read.lists.get(listPath(ownAddress(proof.kind, proof.id)));
        if (list === undefined) throw new Error(`nobody has read the list of ${proof.id}`);
        expectRead(list, services.identity);
        if (list.kind !== 'list') continue;
        const policy = { ...proof, assignments: list.assignments };
        again.set(proof, this.#prove(policy, kept.get(policyKeyOf(policy)), proof.state === 'new'));
      }
    }
    return proofs.map((proof) => again.get(proof) ?? proof);
  }

  /** Policies of the snapshot, or of rows, that are gone. */
  #deleted(
    kind: PolicyKind,
    policies: readonly SnapshotPolicy[],
    kept: ReadonlyMap<string, SnapshotPolicy>,
  ): readonly PolicyProof[] {
    const there = new Set(policies.map(policyKeyOf));
    return this.#known(kind, kept).flatMap((policy) =>
      there.has(policyKeyOf(policy))
        ? []
        : [
            {
              ...policy,
              state: 'deleted',
              items: this.#items(kind, this.#rowsOf(policy), policy.before, []),
            },
          ],
    );
  }

  #rowsOf({ kind, id }: Pick<PolicyProof, 'kind' | 'id'>): ListRows | undefined {
    return this.#rows.get(listKey(ownAddress(kind, id)));
  }

  /** Policies of a kind that the tenant does not show: of what was there, nobody knows what became. */
  #unread(kind: PolicyKind, kept: ReadonlyMap<string, SnapshotPolicy>): readonly PolicyProof[] {
    return this.#known(kind, kept).map((policy) => {
      const { rows = [] } = this.#rowsOf(policy) ?? {};
      const about = rows.filter(({ standing }) => standing !== 'nothing');
      const unknown = { proof: 'unknown' as const, now: undefined };
      return {
        ...policy,
        state: 'notRead',
        items:
          policy.before === undefined
            ? about.map((row) => ({ ...unknown, row, before: undefined }))
            : policy.before.map((before) => ({ ...unknown, row: undefined, before })),
      };
    });
  }

  /** The policies of a kind that the snapshot has or rows are about. */
  #known(
    kind: PolicyKind,
    kept: ReadonlyMap<string, SnapshotPolicy>,
  ): readonly (Omit<PolicyProof, 'state' | 'items'> & {
    readonly before: readonly CurrentAssignment[] | undefined;
  })[] {
    const ofRows = [...this.#rows].flatMap(([key, { rows }]) => {
      const [first] = rows;
      const { address } = first?.change ?? {};
      if (address === undefined || address.kind !== kind || address.via.length > 0) return [];
      if (kept.has(policyKey(address))) return [];
      const name = first?.policy;
      return [{ kind, id: address.policyId, name, platform: undefined, before: this.#seenBy(key) }];
    });
    const ofSnapshot = [...kept.values()].map(({ id, name, platform, assignments }) => ({
      ...{ kind, id, name, platform, before: assignments },
    }));
    return [...ofSnapshot, ...ofRows];
  }

  /** Lists behind policies, which no page shows. */
  async #nested(send: SendReads, base: string, services: Services): Promise<readonly PolicyProof[]> {
    const nested = [...this.#rows].flatMap(([key, list]) => {
      const [first] = list.rows;
      return first !== undefined && first.change.address.via.length > 0
        ? [{ key, list, address: first.change.address, name: first.policy }]
        : [];
    });
    if (nested.length === 0) return [];
    const source = { lists: policyListsOf(base, services), send, root: services.identity.config.graphUrl };
    const read = await readBelievedLists(
      nested.map(({ address }) => address),
      source,
      services,
      { isAlone: true },
    );
    expectNoneLagging(read.lagging);
    return nested.map(({ key, list, address, name }): PolicyProof => {
      const { kind, policyId: id } = address;
      const found = read.lists.get(listPath(address));
      if (found === undefined) throw new Error(`nobody has read ${listPath(address)}`);
      expectRead(found, services.identity);
      const now = found.kind === 'list' ? found.assignments : [];
      const items = this.#items(kind, list, this.#seenBy(key), now);
      const state = found.kind === 'list' ? 'there' : found.status === 404 ? 'deleted' : 'notRead';
      const unknown = items.map((item) => ({ ...item, proof: 'unknown' as const }));
      return { kind, id, name, platform: undefined, state, items: state === 'notRead' ? unknown : items };
    });
  }
}

const policyKeyOf = ({ kind, id }: Pick<SnapshotPolicy, 'kind' | 'id'>): string =>
  policyKey({ kind, policyId: id });

const ownAddress = (kind: PolicyKind, policyId: string): Address => ({
  ...{ kind, policyId, via: [], viaId: '', assignmentId: '' },
});
