import type { Run } from '../../runs/run.ts';
import type { Stop } from '../../runs/runReader.ts';
import type { Services } from '../services.ts';
import { tenantsElsewhere } from './elsewhere.ts';
import { expectTenantKnown, expectTenantSaid } from './expectTenant.ts';
import { healthOf, isWatched, takesBack, type Health } from './health.ts';
import { queueLeft } from './queueLeft.ts';
import { statusOf } from './status.ts';

export interface RunHealth {
  readonly run: Run;
  readonly health: Health;
}

/** How the runs are that somebody watches over. */
export interface TenantHealth {
  readonly stop: Stop | undefined;
  /** The worst first. */
  readonly runs: readonly RunHealth[];
  /** Redis' clock, ms since the epoch. */
  readonly now: number;
}

const BY_URGENCY: readonly Health['kind'][] = [
  ...(['overdue', 'stalled', 'stopped', 'failedRows', 'fine'] as const),
];

/**
 * @throws UserError (exit 2) when nothing says which tenant is meant, or for one that this Redis has never seen: another one may be in trouble
 * @param only this one run, whenever it ended; undefined: those that are open, and those that have ended lately
 */
export async function tenantHealth(
  only: Run | undefined,
  stalledAfterMs: number,
  services: Services,
): Promise<TenantHealth> {
  const { runs: record } = services;
  if (only === undefined) await expectRightTenant(services);
  await queueLeft(services);
  const [now, stop, all] = await Promise.all([record.now(), record.stopped(), record.runs()]);
  const watched = only === undefined ? all.filter((run) => isWatched(run, all, now)) : [only];
  const runs = await Promise.all(
    watched.map(async (run) => ({
      run,
      health: healthOf(run, await statusOf(run, services), {
        ...{ now, stalledAfterMs },
        takenBackBy: takesBack(run, all),
      }),
    })),
  );
  const urgency = ({ health }: RunHealth): number => BY_URGENCY.indexOf(health.kind);
  return { stop, now, runs: runs.toSorted((a, b) => urgency(a) - urgency(b)) };
}

/** A tenant of whose runs the record knows is the one that is meant, whatever said so. */
async function expectRightTenant(services: Services): Promise<void> {
  if ((await services.runs.runs()).length > 0) return;
  const elsewhere = await tenantsElsewhere(services);
  expectTenantSaid(services, elsewhere, 'checked');
  await expectTenantKnown(services, elsewhere, 'checked');
}
