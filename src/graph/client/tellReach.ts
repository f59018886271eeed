import { collectionPath } from '../../assignments/kinds/address.ts';
import { deviceConfiguration } from '../../assignments/kinds/deviceConfiguration.ts';
import type { PolicyKind } from '../../assignments/kinds/registry.ts';
import { SEND_TOO_LATE } from './exchange.ts';
import type { GraphClient } from './graphClient.ts';

/** The cheapest read that shows whether this sign-in may read policies of a kind … */
export const cheapestRead = (kind: PolicyKind): string => `${collectionPath(kind)}?$top=1&$select=id`;

/** … and what the writes are about. */
export const CHEAPEST_READ = cheapestRead(deviceConfiguration);

/**
 * Tells once that Graph is out of reach and once that it is back, however many tries are between. The clients that come from
 * one call share what was said.
 */
export function tellReach(
  tell: (reach: { isReached: true } | { isReached: false; message: string; remedy: string }) => void,
): (client: GraphClient) => GraphClient {
  let isLost = false;
  let reachedAt = -Infinity;
  return (client) => ({
    close: () => client.close(),
    async postBatch(requests, options) {
      const askedAt = performance.now();
      const reply = await client.postBatch(requests, options);
      // A connection that came too late for one call is a connection all the same.
      if (reply.kind === 'unreached' && reply.error.code === SEND_TOO_LATE) return reply;
      if (reply.kind === 'unreached') {
        // One that gave up when another had come through already is no news.
        if (isLost || askedAt < reachedAt) return reply;
        const { message, remedy } = reply.error;
        tell({ isReached: false, message, remedy });
        isLost = true;
      } else {
        if (isLost) tell({ isReached: true });
        isLost = false;
        reachedAt = performance.now();
      }
      return reply;
    },
  });
}
