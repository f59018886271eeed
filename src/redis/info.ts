import type { Redis } from 'ioredis';

/** What INFO says, by name. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

/** A setting of Redis. Undefined where CONFIG is refused, as for an ACL user or by a Redis service. */
export async function setting(redis: Redis, name: string): Promise<string | undefined> {
  const reply = await unlessRefused<unknown>(redis.config('GET', name));
  return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : undefined;
}

/** Undefined when Redis answers that it will not do it. */
export async function unlessRefused<T>(reply: Promise<T>): Promise<T | undefined> {
  return reply.catch((error: Error) => {
    if (error.name === 'ReplyError') return undefined;
    throw error;
  });
}
