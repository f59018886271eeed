import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';

/** A request of a batch, as the peers send it. */
export interface Patch {
  readonly method: 'PATCH';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export const BATCH_SIZE = 20;

/**
 * The rows of the bench's own file as requests.
 * @param filter what each target says of its filter
 */
export function readPatches(file: string, filter: Readonly<Record<string, unknown>> = {}): Patch[] {
  const records = parse(readFileSync(file), { columns: true }) as Record<string, string>[];
  return records.map(({ policyId = '', via = '', assignmentId = '', groupId = '' }) => ({
    method: 'PATCH',
    url: `/deviceManagement/deviceConfigurations/${policyId}${via === '' ? '' : `/${via}`}/assignments/${assignmentId}`,
    headers: { 'Content-Type': 'application/json' },
    body: {
      '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
      target: { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId, ...filter },
    },
  }));
}

export const withIds = <T extends object>(requests: readonly T[]): (T & { id: string })[] =>
  requests.map((request, id) => ({ ...request, id: String(id) }));

export interface InnerReply {
  readonly id: string;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Seconds to wait as the 429s among the replies say; the usual 1 s where they say nothing. */
export function retryAfterSeconds(replies: readonly InnerReply[]): number {
  const waits = replies
    .filter(({ status }) => status === 429)
    .map(({ headers = {} }) => Number(headers['Retry-After'] ?? headers['retry-after'] ?? 1));
  return Math.max(0, ...waits);
}

/** Those that were throttled, to be sent again. */
export const throttledOf = (sent: readonly Patch[], replies: readonly InnerReply[]): Patch[] =>
  sent.filter((_, id) => replies.find((reply) => reply.id === String(id))?.status === 429);
