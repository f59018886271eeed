import type { Config } from '../config.ts';
import {
  closeRedis,
  describeTarget,
  openRedis,
  type RedisPatience,
  type RedisClient,
  type RedisTarget,
} from '../redis/connection.ts';
import { useEmbeddedRedis } from '../redis/embedded.ts';
import type { Host } from './host.ts';

/** The Redis of the settings, embedded or not, and all clients that were opened for it. */
export interface UsedRedis extends AsyncDisposable {
  /** As it may be shown. */
  readonly where: string;
  /** See EmbeddedRedis. */
  readonly endedInOrder: string | undefined;
  open(patience: RedisPatience, name: string): Promise<RedisClient>;
}

/** @throws UserError (exit 4) when the embedded one can't be started. */
export async function useRedis(
  config: Config,
  { log, interrupted, redisInUse }: Pick<Host, 'log' | 'interrupted' | 'redisInUse'>,
): Promise<UsedRedis> {
  const embedded =
    config.redisUrl === undefined
      ? await useEmbeddedRedis({ dataDir: config.dataDir, env: { ...config.env }, log })
      : undefined;
  const target: RedisTarget =
    config.redisUrl === undefined
      ? { socketPath: embedded?.socketPath ?? '' }
      : { url: config.redisUrl, files: config.redisFiles };
  const clients: RedisClient[] = [];
  return {
    where: embedded === undefined ? describeTarget(target) : `${config.dataDir} (embedded)`,
    endedInOrder: embedded?.endedInOrder,
    async open(patience, name) {
      const options = { patience, name: `retarget-${name}`, log, signal: interrupted };
      const client = await openRedis(target, options);
      clients.push(client);
      redisInUse.client = client;
      return client;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.splice(0).map(closeRedis));
      await embedded?.release();
    },
  };
}
