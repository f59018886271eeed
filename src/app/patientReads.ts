import { setMaxListeners } from 'node:events';
import type { GraphClient } from '../graph/graphClient.ts';
import type { SendReads } from '../graph/reading.ts';
import { readsWithin } from '../queue/reads.ts';
import type { Context } from '../cli/context.ts';
import type { Session } from './services.ts';
import { visible } from '../assignments/values/visible.ts';

/** The reads that a command can't do without: it waits for Graph, says so, and ends its waits at the first signal. */
export function commandReads(
  { runs, identity, ledgerOn }: Session,
  graph: GraphClient,
  { interrupted, print }: Pick<Context, 'interrupted' | 'print'>,
): SendReads {
  // One wait after the other listens on it, for thousands of policies.
  setMaxListeners(0, interrupted);
  const tell = (text: string): void => print.say(visible(text));
  const patience = { outageMaxMs: identity.pace.outageMaxMs, tell };
  return readsWithin({ ledger: ledgerOn(runs), graph, patience }, undefined, interrupted);
}
