import { EXIT, UserError } from '../errors.ts';
import { Limiter } from '../worker/limiter/limiter.ts';
import type { PlanReads } from '../worker/planReads.ts';
import { Producer } from '../worker/producer.ts';
import type { RedisPatience, RedisClient } from '../redis/connection.ts';
import { preflight, refuseOnErrors } from '../redis/preflight.ts';
import { RunStore } from '../runs/runStore.ts';
import { Tenants } from '../runs/tenants.ts';
import type { Host } from './host.ts';
import type { Identity } from './identity.ts';
import { useRedis } from './usedRedis.ts';

/** What a use case works with: who it acts for, and the record of the tenant. Closed in the end, whatever happens: `await using`. */
export interface Services extends Host, AsyncDisposable {
  /** Whose tenant may be better known than before Redis was asked: the domain's id, or the only one there is. */
  readonly identity: Identity;
  readonly redis: RedisClient;
  readonly runs: RunStore;
  readonly producer: Producer;
  /** A further client of its own patience, closed with the others. */
  open(patience: RedisPatience, name: string): Promise<RedisClient>;
  /** The tenant's limiter, through a record on a client of these services. */
  limiterOn(runs: RunStore): Limiter;
  /** What the plan of a run has read here, for a worker of this process. */
  readonly planReads?: PlanReads | undefined;
}

/** @throws UserError (exit 4) within 5 s when there is no usable Redis, unless `patience` is to wait for it. */
export async function openServices(
  given: Identity,
  host: Host,
  patience: RedisPatience = 'failFast',
): Promise<Services> {
  const { log } = host;
  const { config } = given;
  const used = await useRedis(config, host);
  let producer: Producer | undefined;
  const close = async (): Promise<void> => {
    await producer?.close();
    await used[Symbol.asyncDispose]();
  };
  try {
    const redis = await used.open(patience, 'command');
    for (const { message, remedy } of refuseOnErrors(await preflight(redis))) log.warn(message, { remedy });
    const identity = { ...given, ...(await tenantInRecord(given, new Tenants(redis))) };
    const runs = new RunStore(redis, identity.tenant, config.approval);
    producer = new Producer(runs, redis, config.graphUrl, false);
    const { endedInOrder } = used;
    const limiterOn = (store: RunStore): Limiter =>
      new Limiter(store, identity.pace, {
        endedInOrder,
        told: (change) => void host.events.emit('limiter', change),
      });
    const open = (wanted: RedisPatience, name: string): Promise<RedisClient> => used.open(wanted, name);
    return { ...host, identity, redis, runs, producer, open, limiterOn, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** For a command that is about all tenants of this Redis: which of several is meant is not asked. */
export const openForEveryTenant = (given: Identity, host: Host): Promise<Services> =>
  openServices({ ...given, tenantFrom: given.tenantFrom === 'nothing' ? 'id' : given.tenantFrom }, host);

/** Has the tenant known to commands that are about all of them, also where no token told it. To be called before there is work. */
export const rememberTenant = ({ redis, identity }: Pick<Services, 'redis' | 'identity'>): Promise<void> =>
  new Tenants(redis).remember(identity.tenant, undefined);

/** Keeps what a sign-in told of the tenant, and tells it to commands that do not sign in. */
async function tenantInRecord(
  { tenant, tenantFrom, isReadyToken, signedIn, config }: Identity,
  tenants: Tenants,
): Promise<Partial<Identity>> {
  if (signedIn !== undefined) {
    const name = config.tenant === tenant ? undefined : config.tenant;
    // A Redis that takes no more writes says so where it matters.
    if (tenantFrom === 'token') await tenants.remember(tenant, name).catch(() => undefined);
    return {};
  }
  // With a ready token all commands know as much as the one that signs in.
  if (isReadyToken || tenantFrom === 'token' || tenantFrom === 'id') return {};
  if (tenantFrom === 'name') {
    const id = await tenants.idOf(tenant);
    return id === undefined ? {} : { tenant: id, tenantFrom: 'id' };
  }
  const [only, ...others] = (await tenants.all()).filter((name) => name !== tenant);
  if (only === undefined) return {};
  if (others.length === 0) return { tenant: only, tenantFrom: 'id' };
  throw new UserError('This Redis has runs of several tenants, and nothing says which is meant.', {
    remedy: `Add --tenant with one of: ${[only, ...others].join(', ')}.`,
    exitCode: EXIT.badInput,
  });
}
