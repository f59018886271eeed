import { setTimeout as sleep } from 'node:timers/promises';

/** How long an end that needs Redis waits for a Redis that is away. */
const AWAY_MAX_MS = 3_000;
const LOOK_MS = 100;

/** How a wait for an end was ended: it came, Redis was away for too long, or its time was over. */
export type Ending = 'ended' | 'redisAway' | 'late';

/**
 * Waits for something to end that needs Redis, as long as Redis is there and `breakOff` was not aborted: calls to Graph may
 * be under way. BullMQ would wait for a Redis that is away for ever. Nothing is lost by leaving: the record knows what was
 * sent, and the next worker looks at it first.
 */
export async function endedInTime(
  ending: Promise<void>,
  redis: { readonly status: string },
  breakOff: AbortSignal | undefined,
): Promise<Ending> {
  const ended = ending.then((): Ending => 'ended');
  ended.catch(() => undefined); // told below, or by nobody after leaving
  let awaySince: number | undefined;
  for (;;) {
    const come = await Promise.race([ended, sleep(LOOK_MS)]);
    if (come !== undefined) return come;
    if (breakOff?.aborted) return 'late';
    if (redis.status === 'ready') awaySince = undefined;
    else awaySince ??= performance.now();
    if (awaySince !== undefined && performance.now() - awaySince > AWAY_MAX_MS) return 'redisAway';
  }
}
