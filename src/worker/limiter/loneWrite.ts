import { randomUUID } from 'node:crypto';
import type { WriteRequest } from '../../assignments/changes/request.ts';
import type { EnvelopeReply, GraphClient } from '../../graph/client/graphClient.ts';
import type { Limiter } from './limiter.ts';
import { backoffIn } from './permittedReads.ts';

/**
 * Sends one write that is of no run, when the tenant has room for it; it is charged like any other.
 * @throws TenantStopped when somebody has stopped the tenant
 */
export const sendLoneWrite = (
  request: WriteRequest,
  { limiter, graph }: { readonly limiter: Limiter; readonly graph: GraphClient },
  signal: AbortSignal,
): Promise<EnvelopeReply> =>
  limiter.write(
    (deadlineMs) => graph.postBatch([{ ...request, clientRequestId: randomUUID() }], { deadlineMs }),
    backoffIn,
    signal,
  );
