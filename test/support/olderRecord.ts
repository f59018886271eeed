import type { Redis } from 'ioredis';
import type { RunStore } from '../../src/runs/runStore.ts';

/** Copies all that Redis holds of a tenant. Answers how to bring it back as it was then, as a Redis does that has lost what came after. */
export async function copyOfRecord(
  redis: Redis,
  { keys: { prefix } }: RunStore,
): Promise<() => Promise<void>> {
  const all = (): Promise<string[]> => redis.keys(`${prefix}:*`);
  const copies = await Promise.all(
    (await all()).map(async (key) => ({
      key,
      ttl: Math.max(0, await redis.pttl(key)),
      value: await redis.dumpBuffer(key),
    })),
  );
  return async () => {
    const transaction = redis.multi();
    for (const key of await all()) transaction.del(key);
    for (const { key, ttl, value } of copies) transaction.restore(key, ttl, value);
    for (const [error] of (await transaction.exec()) ?? []) if (error) throw error;
  };
}
