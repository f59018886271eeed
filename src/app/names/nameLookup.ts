import { namesNeeded, resolved, type NameRules, type NamesNeeded } from '../../assignments/names/resolve.ts';
import type { PolicyKind } from '../../assignments/kinds/registry.ts';
import type { ReadingRules } from '../../assignments/rows/rowReader.ts';
import type { InputRow } from '../../assignments/rows/row.ts';
import type { NameLookup } from '../draft/intake.ts';
import { graphOf } from '../graphOf.ts';
import { patientReads } from '../patientReads.ts';
import type { PolicyLists } from '../../graph/reads/policyLists.ts';
import type { Services } from '../services.ts';
import { readTenantNames } from './tenantNames.ts';

/**
 * Looks names up in the tenant that these services have signed in to.
 * @param lists what is seen of the tenant's policies, for whoever plans the rows then
 */
export function nameLookup(
  rules: ReadingRules & NameRules,
  lists: PolicyLists,
  services: Services,
): NameLookup {
  return {
    needs: (row) => namesNeeded(row, rules) !== undefined,
    async resolver(rows) {
      const graph = graphOf(services.identity, services, rules.apiVersion);
      try {
        const names = await readTenantNames(
          neededBy(rows, rules),
          rules,
          { lists, send: patientReads(services, graph) },
          services,
        );
        const told = new Set<string>();
        return (row) => {
          const found = resolved(row, names, rules);
          if ('folded' in found)
            for (const { written, found: name } of found.folded)
              if (!told.has(written)) {
                told.add(written);
                services.events.emit('foldedName', written, name);
              }
          return found;
        };
      } finally {
        await graph.close();
      }
    },
  };
}

/** Every name that has to be looked up, once. */
function neededBy(rows: readonly InputRow[], rules: NameRules): NamesNeeded {
  const policies = new Set<string>();
  const policyIds = new Set<string>();
  const groups = new Set<string>();
  const filters = new Set<string>();
  const kinds = new Set<PolicyKind | undefined>();
  for (const row of rows) {
    const names = namesNeeded(row, rules);
    if (names === undefined) continue;
    for (const name of names.policies) policies.add(name);
    for (const id of names.policyIds) policyIds.add(id);
    for (const name of names.groups) groups.add(name);
    for (const name of names.filters) filters.add(name);
    for (const kind of names.kinds) kinds.add(kind);
  }
  return {
    policies: [...policies],
    policyIds: [...policyIds],
    kinds: [...kinds],
    groups: [...groups],
    filters: [...filters],
  };
}
