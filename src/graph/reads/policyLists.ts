import type { CurrentAssignment } from '../../assignments/changes/current.ts';
import { fingerprintOfList } from '../../assignments/changes/fingerprint.ts';
import { listPath, ownListPath, type Address } from '../../assignments/kinds/address.ts';
import type { PolicyKind } from '../../assignments/kinds/registry.ts';
import { BATCH_SIZE_MAX } from '../client/batchEnvelope.ts';
import { assignmentLists, type ReadList } from './currentAssignments.ts';
import type { SendReads } from './reading.ts';
import {
  tenantPages,
  type PagedPolicies,
  type PagedPolicy,
  type TenantPolicies,
  type TenantPolicy,
} from './tenantPolicies.ts';

/** Lists of a kind that are read by themselves, and held against its pages, before more of them are taken from there. */
export const COMPARED_LISTS = 10;

/** Lists of a kind that are read by themselves in any case: they go together, and a worker of this process need not read them again. */
export const SINGLE_LISTS = BATCH_SIZE_MAX;

/** The list of a policy, as an address names it. */
type ListAddress = Pick<Address, 'kind' | 'policyId' | 'via' | 'viaId'>;

/** A list that was read by itself. */
export interface SeenList {
  readonly list: Extract<ReadList, { kind: 'list' }>;
  /** On this process' monotonic clock. What was written before is in it. */
  readonly beganAt: number;
}

/**
 * What one command has seen of the tenant's policies, each read once. Where many lists of a kind are wanted they come from the pages of the
 * whole kind, a thousand for a request; but those are believed only while some of them show what the lists show by themselves.
 */
export class PolicyLists {
  readonly #base: string;
  readonly #differs: (kind: PolicyKind) => void;
  readonly #pages = new Map<PolicyKind, PagedPolicies>();
  readonly #policies = new Map<PolicyKind, TenantPolicies>();
  /** Of the kinds that have been decided about: the lists in their pages, by path; undefined: not to be believed. */
  readonly #shown = new Map<PolicyKind, ReadonlyMap<string, ReadList> | undefined>();
  /** Lists that were read by themselves, by path. */
  readonly #alone = new Map<string, ReadList>();
  /** When those reads began, as far as they were about single lists. */
  readonly #beganAt = new Map<string, number>();
  /** How many of a kind were wanted before it was decided about. */
  readonly #wanted = new Map<PolicyKind, number>();

  /**
   * @param base root and version
   * @param differs told of a kind whose pages show other lists than Graph shows by themselves
   */
  constructor(base: string, differs: (kind: PolicyKind) => void) {
    this.#base = base;
    this.#differs = differs;
  }

  /** All policies of these kinds, with the lists that stand whole in their pages. */
  async pages(
    kinds: readonly PolicyKind[],
    send: SendReads,
  ): Promise<ReadonlyMap<PolicyKind, PagedPolicies>> {
    const unknown = kinds.filter((kind) => !this.#pages.has(kind));
    if (unknown.length > 0)
      for (const [kind, found] of await tenantPages(unknown, send, this.#base)) this.#pages.set(kind, found);
    return ofKinds(kinds, this.#pages);
  }

  /** All policies of these kinds with their lists, as their pages show them; what does not stand there whole is read by itself. */
  async policies(
    kinds: readonly PolicyKind[],
    send: SendReads,
  ): Promise<ReadonlyMap<PolicyKind, TenantPolicies>> {
    const unknown = kinds.filter((kind) => !this.#policies.has(kind));
    const pages = await this.pages(unknown, send);
    const unread = [...pages.values()].flatMap((found) => this.#unread(found));
    const read = await this.readAlone(unread, send);
    for (const [kind, found] of pages)
      this.#policies.set(
        kind,
        found.kind === 'policies'
          ? withLists(found.policies, ({ assignments, ...policy }) => {
              const path = ownListPath(addressOf(policy));
              return assignments === undefined
                ? (this.#alone.get(keyOf(path)) ?? read.get(path))
                : { kind: 'list', assignments };
            })
          : found,
      );
    return ofKinds(kinds, this.#policies);
  }

  /**
   * How many assignments the policies of a kind have together, or at least `enough`: lists that don't stand whole in its pages are read by themselves
   * until so many are found. Undefined when they can't be counted.
   */
  async count(kind: PolicyKind, enough: number, send: SendReads): Promise<number | undefined> {
    const found = (await this.pages([kind], send)).get(kind);
    if (found?.kind !== 'policies') return undefined;
    const unread = this.#unread(found);
    let counted = 0;
    for (const policy of found.policies) {
      const alone = this.#alone.get(keyOf(ownListPath(addressOf(policy))));
      const known = policy.assignments ?? (alone?.kind === 'list' ? alone.assignments : []);
      counted += known.length;
    }
    for (let together = SINGLE_LISTS; unread.length > 0 && counted < enough; together *= 2)
      for (const list of (await this.readAlone(unread.splice(0, together), send)).values()) {
        if (list.kind === 'list') counted += list.assignments.length;
        else if (!isGone(list)) return undefined;
      }
    return counted;
  }

  /** The paths of the lists that are known neither from these pages nor by themselves. */
  #unread(found: PagedPolicies): string[] {
    if (found.kind !== 'policies') return [];
    return found.policies
      .filter(({ assignments }) => assignments === undefined)
      .map((policy) => ownListPath(addressOf(policy)))
      .filter((path) => !this.#alone.has(keyOf(path)));
  }

  /** The same, with the lists that are believed: of a kind whose pages are not, each list is read by itself. */
  async believedPolicies(
    kinds: readonly PolicyKind[],
    send: SendReads,
  ): Promise<ReadonlyMap<PolicyKind, TenantPolicies>> {
    const found = await this.policies(kinds, send);
    const believed = await Promise.all(
      [...found].map(async ([kind, read]): Promise<[PolicyKind, TenantPolicies]> => {
        if (read.kind !== 'policies') return [kind, read];
        const addresses = read.policies.map(addressOf);
        if ((await this.#decided(kind, addresses, send)) !== undefined) return [kind, read];
        const lists = await this.read(addresses, send);
        return [kind, withLists(read.policies, (policy) => lists.get(ownListPath(addressOf(policy))))];
      }),
    );
    return new Map(believed);
  }

  /** The lists that these assignments are in, each once and whole. The answer is by `listPath`. */
  async read(addresses: readonly ListAddress[], send: SendReads): Promise<Map<string, ReadList>> {
    const wanted = new Map(addresses.map((address) => [listPath(address), address]));
    const lists = new Map<string, ReadList>();
    const byKind = [...Map.groupBy(wanted.values(), (address) => address.kind)];
    await Promise.all(
      byKind.map(async ([kind, ofKind]) => {
        const shown = await this.#shownOf(kind, ofKind, send);
        for (const path of ofKind.map(listPath)) {
          const list = this.#alone.get(keyOf(path)) ?? shown?.get(keyOf(path));
          if (list !== undefined) lists.set(path, list);
        }
      }),
    );
    const unseen = [...wanted.keys()].filter((path) => !lists.has(path));
    for (const [path, list] of await this.readAlone(unseen, send)) lists.set(path, list);
    return lists;
  }

  /** Reads these lists by themselves, be they known or not. */
  async readAlone(paths: readonly string[], send: SendReads): Promise<Map<string, ReadList>> {
    const beganAt = performance.now();
    const lists = await assignmentLists(paths, send, this.#base);
    for (const [path, list] of lists) {
      if (list.kind !== 'list') continue;
      this.#alone.set(keyOf(path), list);
      this.#beganAt.set(keyOf(path), beganAt);
    }
    return lists;
  }

  /** What a read of this list by itself has shown last. */
  seen(path: string): SeenList | undefined {
    const [list, beganAt] = [this.#alone.get(keyOf(path)), this.#beganAt.get(keyOf(path))];
    return list?.kind === 'list' && beganAt !== undefined ? { list, beganAt } : undefined;
  }

  /** Whether the list at this path is known from a page only. */
  isFromPage(path: string): boolean {
    return !this.#alone.has(keyOf(path));
  }

  /** The lists in the pages of a kind; undefined while so few are wanted that they are read by themselves, or when they are not believed. */
  async #shownOf(
    kind: PolicyKind,
    wanted: readonly ListAddress[],
    send: SendReads,
  ): Promise<ReadonlyMap<string, ReadList> | undefined> {
    if (this.#shown.has(kind)) return this.#shown.get(kind);
    const own = wanted.filter(({ via }) => via.length === 0);
    const unseen = own.filter((address) => !this.#alone.has(keyOf(listPath(address))));
    const inAll = (this.#wanted.get(kind) ?? 0) + unseen.length;
    this.#wanted.set(kind, inAll);
    return inAll <= SINGLE_LISTS ? undefined : this.#decided(kind, own, send);
  }

  /** Decides whether the pages of a kind are believed, by some of the lists that are wanted. */
  async #decided(
    kind: PolicyKind,
    wanted: readonly ListAddress[],
    send: SendReads,
  ): Promise<ReadonlyMap<string, ReadList> | undefined> {
    if (this.#shown.has(kind)) return this.#shown.get(kind);
    const found = (await this.pages([kind], send)).get(kind);
    if (found?.kind !== 'policies') return undefined;
    const whole = found.policies.filter(isWhole);
    const pages = new Map(whole.map((policy) => [keyOf(ownListPath(addressOf(policy))), policy]));
    const compared = wanted.flatMap((address) => pages.get(keyOf(listPath(address))) ?? []);
    // Nothing to hold the pages against: the next lists may tell.
    if (compared.length === 0 && whole.length > 0) return undefined;
    const isSame = await this.#showTheSame(compared, send);
    if (!isSame) this.#differs(kind);
    const shown = isSame
      ? new Map(
          [...pages].map(([key, { assignments }]): [string, ReadList] => [
            key,
            { kind: 'list', assignments },
          ]),
        )
      : undefined;
    this.#shown.set(kind, shown);
    return shown;
  }

  /** Whether lists that stood in pages are the same when they are read by themselves. */
  async #showTheSame(policies: readonly TenantPolicy[], send: SendReads): Promise<boolean> {
    const compared = new Map(
      atBothEnds(policies).map((policy) => [ownListPath(addressOf(policy)), policy.assignments]),
    );
    const unread = [...compared.keys()].filter((path) => !this.#alone.has(keyOf(path)));
    const read = await this.readAlone(unread, send);
    return [...compared].every(([path, assignments]) =>
      agree(assignments, this.#alone.get(keyOf(path)) ?? read.get(path)),
    );
  }
}

/** Also in their ids, by which rows find them and are written. */
const agree = (inPage: readonly CurrentAssignment[], alone: ReadList | undefined): boolean =>
  alone?.kind === 'list' &&
  fingerprintOfList(alone.assignments) === fingerprintOfList(inPage) &&
  idsOf(alone.assignments) === idsOf(inPage);

const idsOf = (assignments: readonly CurrentAssignment[]): string =>
  JSON.stringify(assignments.map(({ id }) => id.toLowerCase()).toSorted());

/** The longest and the shortest: a list that is cut shows among those, one that is kept back among these. */
function atBothEnds(policies: readonly TenantPolicy[]): readonly TenantPolicy[] {
  const byLength = policies.toSorted((a, b) => b.assignments.length - a.assignments.length);
  if (byLength.length <= COMPARED_LISTS) return byLength;
  return [...byLength.slice(0, COMPARED_LISTS / 2), ...byLength.slice(-COMPARED_LISTS / 2)];
}

const isWhole = (policy: PagedPolicy): policy is TenantPolicy => policy.assignments !== undefined;

/** Deleted since its page was read: the tenant does not have it any more. */
const isGone = (list: ReadList): boolean => list.kind === 'refused' && list.status === 404;

const ofKinds = <T>(kinds: readonly PolicyKind[], found: ReadonlyMap<PolicyKind, T>): Map<PolicyKind, T> =>
  new Map(
    kinds.flatMap((kind) => {
      const ofKind = found.get(kind);
      return ofKind === undefined ? [] : [[kind, ofKind] as const];
    }),
  );

function withLists<T extends PagedPolicy>(
  policies: readonly T[],
  listOf: (policy: T) => ReadList | undefined,
): TenantPolicies {
  const read: TenantPolicy[] = [];
  for (const policy of policies) {
    const list = listOf(policy);
    if (list === undefined || isGone(list)) continue;
    if (list.kind !== 'list') return list;
    read.push({ ...policy, assignments: list.assignments });
  }
  return { kind: 'policies', policies: read };
}

const addressOf = ({ kind, id }: Pick<TenantPolicy, 'kind' | 'id'>): ListAddress => ({
  ...{ kind, policyId: id },
  ...{ via: [], viaId: '' },
});

/** Graph compares ids without case. */
const keyOf = (path: string): string => path.toLowerCase();
