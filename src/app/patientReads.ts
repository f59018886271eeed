import { setMaxListeners } from 'node:events';
import type { GraphClient } from '../graph/client/graphClient.ts';
import type { SendReads } from '../graph/reads/reading.ts';
import { readsWithin } from '../worker/limiter/permittedReads.ts';
import type { Services } from './services.ts';

/** The reads that a use case can't do without: it waits for Graph, tells so, and ends its waits at the first signal. */
export function patientReads(
  { runs, identity, limiterOn, interrupted, events }: Services,
  graph: GraphClient,
): SendReads {
  // One wait after the other listens on it, for thousands of policies.
  setMaxListeners(0, interrupted);
  const tell = (text: string): void => void events.emit('graphAway', text);
  const patience = { outageMaxMs: identity.pace.outageMaxMs, tell };
  return readsWithin({ limiter: limiterOn(runs), graph, patience }, undefined, interrupted);
}
