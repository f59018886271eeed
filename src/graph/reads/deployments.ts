import { isJsonObject, type JsonObject } from '../../assignments/values/json.ts';
import { collection, readAll, type SendReads } from './reading.ts';

/** Pages that are read: a preview has few of them. */
const DEPLOYMENT_PAGES_MAX = 50;

/** States in which a deployment adds nothing more. One that is paused or stands in an error may go on. */
const ENDED: ReadonlySet<unknown> = new Set(['canceled', 'cancelled', 'completed']);

/**
 * What Intune's own deployments (preview) call those under way, by the id of the policy or app in them, in lower case. A ring that begins adds its groups to
 * the assignments of what is deployed. Undefined where the tenant has no such thing, or does not show it to this sign-in.
 * Source: learn.microsoft.com/intune/device-management/deployments/overview; the shape of beta's answer is documented, and unverified.
 * @param send to beta, which only has them
 * @param base root and version beta, for links to further pages
 */
export async function deploymentsUnderWay(
  send: SendReads,
  base: string,
): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
  const [read] = await readAll(
    [collection('/deviceManagement/deployments', base, DEPLOYMENT_PAGES_MAX)],
    send,
  );
  if (read?.kind !== 'all') return undefined;
  const found = new Map<string, string[]>();
  for (const deployment of read.items.filter(isJsonObject)) {
    if (deployment['mode'] !== 'active' || ENDED.has(deployment['state'])) continue;
    const name = textOf(deployment, 'displayName') ?? textOf(deployment, 'id') ?? '';
    for (const id of payloadsOf(deployment)) found.set(id, [...(found.get(id) ?? []), name]);
  }
  return found;
}

const payloadsOf = ({ payloads }: JsonObject): readonly string[] =>
  Array.isArray(payloads)
    ? (payloads as unknown[])
        .filter(isJsonObject)
        .flatMap((payload) => (textOf(payload, 'payloadId') ?? textOf(payload, 'id'))?.toLowerCase() ?? [])
    : [];

const textOf = (object: JsonObject, name: string): string | undefined => {
  const value = object[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};
