import type { Renames } from '../../assignments/names/rename.ts';
import { policyPlace, type TwoTenants } from '../../assignments/snapshots/translate.ts';
import { isGuid } from '../../assignments/values/guid.ts';
import type { PolicyLists } from '../../graph/reads/policyLists.ts';
import type { SendReads } from '../../graph/reads/reading.ts';
import { readTenantNames } from '../names/tenantNames.ts';
import type { Services } from '../services.ts';
import type { OpenSnapshot } from './openSnapshot.ts';

/**
 * What a snapshot calls its things, and what this tenant calls its own: policies and filters from their lists, each group of the snapshot by its name.
 * @throws UserError (exit 4) when Graph can't be read at all
 */
export async function twoTenants(
  { names, groups, policies }: OpenSnapshot,
  renames: Renames | undefined,
  source: { readonly lists: PolicyLists; readonly send: SendReads },
  services: Services,
): Promise<TwoTenants> {
  const called = [...groups].flatMap((id) => {
    const name = names.of('group', id)?.name;
    const to = renames?.toOf('group', id, name) ?? name;
    return to === undefined || isGuid(to) ? [] : [to];
  });
  const { graphUrl: root } = services.identity.config;
  // Of policies and filters all are read, whatever names are asked for.
  const needed = {
    ...{ policies: ['*'], policyIds: [], kinds: [undefined] },
    ...{ filters: ['*'], groups: [...new Set(called)] },
  };
  const places = new Map<string, number>();
  for await (const { policy } of policies()) {
    const place = policyPlace(policy, renames);
    places.set(place, (places.get(place) ?? 0) + 1);
  }
  const told = new Set<string>();
  return {
    named: (of, id) => names.of(of, id),
    tenant: await readTenantNames(needed, { root, apiVersion: 'beta' }, source, services),
    renames,
    isOnly: (place) => places.get(place) === 1,
    folded(written, found) {
      if (!told.has(written)) services.events.emit('foldedName', written, found);
      told.add(written);
    },
  };
}
