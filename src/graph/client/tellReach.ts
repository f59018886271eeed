import type { Log } from '../../log.ts';
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
 * Says once that Graph is out of reach and once that it is back, however many tries are between. The clients that come from
 * one call share what was said.
 */
export function tellReach(log: Pick<Log, 'info' | 'warn'>): (client: GraphClient) => GraphClient {
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
        log.warn(`Graph is out of reach: ${message} ${remedy} Trying again until it is there.`);
        isLost = true;
      } else {
        if (isLost) log.info('Graph is there again.');
        isLost = false;
        reachedAt = performance.now();
      }
      return reply;
    },
  });
}
