import { randomUUID } from 'node:crypto';
import { isJsonObject } from '../../assignments/values/json.ts';
import type { GraphClient } from '../client/graphClient.ts';

/**
 * What Graph says to a token. Its claims are read here without a look at its signature; Graph refuses one that was forged before it
 * asks what the token may do, so `knows` and `forbids` both vouch for what it says.
 */
export type Vouched =
  | { readonly kind: 'knows'; readonly id: string | undefined }
  | { readonly kind: 'forbids' }
  | { readonly kind: 'refuses'; readonly message: string };

/** The person who has signed in. Source: learn.microsoft.com/graph/api/user-get; it takes the delegated permission User.Read. */
export const ME = '/me?$select=id';
/** What an app may ask for as well; with no permission for it that is a 403. */
export const ORGANIZATION = '/organization?$select=id';

/** @throws what the client throws, as for a sign-in that does not work */
export async function vouchedFor(
  graph: GraphClient,
  url: typeof ME | typeof ORGANIZATION,
  signal: AbortSignal,
): Promise<Vouched> {
  const envelope = await graph.postBatch([{ method: 'GET', url, clientRequestId: randomUUID() }], { signal });
  if (envelope.kind === 'unreached') return { kind: 'refuses', message: envelope.error.message };
  if (envelope.kind === 'refused') return { kind: 'refuses', message: envelope.error.message };
  const [reply] = envelope.replies;
  if (reply?.kind !== 'answered') return { kind: 'refuses', message: 'no answer came' };
  if (reply.status === 200) {
    const id = isJsonObject(reply.body) ? reply.body['id'] : undefined;
    return { kind: 'knows', id: typeof id === 'string' ? id.toLowerCase() : undefined };
  }
  return reply.status === 403
    ? { kind: 'forbids' }
    : { kind: 'refuses', message: `it answers ${reply.status}` };
}
