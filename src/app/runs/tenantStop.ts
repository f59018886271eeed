import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, UserError } from '../../errors.ts';
import type { Pace } from '../../worker/limiter/pace.ts';
import { DEPARTURE_MS } from '../../runs/permit.ts';
import type { Stop } from '../../runs/runReader.ts';
import { RunStore } from '../../runs/runStore.ts';
import { Tenants, type NamedTenant } from '../../runs/tenants.ts';
import type { Services } from '../services.ts';
import { tenantsElsewhere, type TenantElsewhere } from './elsewhere.ts';
import { expectTenantKnown, expectTenantSaid } from './expectTenant.ts';
import { logTenant, reasonFrom, type Said } from './runLog.ts';

/** Redis writes `appendfsync everysec` to the disk within two seconds, whatever the disk does. Source: redis.io, persistence. */
const ON_DISK_MS = 2_000;

/** What is stopped from now on. */
export interface Stopped {
  readonly stop: Stop;
  /** How long requests may still leave that had their permits before. */
  readonly lastPermitMs: number;
  /** When no request of a run can leave any more and a restart of Redis would not forget the stop. */
  settled(): Promise<void>;
}

/** A tenant that is. */
export interface TenantStop extends Stopped {
  /** Other tenants that this Redis knows: they go on. */
  readonly notStopped: readonly TenantElsewhere[];
}

/** How long after a stop a request may still leave, on a permit that was given before it. */
const lastPermitMs = ({ permitValidMs }: Pace): number => Math.max(permitValidMs + DEPARTURE_MS, ON_DISK_MS);

/**
 * Stops the tenant: no request of any run leaves, also of runs to come.
 * @throws UserError (exit 2) when nothing says which tenant is meant, or for one that this Redis has never seen: who means another one must
 * not believe it stopped
 */
export async function stopTenant(said: Said, services: Services): Promise<TenantStop> {
  const elsewhere = await tenantsElsewhere(services);
  expectTenantSaid(services, elsewhere, 'stopped');
  await expectTenantKnown(services, elsewhere, 'stopped');
  const stop = stopBy(said, services);
  await services.runs.stop(stop);
  await logTenant('stop', services, said);
  await tellStopped(stop, services);
  return { ...stoppedNow(stop, services), notStopped: elsewhere.filter(({ isStopped }) => !isStopped) };
}

/** All that are stopped, by what they are called. */
export interface EveryStop extends Stopped {
  readonly tenants: readonly NamedTenant[];
}

/** Stops every tenant that this Redis knows. @throws UserError (exit 2) when it knows none */
export async function stopEveryTenant(said: Said, services: Services): Promise<EveryStop> {
  const tenants = await everyTenant(services);
  const stop = stopBy(said, services);
  // All of them first: what is told to logs may wait.
  for (const { runs } of tenants) await runs.stop(stop);
  for (const { runs } of tenants) {
    await logTenant('stop', { ...services, runs }, said);
    await tellStopped(stop, { runs });
  }
  return { ...stoppedNow(stop, services), tenants: tenants.map(({ id, name }) => ({ id, name })) };
}

/** One event for all runs: whoever is told of twenty need not be woken twenty times. */
async function tellStopped({ by, at, reason }: Stop, { runs }: Pick<Services, 'runs'>): Promise<void> {
  const standing = (await runs.line()).filter(
    ({ state, options }) => (state === 'running' || state === 'queued') && options.notify.length > 0,
  );
  if (standing.length === 0) return;
  await runs.keepEvent({
    ...{ id: `stop-${at}-${randomInt(2 ** 32).toString(36)}`, at: await runs.now(), type: 'tenantStopped' },
    channels: [...new Set(standing.flatMap(({ options }) => options.notify))],
    data: {
      ...{ operator: by, runs: standing.map(({ runId }) => runId) },
      ...(reason !== null && { words: reason }),
    },
  });
}

const stopBy = ({ reason }: Said, { identity, redactor }: Services): Stop => ({
  ...{ by: identity.operator, at: Date.now() },
  reason: reasonFrom(reason, redactor),
});

function stoppedNow(stop: Stop, { identity, interrupted }: Services): Stopped {
  const waitMs = lastPermitMs(identity.pace);
  const settledAt = performance.now() + waitMs;
  return {
    ...{ stop, lastPermitMs: waitMs },
    async settled() {
      await sleep(Math.max(0, settledAt - performance.now()), undefined, { signal: interrupted });
    },
  };
}

interface OpenTenant extends NamedTenant {
  readonly runs: RunStore;
}

async function everyTenant({ redis }: Services): Promise<OpenTenant[]> {
  const known = await new Tenants(redis).named();
  if (known.length > 0) return known.map((each) => ({ ...each, runs: new RunStore(redis, each.id) }));
  throw new UserError('Nothing was changed: this Redis has never seen a tenant.', {
    remedy: 'Give the --redis-url of the workers that are meant.',
    exitCode: EXIT.badInput,
  });
}

/** Ends the stop of the tenant, and has its runs go on. Answers false when it was not stopped. */
export async function resumeTenant(said: Said, services: Services): Promise<boolean> {
  if (services.identity.tenantFrom === 'nothing')
    expectTenantSaid(services, await tenantsElsewhere(services), 'changed');
  const wasStopped = await services.runs.letGoOn();
  if (wasStopped) await logTenant('let go on', services, said);
  await services.producer.topUp();
  return wasStopped;
}

/** The same of every tenant that this Redis knows. Answers those that were stopped; workers see it within seconds. */
export async function resumeEveryTenant(said: Said, services: Services): Promise<NamedTenant[]> {
  const gone: NamedTenant[] = [];
  for (const { id, name, runs } of await everyTenant(services)) {
    if (!(await runs.letGoOn())) continue;
    await logTenant('let go on', { ...services, runs }, said);
    gone.push({ id, name });
  }
  return gone;
}
