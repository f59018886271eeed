import type { CurrentAssignment } from '../changes/current.ts';
import { isReadOnly } from '../kinds/kind.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import { filterIn, groupIn, notFound, POLICY, type TenantNames, type What } from '../names/resolve.ts';
import { foldedName, type Found, type Named } from '../names/nameTable.ts';
import type { Renames } from '../names/rename.ts';
import type { Fault } from '../rows/row.ts';
import { groupOf, targetTypeOf } from '../targets/currentTarget.ts';
import { FILTER_ID, filterOf } from '../targets/filter.ts';
import { TARGET_KINDS } from '../targets/target.ts';
import { targetInWords } from '../changes/changeKind.ts';
import { everybodyOf, isGuid } from '../values/guid.ts';
import { quoted } from '../values/quoted.ts';
import { sameRule } from './filterDifferences.ts';
import { ownerOf } from './owner.ts';
import type { SnapshotName, SnapshotPolicy } from './snapshot.ts';

/** What is known of two tenants, one of which a snapshot is of. */
export interface TwoTenants {
  /** What the snapshot calls a group or a filter. */
  readonly named: (of: SnapshotName['of'], id: string) => SnapshotName | undefined;
  /** What the tenant calls its own. */
  readonly tenant: TenantNames;
  /** From the snapshot's to the tenant's. */
  readonly renames: Renames | undefined;
  /** Whether only one policy of the snapshot has this `policyPlace`. */
  readonly isOnly: (place: string) => boolean;
  /** Told of a name that was found only when letter case and Unicode form do not count. */
  readonly folded: (written: string, found: string) => void;
}

/** A policy of a snapshot as the tenant would have it. */
export type Translated =
  | { readonly kind: 'policy'; readonly policy: SnapshotPolicy }
  /** The tenant has none that is called so. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] };

/** Finds policy, groups and filters by what they are called: ids of another tenant say nothing. Its policy sets have nothing to say here, either. */
export function translated(policy: SnapshotPolicy, both: TwoTenants): Translated {
  const found = policyFor(policy, both);
  if (typeof found !== 'string') return found;
  const faults: Fault[] = [];
  const assignments = policy.assignments
    .filter((each) => ownerOf(each) === undefined)
    .flatMap((each) => {
      const entry = entryFor(each, policy.kind, both);
      if ('message' in entry) faults.push(entry);
      return 'message' in entry ? [] : [entry];
    });
  return faults.length > 0
    ? { kind: 'faults', faults }
    : { kind: 'policy', policy: { ...policy, id: found, assignments } };
}

const calledHere = ({ id, name }: SnapshotPolicy, renames: Renames | undefined): string | undefined =>
  renames?.toOf('policy', id, name) ?? name;

/** Equal for policies that are looked for by one name. */
export const policyPlace = (policy: SnapshotPolicy, renames: Renames | undefined): string =>
  [policy.kind.policyType, policy.platform, foldedName(calledHere(policy, renames) ?? '')]
    .join('\n')
    .toLowerCase();

/** By id where it was renamed to one, else the one of its name, kind and platform. */
function policyFor(
  policy: SnapshotPolicy,
  both: TwoTenants,
): string | Exclude<Translated, { kind: 'policy' }> {
  const { tenant, renames } = both;
  const { kind, platform } = policy;
  const to = calledHere(policy, renames);
  if (to === undefined) return { kind: 'gone' };
  if (!both.isOnly(policyPlace(policy, renames)))
    return {
      kind: 'faults',
      faults: [
        {
          message: `The snapshot has several policies that are ${quoted(to)} here.`,
          remedy: 'Say which id each has here with --rename, or leave them out with --skip-invalid.',
        },
      ],
    };
  if (isGuid(to)) return to;
  const found = tenant.policies.find(
    to,
    (other) =>
      other.kind === kind &&
      (platform === undefined ||
        other.platform === undefined ||
        foldedName(other.platform) === foldedName(platform)),
  );
  switch (found.kind) {
    case 'one':
      return idOf(to, found, both);
    case 'none':
      return { kind: 'gone' };
    case 'several':
      return { kind: 'faults', faults: [{ ...notFound(to, found, POLICY), remedy: BY_RENAME }] };
  }
}

function idOf(
  written: string,
  { found, isFolded }: Extract<Found<Named>, { kind: 'one' }>,
  { folded }: TwoTenants,
): string {
  if (isFolded) folded(written, found.name);
  return found.id;
}

const BY_RENAME = 'Say which id is meant with --rename, or leave its policy out with --skip-invalid.';

/** A snapshot can't be mended: what is meant is said beside it. */
function notHere<T extends Named>(
  to: string,
  found: Parameters<typeof notFound<T>>[1],
  what: What<T>,
): Fault {
  const fault = notFound(to, found, what);
  switch (found.kind) {
    case 'none':
      return {
        ...fault,
        remedy: `${found.nearest.length > 0 ? `${fault.remedy} ` : ''}Say what it is called here with --rename, or leave out its policies with --skip-invalid.`,
      };
    case 'several':
      return { ...fault, remedy: BY_RENAME };
    case 'notReadable':
      return fault;
  }
}

/** An assignment without what only its own tenant knows; or why nobody can say what it would be here. */
function entryFor(
  { target, whole }: CurrentAssignment,
  kind: PolicyKind,
  both: TwoTenants,
): CurrentAssignment | Fault {
  const group = groupOf(target);
  const groupId = group === undefined || everybodyOf(group) !== undefined ? group : groupFor(group, both);
  if (typeof groupId === 'object') return groupId;
  if (group === undefined && isForeign(target))
    return {
      message: `${quoted(targetInWords(target))} is known by an id of the other tenant, and has no name.`,
      remedy: 'Leave out its policy with --skip-invalid, and assign it by hand.',
    };
  const filter = filterOf(target)?.id;
  const filterId = filter === undefined ? undefined : filterFor(filter, both);
  if (typeof filterId === 'object') return filterId;
  const told = {
    ...target,
    ...(groupId !== undefined && { groupId }),
    ...(filterId !== undefined && { [FILTER_ID]: filterId }),
  };
  const own = Object.entries(whole).filter(([name]) => name !== 'id' && !isReadOnly(kind, name));
  return { id: '', target: told, whole: { ...Object.fromEntries(own), target: told } };
}

/** All devices and all users are the same everywhere. */
function isForeign(target: CurrentAssignment['target']): boolean {
  const type = targetTypeOf(target);
  return type === undefined || TARGET_KINDS[type].required.length > 0;
}

function groupFor(id: string, both: TwoTenants): string | Fault {
  const { named, tenant, renames } = both;
  const name = named('group', id)?.name;
  const to = renames?.toOf('group', id, name) ?? name;
  if (to === undefined)
    return {
      message: `The snapshot does not say what the group ${id} is called.`,
      remedy: 'Say which group is meant with --rename, or leave out its policies with --skip-invalid.',
    };
  if (isGuid(to)) return to;
  const found = tenant.group(to);
  return found.kind === 'one' ? idOf(to, found, both) : notHere(to, found, groupIn('groupId'));
}

/** The groups of a snapshot by their ids here, as far as they are found. */
export const groupsHere = (groupIds: ReadonlySet<string>, both: TwoTenants): ReadonlySet<string> =>
  new Set(
    [...groupIds].flatMap((id) => {
      const found = groupFor(id, both);
      return typeof found === 'string' ? [found.toLowerCase()] : [];
    }),
  );

const isOfOtherRule = (a: { readonly rule?: string | undefined }, b: typeof a): boolean =>
  a.rule !== undefined && b.rule !== undefined && !sameRule(a.rule, b.rule);

function filterFor(id: string, both: TwoTenants): string | Fault {
  const { named, tenant, renames } = both;
  const known = named('filter', id);
  const to = renames?.toOf('filter', id, known?.name) ?? known?.name;
  if (to === undefined)
    return {
      message: `The snapshot does not say what the filter ${id} is called.`,
      remedy: 'Say which filter is meant with --rename, or leave out its policies with --skip-invalid.',
    };
  if (isGuid(to)) return to;
  const table = tenant.filters;
  if ('kind' in table) return table;
  const isOfPlatform = ({ platform }: { readonly platform?: string | undefined }): boolean =>
    platform?.toLowerCase() === known?.platform?.toLowerCase();
  const found = table.find(to, (each) => known?.platform === undefined || isOfPlatform(each));
  if (found.kind === 'one' && to === known?.name && isOfOtherRule(known, found.found))
    return {
      message: `The filter ${quoted(to)} has another rule here: ${quoted(found.found.rule ?? '')}, and in the snapshot ${quoted(known.rule ?? '')}.`,
      remedy: BY_RENAME,
    };
  if (found.kind === 'one') return idOf(to, found, both);
  const other = table.find(to);
  return found.kind === 'none' && other.kind === 'one'
    ? {
        message: `The filter ${quoted(to)} is for ${other.found.platform}, and in the snapshot for ${known?.platform}.`,
        remedy: BY_RENAME,
      }
    : notHere(to, found, filterIn('filterId'));
}
