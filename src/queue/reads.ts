import { holdOf } from './backoff.ts';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reply } from '../graph/batchEnvelope.ts';
import type { EnvelopeReply, GraphClient } from '../graph/graphClient.ts';
import type { SendReads } from '../graph/reading.ts';
import type { Ledger } from './ledger.ts';

/** Sends the reads of a look together, when the tenant has room for them, and puts what a 429 asks for on the ledger. */
export function readsWithin(
  { ledger, graph }: { readonly ledger: Ledger; readonly graph: GraphClient },
  runId: string | undefined,
  signal: AbortSignal,
): SendReads {
  return async (urls) => {
    const requests = urls.map((url) => ({ method: 'GET' as const, url, clientRequestId: randomUUID() }));
    const envelope = await ledger.read(
      { reads: requests.length, isForWork: runId !== undefined },
      // Work that is late must ask again: somebody may have stopped the tenant. A person's plan may wait for Graph.
      (deadlineMs) => graph.postBatch(requests, runId === undefined ? {} : { runId, deadlineMs }),
      holdIn,
      signal,
    );
    switch (envelope.kind) {
      case 'replies':
        return envelope.replies;
      case 'refused':
        // Each read is answered with what the whole was: a 401 asks for a token, a 429 waits, the rest is final.
        return requests.map((): Reply => ({
          kind: 'answered',
          status: envelope.status,
          error: envelope.error,
          body: undefined,
        }));
      case 'unreached':
        await sleep(ledger.pace.unreachedWaitMs, undefined, { signal });
        return requests.map((): Reply => ({ kind: 'lost', why: 'reset' }));
    }
  };
}

/** What the 429s among the replies ask to wait, as in Settlement.holdMs. */
export function holdIn(envelope: EnvelopeReply): number {
  const replies =
    envelope.kind === 'replies' ? envelope.replies : envelope.kind === 'refused' ? [envelope] : [];
  return holdOf(replies.filter(({ status }) => status === 429).map(({ retryAfterMs }) => retryAfterMs));
}
