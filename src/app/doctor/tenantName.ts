import { randomUUID } from 'node:crypto';
import { isJsonObject } from '../../assignments/values/json.ts';
import type { GraphClient } from '../../graph/client/graphClient.ts';
import { isTenantId, otherTenant, type Identity } from '../identity.ts';

/** A name is nice to have: nobody waits longer for it. */
const NAME_TIMEOUT_MS = 5_000;

/**
 * The domain that people know the tenant by; undefined where this sign-in may not read it, which many may not.
 * @throws UserError (exit 2) when a domain was given and the tenant signed in to has no such one
 */
export async function tenantDomain(
  { tenant, config: { tenant: given } }: Identity,
  graph: GraphClient,
  interrupted: AbortSignal,
): Promise<string | undefined> {
  const domains = await verifiedDomains(graph, interrupted);
  if (domains.length === 0) return undefined;
  if (given !== undefined && !isTenantId(given) && !domains.some(({ name }) => name.toLowerCase() === given))
    throw otherTenant(domains[0]?.name ?? tenant, given);
  return (domains.find(({ isDefault }) => isDefault) ?? domains[0])?.name;
}

/** The tenant, root, cloud and app that a question is about, as they are: a domain may hold what steers a terminal. */
export function tenantInWords({ tenant, config, appId }: Identity, domain: string | undefined): string {
  return `${domain ?? `tenant ${tenant}`} (${config.graphUrl}, cloud ${config.cloud}, app ${appId})`;
}

async function verifiedDomains(
  graph: GraphClient,
  interrupted: AbortSignal,
): Promise<{ name: string; isDefault: boolean }[]> {
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(NAME_TIMEOUT_MS)]);
  const url = '/organization?$select=id,verifiedDomains';
  const envelope = await graph
    .postBatch([{ method: 'GET', url, clientRequestId: randomUUID() }], { signal })
    .catch((error: unknown) => {
      if (interrupted.aborted || !signal.aborted) throw error;
      return undefined;
    });
  const reply = envelope?.kind === 'replies' ? envelope.replies[0] : undefined;
  const organizations = reply?.kind === 'answered' && isJsonObject(reply.body) ? reply.body['value'] : [];
  const organization: unknown = Array.isArray(organizations) ? organizations[0] : undefined;
  const domains = isJsonObject(organization) ? organization['verifiedDomains'] : [];
  return (Array.isArray(domains) ? domains : []).flatMap((domain: unknown) =>
    isJsonObject(domain) && typeof domain['name'] === 'string'
      ? [{ name: domain['name'], isDefault: domain['isDefault'] === true }]
      : [],
  );
}
