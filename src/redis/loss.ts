import { Cluster } from 'ioredis';
import type { Redis } from 'ioredis';
import { reasonOf } from './reach.ts';

export interface RedisLog {
  info(message: string): void;
  warn(message: string): void;
}

const CLOSED = 'the connection was closed';

/** Says once that a Redis is lost and once that it is back, however many tries are between. `where` has no password in it. */
export function tellLossAndReturn(redis: Redis | Cluster, where: string, log: RedisLog): void {
  let isLost = false;
  let reason = CLOSED;
  const tellLoss = (): void => {
    if (!isLost) log.warn(`Redis at ${where} is out of reach (${reason}). Trying again until it is there.`);
    isLost = true;
  };
  redis.on('error', (error: Error) => {
    reason = reasonOf(error);
    // With sentinels ioredis tries again inside of one connecting, and says so only here.
    if (error.message.includes('Retrying from scratch')) tellLoss();
  });
  // Emitted before each try, and never after a wanted close.
  redis.on('reconnecting', tellLoss);
  redis.on('ready', () => {
    if (isLost) log.info(`Redis at ${where} is there again.`);
    isLost = false;
    reason = CLOSED;
  });
  if (redis instanceof Cluster) tellNodes(redis, log);
}

/** One node less stops a cluster until a replica has taken its place: seconds in which a worker would stand still silently. */
function tellNodes(cluster: Cluster, log: RedisLog): void {
  const lost = new Set<string>();
  cluster.on('node error', (error: Error, node: string) => {
    if (cluster.status === 'ready' && !lost.has(node)) {
      log.warn(
        `The Redis node ${node} is out of reach (${reasonOf(error)}). Trying again until another one takes its place.`,
      );
      lost.add(node);
    }
  });
  cluster.on('+node', (node: Redis) => {
    node.once('ready', () => {
      const name = `${node.options.host}:${node.options.port}`;
      if (lost.delete(name)) log.info(`The Redis node ${name} is there again.`);
    });
  });
}
