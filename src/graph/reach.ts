import type { BaseLogger } from 'pino';
import type { GraphClient } from './graphClient.ts';

/** The cheapest read that shows whether this sign-in may read what the writes are about. */
export const CHEAPEST_READ = '/deviceManagement/deviceConfigurations?$top=1&$select=id';

/**
 * Says once that Graph is out of reach and once that it is back, however many tries are between. The clients that come from
 * one call share what was said.
 */
export function tellReach(log: Pick<BaseLogger, 'info' | 'warn'>): (client: GraphClient) => GraphClient {
  let isLost = false;
  return (client) => ({
    close: () => client.close(),
    async postBatch(requests, options) {
      const reply = await client.postBatch(requests, options);
      if (reply.kind === 'unreached') {
        if (!isLost)
          log.warn(`Graph is out of reach: ${reply.error.message} Trying again until it is there.`);
        isLost = true;
      } else if (isLost) {
        log.info('Graph is there again.');
        isLost = false;
      }
      return reply;
    },
  });
}
