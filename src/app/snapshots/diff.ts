import { kindNamed } from '../../assignments/kinds/registry.ts';
import type { Renames } from '../../assignments/names/rename.ts';
import {
  policyDifferences,
  type Matching,
  type PolicyDifference,
} from '../../assignments/snapshots/policyDifferences.ts';
import {
  filterDifferences,
  type FilterDifference,
  type ReadingWithFilters,
} from '../../assignments/snapshots/filterDifferences.ts';
import type { KindNotRead, SnapshotPolicy } from '../../assignments/snapshots/snapshot.ts';
import { EXIT, UserError } from '../../errors.ts';
import { withReads } from '../withReads.ts';
import type { Host } from '../host.ts';
import type { Services } from '../services.ts';
import { SnapshotNames } from './names.ts';
import { openSnapshot } from './openSnapshot.ts';
import { tenantState } from './tenantState.ts';

/** What is compared: a snapshot, or the tenant as it is. */
export interface DiffSide extends ReadingWithFilters {
  /** The path as it was given, or `now`. */
  readonly name: string;
  readonly tenant: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Kinds that were read whole, by Graph's word. */
  readonly kinds: ReadonlySet<string>;
  readonly notRead: readonly KindNotRead[];
}

export interface Diff {
  readonly before: DiffSide;
  readonly after: DiffSide;
  readonly differences: readonly PolicyDifference[];
  /** Filters that are called the same in both and are not, where names count. */
  readonly filters: readonly FilterDifference[];
  /** Kinds that one of the two does not have, and why, each a sentence. */
  readonly notCompared: readonly KindNotRead[];
}

/** The tenant as it is, called so. */
export const NOW = 'now';

/** @throws UserError (exit 2) for what is no snapshot, or harmed */
export async function snapshotSide(
  path: string,
  key: Buffer | undefined,
  host: Pick<Host, 'cwd' | 'env' | 'interrupted' | 'events'>,
): Promise<DiffSide> {
  const { manifest, end, names, policies: all } = await openSnapshot(path, key, host);
  const policies: SnapshotPolicy[] = [];
  for await (const { policy } of all()) policies.push(policy);
  return {
    ...{ name: path, tenant: manifest.tenant, createdAt: manifest.createdAt, policies },
    ...{ kinds: new Set(end.kinds.map(({ type }) => type)), notRead: end.notRead },
    nameOf: (of, id) => names.of(of, id)?.name,
    filters: names.filters,
  };
}

/** @throws UserError (exit 4) when the tenant can't be read */
export const tenantSide = (services: Services): Promise<DiffSide> =>
  withReads(services, async (send, base) => {
    const createdAt = new Date().toISOString();
    const names = new SnapshotNames();
    const policies: SnapshotPolicy[] = [];
    const kinds = new Set<string>();
    const notRead: KindNotRead[] = [];
    for await (const { kind, policies: ofKind, why = '', names: found } of tenantState(
      send,
      base,
      services,
    )) {
      for (const name of found) names.add(name);
      if (ofKind === undefined) notRead.push({ type: kind.policyType, why });
      else {
        kinds.add(kind.policyType);
        policies.push(...ofKind);
      }
    }
    return {
      ...{ name: NOW, tenant: services.identity.tenant, createdAt, policies, kinds, notRead },
      nameOf: (of, id) => names.of(of, id)?.name,
      filters: names.filters,
    };
  });

/** @throws UserError (exit 2) for two tenants that are not to be compared by name */
export function diffOf(
  before: DiffSide,
  after: DiffSide,
  { isByName, renames }: { readonly isByName: boolean; readonly renames: Renames | undefined },
): Diff {
  if (!isByName && before.tenant !== after.tenant) throw twoTenants(before, after);
  const matching: Matching = isByName ? { by: 'name', renames } : { by: 'id' };
  const isCompared = (type: string): boolean => before.kinds.has(type) && after.kinds.has(type);
  return {
    ...{ before, after, notCompared: notComparedOf(before, after) },
    filters: isByName ? filterDifferences(before, after, renames) : [],
    differences: policyDifferences(before, after, matching, ({ policyType }) => isCompared(policyType)),
  };
}

function notComparedOf(before: DiffSide, after: DiffSide): readonly KindNotRead[] {
  const types = new Set(
    [before, after].flatMap(({ kinds, notRead }) => [...kinds, ...notRead.map(({ type }) => type)]),
  );
  return [...types].flatMap((type) => {
    const side = [before, after].find(({ kinds }) => !kinds.has(type));
    if (side === undefined) return [];
    const label = kindNamed(type)?.label.many ?? type;
    const why = side.notRead.find((each) => each.type === type)?.why;
    return [{ type, why: why ?? `${side.name} has no ${label}: it was made by an earlier version.` }];
  });
}

const twoTenants = (before: DiffSide, after: DiffSide): UserError =>
  new UserError(
    `${before.name} is of tenant ${before.tenant}, ${after.name} of ${after.tenant}: their ids have nothing in common.`,
    {
      remedy:
        'Add --by-name to compare policies, groups and filters by what they are called, and --rename with a file where the two call them otherwise.',
      exitCode: EXIT.badInput,
    },
  );
