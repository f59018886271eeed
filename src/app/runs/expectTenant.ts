import { EXIT, UserError } from '../../errors.ts';
import { Tenants } from '../../runs/tenants.ts';
import type { Services } from '../services.ts';
import type { TenantElsewhere } from './elsewhere.ts';

/** Where nothing says the tenant, one called "default" would be taken: that is nobody's, and what is meant would go on. */
export function expectTenantSaid(
  { identity }: Pick<Services, 'identity'>,
  elsewhere: readonly TenantElsewhere[],
  done: string,
): void {
  if (identity.tenantFrom !== 'nothing') return;
  const known = elsewhere.length > 0 ? elsewhere.map(({ name }) => name).join(', ') : identity.tenant;
  throw new UserError(`Nothing was ${done}: nothing says which tenant is meant.`, {
    remedy: `Say which one is meant: --tenant with one of ${known}; or --every-tenant for all of this Redis.`,
    exitCode: EXIT.badInput,
  });
}

/** Tenants are remembered since there is something to remember them by; runs and workers may be older. */
export async function expectTenantKnown(
  { redis, runs, identity, producer }: Pick<Services, 'redis' | 'runs' | 'identity' | 'producer'>,
  elsewhere: readonly TenantElsewhere[],
  done: string,
): Promise<void> {
  const isKnown =
    (await new Tenants(redis).all()).includes(identity.tenant) ||
    (await runs.runs()).length > 0 ||
    (await runs.stopped()) !== undefined ||
    (await producer.hasWorkers());
  if (isKnown) return;
  throw new UserError(`Nothing was ${done}: this Redis has never seen a tenant ${identity.tenant}.`, {
    remedy:
      elsewhere.length > 0
        ? `Say which one is meant: --tenant with one of ${elsewhere.map(({ name }) => name).join(', ')}.`
        : 'Give the --tenant and the --redis-url of the workers that are meant.',
    exitCode: EXIT.badInput,
  });
}
