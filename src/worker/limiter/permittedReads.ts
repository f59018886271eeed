import { backoffOf } from './backoff.ts';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Family } from '../../assignments/kinds/family.ts';
import { familyOfUrl } from '../../assignments/kinds/registry.ts';
import type { EnvelopeReply, GraphClient } from '../../graph/client/graphClient.ts';
import {
  headersFor,
  readFailure,
  isTooLarge,
  type ReadReply,
  type SendReads,
} from '../../graph/reads/reading.ts';
import type { Limiter } from './limiter.ts';
import { inSeconds, isWorthAnotherTry, Outage, type OutagePatience } from './outage.ts';

interface ReadsTerms {
  readonly limiter: Limiter;
  readonly graph: GraphClient;
  /** Left out: that of a worker, who puts a batch back when Graph gives no answer, and takes it up again later. */
  readonly patience?: OutagePatience;
  readonly random?: () => number;
  /** Told when a 429 asks to wait for so many ms. */
  readonly throttled?: (reads: number, ms: number) => Promise<void>;
}

/**
 * Sends the reads of a read together, when the tenant has room for them, and puts what a 429 asks for on the limiter. What was
 * lost or passes is asked for again after growing waits, or those that Graph asks for.
 */
export function readsWithin(
  { limiter, graph, patience, random = Math.random, throttled }: ReadsTerms,
  runId: string | undefined,
  signal: AbortSignal,
): SendReads {
  const { pace } = limiter;
  const outage = new Outage(pace, patience ?? { outageMaxMs: pace.unreachedWaitMs }, random);
  const askedTogether = async (urls: readonly string[], family: Family): Promise<readonly ReadReply[]> => {
    const requests = urls.map((url) => ({
      ...{ method: 'GET' as const, url, clientRequestId: randomUUID() },
      headers: headersFor(url),
    }));
    const envelope = await limiter.of(family).read(
      { reads: requests.length, isForWork: runId !== undefined },
      // Work that is late must ask again: somebody may have stopped the tenant. A person's plan may wait for Graph.
      (deadlineMs) =>
        tellingSilence(graph.postBatch(requests, runId === undefined ? { signal } : { runId, deadlineMs }), {
          silenceTellMs: pace.silenceTellMs,
          requestTimeoutMs: pace.requestTimeoutMs,
          tell: patience?.tell,
        }),
      backoffIn,
      signal,
    );
    const backoffMs = backoffIn(envelope);
    if (backoffMs !== 0) await throttled?.(requests.length, Math.max(0, backoffMs));
    if (envelope.kind === 'refused' && envelope.status === 429)
      await limiter.of(family).backOffOthers(backoffIn(envelope));
    return repliesIn(envelope, requests.length);
  };
  // What is too much together is asked for in halves, down to one.
  const askedOf = async (urls: readonly string[], family: Family): Promise<readonly ReadReply[]> => {
    const replies = await askedTogether(urls, family);
    if (urls.length <= 1 || !replies.every(isTooLarge)) return replies;
    const half = Math.ceil(urls.length / 2);
    return [...(await askedOf(urls.slice(0, half), family)), ...(await askedOf(urls.slice(half), family))];
  };
  // Reads count in the family of what they read: those of several go apart, and none waits for another's limit.
  const asked = async (urls: readonly string[]): Promise<readonly ReadReply[]> => {
    const replies: ReadReply[] = [];
    const byFamily = Map.groupBy(urls.keys(), (place) => familyOfUrl(urls[place] ?? ''));
    await Promise.all(
      [...byFamily].map(async ([family, places]) => {
        const got = await askedOf(
          places.map((place) => urls[place] ?? ''),
          family,
        );
        for (const [i, place] of places.entries()) replies[place] = got[i] ?? MISSING;
      }),
    );
    return replies;
  };
  return async (urls) => {
    const replies: ReadReply[] = [];
    let open = urls.map((url, place) => ({ url, place }));
    for (let tries = 1; ; tries += 1) {
      const got = await asked(open.map(({ url }) => url));
      for (const [i, { place }] of open.entries()) replies[place] = got[i] ?? MISSING;
      const failed = open.filter(({ place }) => isWorthAnotherTry(replyAt(replies, place), tries));
      const isAnswered = got.some((reply) => readFailure(reply) === undefined || isTooLarge(reply));
      if (isAnswered) outage.answered();
      if (failed.length === 0) return replies;
      const waitMs = outage.waitBefore(
        tries,
        failed.map(({ place }) => replyAt(replies, place)),
        { nowMs: performance.now(), isTold: !isAnswered },
      );
      if (waitMs === undefined) return replies;
      await sleep(waitMs, undefined, { signal });
      open = failed;
    }
  };
}

const MISSING: ReadReply = { kind: 'lost', why: 'missing' };

const replyAt = (replies: readonly ReadReply[], place: number): ReadReply => replies[place] ?? MISSING;

/** What came of each read. A 401 asks for a token and a 429 waits, whether it is about one read or about all of them. */
function repliesIn(envelope: EnvelopeReply, count: number): readonly ReadReply[] {
  if (envelope.kind === 'replies') return envelope.replies;
  const { kind, error } = envelope;
  const each = (reply: ReadReply): ReadReply[] => Array.from({ length: count }, () => reply);
  if (kind === 'unreached') return each({ kind, error });
  const { status, isForeign = false } = envelope;
  return status === 401 || status === 429
    ? each({ kind: 'answered', status, error, body: undefined })
    : each({ kind: 'envelopeRefused', status, error, isForeign });
}

interface Silence {
  readonly silenceTellMs: number;
  readonly requestTimeoutMs: number;
  readonly tell: OutagePatience['tell'];
}

/** A call that takes long is told of while it is waited for: nobody else sees that anything is going on. */
async function tellingSilence<T>(
  call: Promise<T>,
  { silenceTellMs, requestTimeoutMs, tell }: Silence,
): Promise<T> {
  if (tell === undefined) return call;
  const timer = setTimeout(() => {
    const most = inSeconds(requestTimeoutMs);
    tell(`Graph has not answered for ${inSeconds(silenceTellMs)}; waiting for it, ${most} at most.`);
  }, silenceTellMs);
  try {
    return await call;
  } finally {
    clearTimeout(timer);
  }
}

/** What the 429s among the replies ask to wait, as in Settlement.backoffMs. */
export function backoffIn(envelope: EnvelopeReply): number {
  const replies =
    envelope.kind === 'replies' ? envelope.replies : envelope.kind === 'refused' ? [envelope] : [];
  return backoffOf(replies.filter(({ status }) => status === 429).map(({ retryAfterMs }) => retryAfterMs));
}
