import { hash } from 'node:crypto';
import type { LastWritten } from '../assignments/changes/lastWritten.ts';
import { aboutKey } from '../assignments/rows/about.ts';
import type { Change } from '../assignments/rows/change.ts';
import type { RedisClient } from '../redis/connection.ts';
import { execute } from '../redis/transaction.ts';
import type { Keys } from './keys.ts';

/** How long a list that was written may be shown as it was before: 5 min of Intune's 20 s. */
const KEPT_WINDOWS = 15;

/** What is remembered of a list that was written. */
export interface KeptWrite extends LastWritten {
  /** Whose writes it were, as `writerOf` has them. */
  readonly writers: readonly string[];
}

/** Rows of one list that are told apart; what is older is not looked for. */
const WRITERS_MAX = 400;

/** A row by its run and what it is about. */
export const writerOf = (runId: string, change: Change): string =>
  `${runId} ${hash('sha256', aboutKey(change), 'hex').slice(0, 16)}`;

/** The run other than this one that has written what the change is about, in the last minutes. */
export function otherWriterOf({ writers }: KeptWrite, runId: string, change: Change): string | undefined {
  return writers
    .map((writer) => writer.split(' ')[0])
    .findLast((other) => other !== undefined && other !== runId && writers.includes(writerOf(other, change)));
}

/** A list that was written in the last minutes. */
export interface RecentWrite extends KeptWrite {
  /** How long ago. */
  readonly ageMs: number;
  /** How much longer a read that shows it as before is not believed. */
  readonly leftMs: number;
}

/** A list of the tenant, under the root that it is read from. */
export const listNameOf = (graphUrl: string, path: string): string =>
  hash('sha256', `${graphUrl} ${path.toLowerCase()}`, 'hex').slice(0, 32);

export async function keepLastWrites(
  redis: RedisClient,
  keys: Keys,
  graphUrl: string,
  windowMs: number,
  lists: ReadonlyMap<string, KeptWrite>,
): Promise<void> {
  if (lists.size === 0) return;
  const transaction = redis.multi();
  const keptMs = KEPT_WINDOWS * windowMs;
  for (const [path, { befores, after, writers }] of lists)
    transaction.set(
      keys.lastWrite(listNameOf(graphUrl, path)),
      JSON.stringify([keptMs, [...new Set(writers)].slice(-WRITERS_MAX), after, ...befores]),
      'PX',
      keptMs,
    );
  await execute(transaction);
}

/** Those of these lists that were written in the last minutes. */
export async function lastWritesOf(
  redis: RedisClient,
  keys: Keys,
  graphUrl: string,
  paths: readonly string[],
): Promise<ReadonlyMap<string, RecentWrite>> {
  const found = new Map<string, RecentWrite>();
  await Promise.all(
    paths.map(async (path) => {
      const key = keys.lastWrite(listNameOf(graphUrl, path));
      const text = await redis.get(key);
      // Of thousands of lists few were written in the last minutes.
      if (text === null) return;
      const leftMs = await redis.pttl(key);
      if (leftMs <= 0) return;
      const [keptMs, writers, after, ...befores] = JSON.parse(text) as [
        number,
        string[],
        string,
        ...string[],
      ];
      found.set(path, { writers, after, befores, ageMs: Math.max(0, keptMs - leftMs), leftMs });
    }),
  );
  return found;
}
