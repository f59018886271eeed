import { hash } from 'node:crypto';
import type { LastWritten } from '../assignments/changes/lastWritten.ts';
import type { RedisClient } from '../redis/connection.ts';
import type { Keys } from './keys.ts';

/** How long a list that was written may be shown as it was before: 5 min of Intune's 20 s. */
const KEPT_WINDOWS = 15;

/** A list that was written in the last minutes. */
export interface LateWrite extends LastWritten {
  /** How long ago. */
  readonly ageMs: number;
  /** How much longer a read that shows it as before is not believed. */
  readonly leftMs: number;
}

/** A list of the tenant, under the root that it is read from. */
const nameOf = (graphUrl: string, path: string): string =>
  hash('sha256', `${graphUrl} ${path.toLowerCase()}`, 'hex').slice(0, 32);

export async function keepLastWrites(
  redis: RedisClient,
  keys: Keys,
  graphUrl: string,
  windowMs: number,
  lists: ReadonlyMap<string, LastWritten>,
): Promise<void> {
  if (lists.size === 0) return;
  const transaction = redis.multi();
  const keptMs = KEPT_WINDOWS * windowMs;
  for (const [path, { befores, after }] of lists)
    transaction.set(
      keys.lastWrite(nameOf(graphUrl, path)),
      JSON.stringify([keptMs, after, ...befores]),
      'PX',
      keptMs,
    );
  for (const [error] of (await transaction.exec()) ?? []) if (error) throw error;
}

/** Those of these lists that were written in the last minutes. */
export async function lastWritesOf(
  redis: RedisClient,
  keys: Keys,
  graphUrl: string,
  paths: readonly string[],
): Promise<ReadonlyMap<string, LateWrite>> {
  const found = new Map<string, LateWrite>();
  await Promise.all(
    paths.map(async (path) => {
      const key = keys.lastWrite(nameOf(graphUrl, path));
      const text = await redis.get(key);
      // Of thousands of lists few were written in the last minutes.
      if (text === null) return;
      const leftMs = await redis.pttl(key);
      if (leftMs <= 0) return;
      const [keptMs, after, ...befores] = JSON.parse(text) as [number, string, ...string[]];
      found.set(path, { after, befores, ageMs: Math.max(0, keptMs - leftMs), leftMs });
    }),
  );
  return found;
}
