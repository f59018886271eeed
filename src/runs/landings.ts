import { redisNow } from '../redis/clock.ts';
import type { RedisClient } from '../redis/connection.ts';
import { execute } from '../redis/transaction.ts';
import type { Keys } from './keys.ts';
import { listNameOf } from './lastWrites.ts';

/** Lists that a run waits for, as a write of others may still be applied to them. */
export interface LateWaits {
  readonly lists: number;
  /** Until the last of them is over. */
  readonly leftMs: number;
}

/**
 * Those of these lists that a write may still be applied to which is under way or got no reply, by path, and how long that may take.
 * @param exceptRun whose own writes do not count
 */
export async function landingsOf(
  redis: RedisClient,
  keys: Keys,
  graphUrl: string,
  paths: readonly string[],
  exceptRun: string | undefined,
): Promise<ReadonlyMap<string, number>> {
  const [now, members] = await Promise.all([
    redisNow(redis),
    redis.zrange(keys.landings, '0', '-1', 'WITHSCORES'),
  ]);
  const left = new Map<string, number>();
  for (let i = 0; i < members.length; i += 2) {
    const [, row = '', list = ''] = members[i]?.split(' ') ?? [];
    const leftMs = Number(members[i + 1]) - now;
    if (leftMs <= 0 || row.split(':')[0] === exceptRun) continue;
    left.set(list, Math.max(leftMs, left.get(list) ?? 0));
  }
  const found = new Map<string, number>();
  if (left.size === 0) return found;
  for (const path of paths) {
    const leftMs = left.get(listNameOf(graphUrl, path));
    if (leftMs !== undefined) found.set(path, leftMs);
  }
  return found;
}

/** Remembers for whoever watches a run what it waits for. */
export async function keepLateWaits(
  redis: RedisClient,
  keys: Keys,
  runId: string,
  lists: ReadonlyMap<string, number>,
): Promise<void> {
  const key = keys.lateWaits(runId);
  const now = await redisNow(redis);
  const transaction = redis.multi();
  for (const [path, leftMs] of lists) transaction.zadd(key, now + leftMs, path);
  transaction.pexpire(key, Math.max(1, ...lists.values()));
  await execute(transaction);
}

export async function lateWaitsOf(redis: RedisClient, keys: Keys, runId: string): Promise<LateWaits> {
  const [now, waits] = await Promise.all([
    redisNow(redis),
    redis.zrange(keys.lateWaits(runId), '0', '-1', 'WITHSCORES'),
  ]);
  const left = waits.flatMap((until, i) => (i % 2 === 1 ? Number(until) - now : [])).filter((ms) => ms > 0);
  return { lists: left.length, leftMs: Math.max(0, ...left) };
}
