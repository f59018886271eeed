import { createGraphClient, type GraphClient } from '../graph/client/graphClient.ts';
import { proxyFor } from '../graph/client/proxy.ts';
import { VERSION } from '../version.ts';
import type { Host } from './host.ts';
import { signedIn, type Identity } from './identity.ts';

/** A client for the Graph of somebody who has signed in. To be closed. */
export const graphOf = (
  identity: Identity,
  { events }: Pick<Host, 'events'>,
  apiVersion = identity.config.apiVersion,
): GraphClient =>
  createGraphClient({
    root: identity.config.graphUrl,
    apiVersion,
    credentials: signedIn(identity).credentials,
    userAgent: `retarget/${VERSION}`,
    proxy: proxyFor(identity.config.graphUrl, identity.config.env),
    trace: {
      sent: (request) => void events.emit('request', request),
      notReached: (why) => void events.emit('notReached', why),
    },
    limits: { requestMs: identity.pace.requestTimeoutMs },
  });
