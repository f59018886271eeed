import { Cluster } from 'ioredis';
import type { RedisClient } from './connection.ts';
import { parseInfo, setting, unlessRefused } from './info.ts';

/** PINGs that the latency is the median of. */
const PINGS = 15;

/** A Redis as `doctor` shows it; of a cluster one master. What may not be read is undefined. */
export interface RedisFacts {
  readonly version: string | undefined;
  readonly maxmemoryPolicy: string | undefined;
  readonly appendOnly: boolean | undefined;
  /** `''`: no snapshots. */
  readonly snapshots: string | undefined;
  readonly usedBytes: number | undefined;
  /** 0: no limit of its own. */
  readonly maxBytes: number | undefined;
  readonly latencyMs: number;
}

export async function redisFacts(redis: RedisClient): Promise<RedisFacts> {
  const node = redis instanceof Cluster ? (redis.nodes('master')[0] ?? redis) : redis;
  const info = parseInfo((await unlessRefused(node.info())) ?? '');
  const number = (name: string): number | undefined => (info.has(name) ? Number(info.get(name)) : undefined);
  const aof = info.get('aof_enabled');
  return {
    version: info.get('redis_version'),
    maxmemoryPolicy: info.get('maxmemory_policy'),
    appendOnly: aof === undefined ? undefined : aof === '1',
    snapshots: node instanceof Cluster ? undefined : await setting(node, 'save'),
    usedBytes: number('used_memory'),
    maxBytes: number('maxmemory'),
    latencyMs: await latencyOf(node),
  };
}

async function latencyOf(redis: RedisClient): Promise<number> {
  const took: number[] = [];
  for (let ping = 0; ping < PINGS; ping += 1) {
    const from = performance.now();
    await redis.ping();
    took.push(performance.now() - from);
  }
  const median = took.toSorted((a, b) => a - b)[Math.floor(PINGS / 2)] ?? 0;
  return Math.round(median * 100) / 100;
}
