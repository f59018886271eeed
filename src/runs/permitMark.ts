import { redisNow } from '../redis/clock.ts';
import type { RedisClient } from '../redis/connection.ts';
import type { Keys } from './keys.ts';

/** How the tenant's writes stand before something is read that a write may be based upon later. */
export interface PermitMark {
  /** Permits for writes that its runs were given in all, see acquire.lua. */
  readonly permits: number;
  /** No write is under way or without a reply: none is applied after the mark that was permitted before. */
  readonly isQuiet: boolean;
}

export async function permitMarkOf(redis: RedisClient, keys: Keys): Promise<PermitMark> {
  // A permit that is given in between is in the landings, or was answered before the mark.
  const permits = Number((await redis.hget(keys.limiter, 'permits')) ?? 0);
  const landing = await redis.zcount(keys.landings, `(${await redisNow(redis)}`, '+inf');
  return { permits, isQuiet: landing === 0 };
}
