import type { RedisClient } from '../redis/connection.ts';
import { execute } from '../redis/transaction.ts';
import type { Keys } from './keys.ts';
import type { ChannelRecord, RunEvent } from './runEvent.ts';

/** An event as it lies in the record, and its text, by which it is taken out again. */
export interface KeptEvent {
  readonly event: RunEvent;
  readonly text: string;
}

/** Has the record keep an event that no script has caused. */
export async function keepEvent(redis: RedisClient, keys: Keys, event: RunEvent): Promise<void> {
  await redis.rpush(keys.untold, JSON.stringify(event));
}

/** The oldest events that are not queued yet for the channels that they name. */
export async function untoldEvents(redis: RedisClient, keys: Keys, max: number): Promise<KeptEvent[]> {
  const texts = await redis.lrange(keys.untold, 0, max - 1);
  return texts.map((text) => ({ event: JSON.parse(text) as RunEvent, text }));
}

/** Another worker may have taken it out as well: both have queued it, under one id. */
export async function takeOut(redis: RedisClient, keys: Keys, { text }: KeptEvent): Promise<void> {
  await redis.lrem(keys.untold, 1, text);
}

export async function channelTold(
  redis: RedisClient,
  keys: Keys,
  channel: string,
  at: number,
): Promise<void> {
  const transaction = redis.multi();
  transaction.hset(keys.channels, `${channel}:toldAt`, String(at));
  transaction.hdel(keys.channels, `${channel}:failingSince`, `${channel}:why`);
  await execute(transaction);
}

export async function channelFailed(
  redis: RedisClient,
  keys: Keys,
  channel: string,
  at: number,
  why: string,
): Promise<void> {
  const transaction = redis.multi();
  transaction.hsetnx(keys.channels, `${channel}:failingSince`, String(at));
  transaction.hset(keys.channels, `${channel}:why`, why);
  await execute(transaction);
}

/** How telling went last, of each channel that was ever told. */
export async function channelRecords(
  redis: RedisClient,
  keys: Keys,
): Promise<ReadonlyMap<string, ChannelRecord>> {
  const fields = await redis.hgetall(keys.channels);
  const names = new Set(Object.keys(fields).map((field) => field.replace(/:\w+$/, '')));
  const time = (field: string | undefined): number | null => (field === undefined ? null : Number(field));
  return new Map(
    [...names].map((name) => [
      name,
      {
        toldAt: time(fields[`${name}:toldAt`]),
        failingSince: time(fields[`${name}:failingSince`]),
        why: fields[`${name}:why`] ?? null,
      },
    ]),
  );
}
