import type { RedisClient } from '../redis/connection.ts';
import { keysOf, type Keys } from './keys.ts';

/** Texts under secret names that only a digest is kept of, each for some time. Whoever reads the store can't use what it finds. */
export interface SecretStore {
  /** @param digest of the secret, hex */
  keep(digest: string, text: string, ms: number): Promise<void>;
  find(digest: string): Promise<string | undefined>;
  /** The same, once: nobody finds it after. */
  take(digest: string): Promise<string | undefined>;
  forget(digest: string): Promise<void>;
}

/** In Redis, for several servers of one tenant. */
export class SecretsInRedis implements SecretStore {
  readonly #redis: RedisClient;
  readonly #keys: Keys;

  constructor(redis: RedisClient, tenant: string) {
    this.#redis = redis;
    this.#keys = keysOf(tenant);
  }

  async keep(digest: string, text: string, ms: number): Promise<void> {
    await this.#redis.set(this.#keys.webSecret(digest), text, 'PX', Math.max(1, Math.ceil(ms)));
  }

  async find(digest: string): Promise<string | undefined> {
    return (await this.#redis.get(this.#keys.webSecret(digest))) ?? undefined;
  }

  async take(digest: string): Promise<string | undefined> {
    const key = this.#keys.webSecret(digest);
    const [found] = (await this.#redis.multi().get(key).del(key).exec()) ?? [];
    const [error, text] = found ?? [];
    if (error) throw error;
    return typeof text === 'string' ? text : undefined;
  }

  async forget(digest: string): Promise<void> {
    await this.#redis.del(this.#keys.webSecret(digest));
  }
}
