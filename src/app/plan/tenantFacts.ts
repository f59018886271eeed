import { filterOf } from '../../assignments/targets/filter.ts';
import { namedIdsIn } from '../../assignments/names/nameFault.ts';
import type { Mentioned } from '../../assignments/names/mentioned.ts';
import type { Called } from '../../assignments/names/calledIds.ts';
import type { InputRow } from '../../assignments/rows/row.ts';
import type { FilterFact, GroupFact, TenantFacts } from '../../assignments/guard/guard.ts';
import { membersIn, type CountNeeded, type KnownCounts } from '../../assignments/guard/countsNeeded.ts';
import type { DevicePlatform } from '../../assignments/targets/platforms.ts';
import type { Address } from '../../assignments/kinds/address.ts';
import { kindsIn, type PolicyKind, type PolicyType } from '../../assignments/kinds/registry.ts';
import { policyKey } from '../../assignments/kinds/address.ts';
import { groupOf, targetIn } from '../../assignments/targets/currentTarget.ts';
import { everybodyOf } from '../../assignments/values/guid.ts';
import { readAssignmentFilters } from '../../graph/reads/assignmentFilters.ts';
import { deploymentsUnderWay } from '../../graph/reads/deployments.ts';
import { countMembers } from '../../graph/reads/groupMembers.ts';
import { groupNames } from '../../graph/reads/groupNames.ts';
import { readGroups } from '../../graph/reads/groups.ts';
import type { SendReads } from '../../graph/reads/reading.ts';
import type { Identity } from '../identity.ts';
import type { Decision } from '../../assignments/changes/decision.ts';
import type { JsonObject } from '../../assignments/values/json.ts';
import { expectKindAnswered } from './unreadable.ts';
import type { PolicyLists } from '../../graph/reads/policyLists.ts';

/** What is known of a policy besides its assignments. */
export interface PolicyFact {
  readonly name: string | undefined;
  readonly platform: DevicePlatform | undefined;
  /** As its collection shows it. */
  readonly shown: JsonObject;
}

/** What a plan needs to know of the tenant besides the lists of its policies, each thing read once. */
export class FactsOfTenant implements TenantFacts {
  readonly #lists: PolicyLists;
  readonly #identity: Identity;
  readonly #send: SendReads;
  readonly #base: string;
  readonly #groups = new Map<string, GroupFact>();
  /** By ids in lower case. */
  readonly #counts = new Map<string, KnownCounts>();
  #countsAsked = 0;
  /** Whether the sign-in may count members; undefined: nothing has told it yet. */
  #mayCount: boolean | undefined;
  /** By ids in lower case. */
  readonly #groupNames = new Map<string, string>();
  /** Groups whose names were asked for: one that is not among them has none that may be read. */
  readonly #namesAsked = new Set<string>();
  readonly #policies = new Map<string, PolicyFact>();
  /** Assignment → policy. */
  readonly #owners = new Map<string, string>();
  readonly #kinds = new Set<PolicyKind>();
  /** Those of which each assignment is among the owners. */
  readonly #kindsOwned = new Set<PolicyKind>();
  #filters: ((id: string) => FilterFact) | undefined;
  #deployed: ReadonlyMap<string, readonly string[]> = new Map();
  #deployments: Promise<ReadonlyMap<string, readonly string[]> | undefined> | undefined;

  constructor(lists: PolicyLists, send: SendReads, base: string, identity: Identity) {
    this.#lists = lists;
    this.#send = send;
    this.#base = base;
    this.#identity = identity;
  }

  /**
   * Reads the tenant's policies of these kinds, each kind once; what the sign-in may not read stays unknown.
   * @throws UserError (exit 4) when Graph can't be read at all
   */
  async know(kinds: readonly PolicyKind[]): Promise<void> {
    const unknown = kinds.filter((kind) => !this.#kinds.has(kind));
    if (unknown.length === 0) return;
    for (const [kind, found] of await this.#lists.pages(unknown, this.#send)) {
      expectKindAnswered(found, this.#identity);
      this.#kinds.add(kind);
      if (found.kind !== 'policies') continue;
      for (const { id, displayName, platform, shown, assignments } of found.policies) {
        this.#policies.set(policyKey({ kind, policyId: id }), { name: displayName, platform, shown });
        if (kind.idsRepeat) continue;
        for (const assignment of assignments ?? []) this.#owners.set(assignment.id.toLowerCase(), id);
      }
    }
  }

  /** Reads Intune's own deployments, once, where kinds can be in one; what does not answer has none. */
  async knowDeployments(kinds: readonly PolicyKind[]): Promise<void> {
    if (!this.#base.endsWith('/beta') || !kinds.some(({ isDeployed }) => isDeployed)) return;
    this.#deployments ??= deploymentsUnderWay(this.#send, this.#base);
    this.#deployed = (await this.#deployments) ?? this.#deployed;
  }

  /** What deployments under way are called that a policy is in. */
  deploymentsOf({ policyId, kind }: Pick<Address, 'kind' | 'policyId'>): readonly string[] {
    return kind.isDeployed ? (this.#deployed.get(policyId.toLowerCase()) ?? []) : [];
  }

  /** Reads those kinds whose pages tell which policy has an assignment: a row that finds none may name the wrong one. */
  async knowOwners(): Promise<void> {
    const version = this.#base.slice(this.#base.lastIndexOf('/') + 1);
    await this.know(kindsIn(version).filter(({ list, idsRepeat }) => list.expands && !idsRepeat));
    await this.knowOwnersHere();
  }

  /** The same within the kinds that were read: also in lists that don't stand whole in their pages. */
  async knowOwnersHere(): Promise<void> {
    const unknown = [...this.#kinds].filter((kind) => !kind.idsRepeat && !this.#kindsOwned.has(kind));
    for (const [kind, found] of await this.#lists.policies(unknown, this.#send)) {
      this.#kindsOwned.add(kind);
      for (const { id, assignments } of found.kind === 'policies' ? found.policies : [])
        for (const assignment of assignments) this.#owners.set(assignment.id.toLowerCase(), id);
    }
  }

  /**
   * Counts what is asked of the members of groups, each once. What can't be counted is known to be unknown.
   * @param most counts of a plan
   */
  async count(asked: readonly CountNeeded[], most = Infinity): Promise<void> {
    const keyOf = ({ groupId, of }: CountNeeded): string => `${groupId.toLowerCase()} ${of}`;
    const wanted = [...new Map(asked.map((each) => [keyOf(each), each])).values()].filter(
      ({ groupId, of }) => this.counts(groupId)[of] === undefined,
    );
    const asks = this.#mayCount === false ? [] : wanted.slice(0, Math.max(0, most - this.#countsAsked));
    this.#countsAsked += asks.length;
    const { counts, isDenied } = await countMembers(asks, this.#send, this.#mayCount);
    if (isDenied) this.#mayCount = false;
    else if (counts.some((count) => count !== undefined)) this.#mayCount = true;
    for (const [i, { groupId, of }] of wanted.entries())
      this.#counts.set(groupId.toLowerCase(), { ...this.counts(groupId), [of]: counts[i] ?? 'unknown' });
  }

  /** What was counted of a group. */
  counts(groupId: string): KnownCounts {
    return this.#counts.get(groupId.toLowerCase()) ?? {};
  }

  /**
   * Reads the groups and filters that these rows bring in and that are not known yet, and what those are called that they call by a name.
   * @param counting what is counted meanwhile
   */
  async learn(
    decisions: readonly Pick<Decision, 'kind' | 'after'>[],
    rows: readonly InputRow[],
    counting: Promise<void>,
  ): Promise<void> {
    const targets = decisions.flatMap(({ kind, after }) =>
      kind === 'write' && after ? [targetIn(after)] : [],
    );
    const groups = new Set(targets.flatMap((target) => groupOf(target)?.toLowerCase() ?? []));
    const isFiltered = targets.some((target) => filterOf(target) !== undefined);
    const filtersNeeded = isFiltered || rows.some((row) => namedIdsIn(row, 'filters').length > 0);
    await Promise.all([
      this.#readGroups(groups, counting).then(() =>
        this.#readGroupNames(rows.flatMap((row) => namedIdsIn(row, 'groups'))),
      ),
      ...(filtersNeeded ? [this.#readFilters()] : []),
    ]);
  }

  async #readGroups(ids: Iterable<string>, counting: Promise<void>): Promise<void> {
    // What stands for everybody is no group of the directory.
    const unknown = [...ids].filter((id) => !this.#groups.has(id) && everybodyOf(id) === undefined);
    if (unknown.length === 0) return counting;
    const countsOf = counting.then(() => (id: string) => this.counts(id));
    const factOf = await readGroups(unknown, this.#send, countsOf);
    for (const id of unknown) {
      const fact = factOf(id);
      this.#groups.set(id, fact);
      this.#namesAsked.add(id);
      if (fact.name !== undefined) this.#groupNames.set(id, fact.name);
    }
  }

  /** What the tenant calls a group or a filter, as far as it was read. */
  nameOf(id: string): string | undefined {
    return this.#groupNames.get(id.toLowerCase()) ?? this.#filterName(id);
  }

  async #readFilters(): Promise<void> {
    this.#filters ??= await readAssignmentFilters(this.#send, this.#base);
  }

  /** Reads what these groups are called, as far as it is not known yet. */
  async #readGroupNames(ids: Iterable<string>): Promise<void> {
    const unknown = [...new Set(ids)].filter((id) => !this.#groupNames.has(id) && !this.#namesAsked.has(id));
    for (const id of unknown) this.#namesAsked.add(id);
    for (const [id, name] of await groupNames(unknown, this.#send, this.#groupNames.size > 0))
      this.#groupNames.set(id, name);
  }

  /** What people call these groups and filters, as far as the sign-in may read it. */
  async called({ groups, filters }: Mentioned): Promise<Called> {
    await this.#readGroupNames(groups);
    if (filters.size > 0) await this.#readFilters();
    const named = (ids: ReadonlySet<string>, nameOf: (id: string) => string | undefined) =>
      [...ids].flatMap((id) => {
        const name = nameOf(id);
        return name === undefined || name === '' ? [] : [[id, name] as const];
      });
    return Object.fromEntries([
      ...named(groups, (id) => this.#groupNames.get(id)),
      ...named(filters, (id) => this.#filterName(id)),
    ]);
  }

  #filterName(id: string): string | undefined {
    const fact = this.filter(id);
    return fact.kind === 'ok' ? fact.name : undefined;
  }

  group(id: string): GroupFact {
    const key = id.toLowerCase();
    const { kind } = this.#groups.get(key) ?? { kind: 'unchecked' };
    return { kind, members: membersIn(this.counts(key)) };
  }

  filter(id: string): FilterFact {
    return this.#filters?.(id) ?? { kind: 'unchecked' };
  }

  policy(address: Pick<Address, 'kind' | 'policyId'>): PolicyFact | undefined {
    return this.#policies.get(policyKey(address));
  }

  /** The id of the policy that has this assignment. */
  policyOfAssignment(id: string): string | undefined {
    return this.#owners.get(id.toLowerCase());
  }

  /**
   * Assignments of the tenant's policies of each type that is written, counted as far as it takes to see that so many writes are no larger share
   * of them; undefined where they could not be counted.
   */
  async totals(
    writesByType: ReadonlyMap<PolicyType, number>,
    maxPercent: number | 'off',
  ): Promise<ReadonlyMap<PolicyType, number | undefined>> {
    const totals = new Map<PolicyType, number | undefined>();
    if (maxPercent === 'off') return totals;
    for (const kind of this.#kinds) {
      const writes = writesByType.get(kind.policyType);
      if (writes === undefined) continue;
      totals.set(
        kind.policyType,
        await this.#lists.count(kind, Math.ceil((writes * 100) / maxPercent), this.#send),
      );
    }
    return totals;
  }
}
