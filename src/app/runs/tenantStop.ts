import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, UserError } from '../../errors.ts';
import type { Pace } from '../../worker/limiter/pace.ts';
import { DEPARTURE_MS } from '../../runs/permit.ts';
import type { Stop } from '../../runs/runReader.ts';
import { Tenants } from '../../runs/tenants.ts';
import type { Services } from '../services.ts';
import { logOpenRuns, reasonFrom, type Said } from './runLog.ts';

/** Redis writes `appendfsync everysec` to the disk within two seconds, whatever the disk does. Source: redis.io, persistence. */
const ON_DISK_MS = 2_000;

/** A tenant that is stopped from now on. */
export interface TenantStop {
  readonly stop: Stop;
  /** Other tenants that this Redis knows: they go on. */
  readonly notStopped: readonly string[];
  /** How long requests may still leave that had their permits before. */
  readonly lastPermitMs: number;
  /** When no request of a run can leave any more and a restart of Redis would not forget the stop. */
  settled(): Promise<void>;
}

/** How long after a stop a request may still leave, on a permit that was given before it. */
const lastPermitMs = ({ permitValidMs }: Pace): number => Math.max(permitValidMs + DEPARTURE_MS, ON_DISK_MS);

/**
 * Stops the tenant: no request of any run leaves, also of runs to come.
 * @throws UserError (exit 2) for a tenant that this Redis has never seen: who means another one must not believe it stopped
 */
export async function stopTenant(said: Said, services: Services): Promise<TenantStop> {
  const { runs, identity, redactor, interrupted } = services;
  const notStopped = await otherTenants(services);
  const stop: Stop = {
    by: identity.operator,
    at: Date.now(),
    reason: reasonFrom(said.reason, redactor),
  };
  await runs.stop(stop);
  await logOpenRuns('stop', services, said);
  const waitMs = lastPermitMs(identity.pace);
  const settledAt = performance.now() + waitMs;
  return {
    ...{ stop, notStopped, lastPermitMs: waitMs },
    async settled() {
      await sleep(Math.max(0, settledAt - performance.now()), undefined, { signal: interrupted });
    },
  };
}

/** The tenants that this Redis knows besides the one that is meant, which has to be known as well. */
async function otherTenants({ redis, runs, identity, producer }: Services): Promise<string[]> {
  const known = await new Tenants(redis).all();
  const { tenant } = identity;
  const others = known.filter((name) => name !== tenant);
  // Tenants are remembered since there is something to remember them by; runs and workers may be older.
  const isKnown =
    known.includes(tenant) ||
    (await runs.runs()).length > 0 ||
    (await runs.stopped()) !== undefined ||
    (await producer.hasWorkers());
  if (isKnown) return others;
  throw new UserError(`Nothing was stopped: this Redis has never seen a tenant ${tenant}.`, {
    remedy:
      others.length > 0
        ? `Say which one is meant: --tenant with one of ${others.join(', ')}.`
        : 'Give the --tenant and the --redis-url of the workers that are to stop.',
    exitCode: EXIT.badInput,
  });
}

/** Ends the stop of the tenant, and has its runs go on. Answers false when it was not stopped. */
export async function resumeTenant(said: Said, services: Services): Promise<boolean> {
  const wasStopped = await services.runs.letGoOn();
  if (wasStopped) await logOpenRuns('let go on', services, said);
  await services.producer.topUp();
  return wasStopped;
}
