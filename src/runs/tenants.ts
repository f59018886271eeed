import type { RedisClient } from '../redis/connection.ts';
import { TENANTS_KEY } from './keys.ts';

export interface NamedTenant {
  readonly id: string;
  readonly name: string;
}

/**
 * The tenants that were signed in to with this Redis. Keys are named after a tenant's id, which only a token tells; with this
 * a command that does not sign in finds it by the domain that was given, or by there being no other.
 */
export class Tenants {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  /** @param name the domain that was given for it, if one was */
  async remember(id: string, name: string | undefined): Promise<void> {
    await this.#redis.hset(TENANTS_KEY, { [id]: id, ...(name !== undefined && { [name]: id }) });
  }

  async idOf(name: string): Promise<string | undefined> {
    return (await this.#redis.hget(TENANTS_KEY, name)) ?? undefined;
  }

  /** All of them: their ids, and what each is called, its domain where one was given. */
  async named(): Promise<NamedTenant[]> {
    const names = Object.entries(await this.#redis.hgetall(TENANTS_KEY));
    const ids = [...new Set(names.map(([, id]) => id))].toSorted();
    return ids.map((id) => ({ id, name: names.find(([name, of]) => of === id && name !== id)?.[0] ?? id }));
  }

  /** The ids of all of them. */
  async all(): Promise<string[]> {
    return [...new Set(Object.values(await this.#redis.hgetall(TENANTS_KEY)))].toSorted();
  }
}
