import type { Queue } from 'bullmq';
import type { RedisClient } from '../redis/connection.ts';
import { LOCK_MS, STALLED_CHECK_MS } from './limiter/pace.ts';

/** Clocks are corrected by less than this all the time. */
const CLOCK_STEP_MIN_MS = 1_000;

export interface LocksCut {
  /** Batches whose lock would have lasted too long. */
  readonly jobs: number;
  /** By how much Redis' clock must have gone back. */
  readonly stepMs: number;
}

/**
 * BullMQ's locks end by Redis' clock. When that is set back they last longer by as much, and what a dead worker had in hand
 * waits; so does the look for such batches, which has a lock of its own. Each gets the time that it can have at most: who
 * lives renews its lock long before. Undefined when all end in time.
 */
export async function cutLongLocks(
  queue: Pick<Queue, 'toKey'>,
  redis: RedisClient,
): Promise<LocksCut | undefined> {
  const jobIds = await redis.lrange(queue.toKey('active'), 0, -1);
  const [check, ...locks] = await Promise.all(
    [
      { key: queue.toKey('stalled-check'), maxMs: STALLED_CHECK_MS },
      ...jobIds.map((id) => ({ key: `${queue.toKey(id)}:lock`, maxMs: LOCK_MS })),
    ].map(async ({ key, maxMs }) => {
      const aheadMs = (await redis.pttl(key)) - maxMs;
      if (aheadMs < CLOCK_STEP_MIN_MS) return 0;
      await redis.pexpire(key, maxMs);
      return aheadMs;
    }),
  );
  const stepMs = Math.max(check ?? 0, ...locks);
  return stepMs === 0 ? undefined : { jobs: locks.filter((aheadMs) => aheadMs > 0).length, stepMs };
}
