import { targetInWords } from '../../assignments/changes/changeKind.ts';
import { capitalized } from '../../assignments/kinds/kind.ts';
import { kindsIn, type PolicyKind } from '../../assignments/kinds/registry.ts';
import { NameTable } from '../../assignments/names/nameTable.ts';
import type {
  NamedFilter,
  NamedPolicy,
  NamesNeeded,
  NotReadable,
  TenantNames,
} from '../../assignments/names/resolve.ts';
import type { ReadingRules } from '../../assignments/rows/rowReader.ts';
import { assignmentFilters } from '../../graph/reads/assignmentFilters.ts';
import { groupsByName, type GroupsOfName } from '../../graph/reads/groupsByName.ts';
import type { PolicyLists } from '../../graph/reads/policyLists.ts';
import type { TenantPolicy } from '../../graph/reads/tenantPolicies.ts';
import type { SendReads } from '../../graph/reads/reading.ts';
import { expectKindAnswered } from '../plan/unreadable.ts';
import type { Services } from '../services.ts';
import { readableKinds } from '../readableKinds.ts';
import { count } from '../words.ts';

/** Assignments of a candidate that are told one by one. */
const ASSIGNMENTS_TOLD = 2;

/**
 * Reads what the tenant calls its policies, groups and filters, as far as these names need it: policies and filters from their
 * lists, groups one by one.
 * @throws UserError (exit 4) when Graph can't be read at all
 */
export async function readTenantNames(
  needed: NamesNeeded,
  { root, apiVersion }: Pick<ReadingRules, 'root' | 'apiVersion'>,
  { lists, send }: { readonly lists: PolicyLists; readonly send: SendReads },
  { identity }: Pick<Services, 'identity'>,
): Promise<TenantNames> {
  const base = `${root}/${apiVersion}`;
  const isListed = needed.policies.length > 0 || needed.policyIds.length > 0;
  const { policies, notShown } = isListed
    ? await listedPolicies(kindsFor(needed, apiVersion, identity), lists, send, identity)
    : { policies: [], notShown: [] };
  const byId = Map.groupBy(policies, ({ id }) => id.toLowerCase());
  const groups = await groupsByName(needed.groups, send, base);
  const filters = needed.filters.length > 0 ? await namedFilters(send, base) : new NameTable<NamedFilter>([]);
  return {
    policies: new NameTable(policies.flatMap(asNamed)),
    notShown,
    kindsOf: (policyId) => (byId.get(policyId.toLowerCase()) ?? []).map(({ kind }) => kind),
    filters,
    group(name) {
      const read = groups.get(name);
      if (read === undefined) throw new Error(`nobody has asked for the group ${name}`);
      return read.kind === 'groups' ? new NameTable(read.groups).find(name) : groupsNotReadable(read);
    },
  };
}

/** Where every row says its kind these alone; else all that the sign-in may read. */
const kindsFor = (
  { kinds }: NamesNeeded,
  apiVersion: string,
  identity: Services['identity'],
): readonly PolicyKind[] => {
  const said = kinds.filter((kind) => kind !== undefined);
  return said.length === kinds.length ? said : readableKinds(kindsIn(apiVersion), identity).kinds;
};

async function listedPolicies(
  kinds: readonly PolicyKind[],
  lists: PolicyLists,
  send: SendReads,
  identity: Services['identity'],
): Promise<{ readonly policies: readonly TenantPolicy[]; readonly notShown: readonly string[] }> {
  const policies: TenantPolicy[] = [];
  const notShown: string[] = [];
  for (const [{ label }, found] of await lists.policies(kinds, send)) {
    expectKindAnswered(found, identity);
    if (found.kind === 'policies') for (const policy of found.policies) policies.push(policy);
    else {
      const why = 'why' in found ? found.why : `${found.error.code}: ${found.error.message}`;
      notShown.push(`${capitalized(label.many)} can’t be read (${why}), and may have it.`);
    }
  }
  return { policies, notShown };
}

function asNamed({ id, kind, displayName, platform, assignments }: TenantPolicy): readonly NamedPolicy[] {
  if (displayName === undefined) return [];
  const told = assignments.slice(0, ASSIGNMENTS_TOLD).map(({ target }) => targetInWords(target));
  const more = assignments.length - told.length;
  const assignedTo =
    told.length === 0
      ? 'assigned to nobody'
      : `assigned to ${told.join(' and ')}${more > 0 ? ` and ${count(more, 'other')}` : ''}`;
  return [{ id, kind, name: displayName, platform, assignedTo }];
}

async function namedFilters(send: SendReads, base: string): Promise<NameTable<NamedFilter> | NotReadable> {
  const read = await assignmentFilters(send, base);
  if (read.kind === 'filters') return new NameTable(read.filters);
  return {
    kind: 'notReadable',
    message: 'The sign-in may not read assignment filters, so their names say nothing.',
    remedy: 'Write filterId instead of filterName, or give the app DeviceManagementConfiguration.Read.All.',
  };
}

const groupsNotReadable = (read: Exclude<GroupsOfName, { kind: 'groups' }>): NotReadable =>
  read.kind === 'refused' && read.status === 403
    ? {
        kind: 'notReadable',
        message: 'The sign-in may not look groups up by their names (GroupMember.Read.All is missing).',
        remedy: 'Give the app GroupMember.Read.All, or write groupId instead of groupName.',
      }
    : {
        kind: 'notReadable',
        message: `The group could not be looked up${'why' in read ? `: ${read.why}` : ''}.`,
        remedy: 'Start again, or write groupId instead of groupName.',
      };
