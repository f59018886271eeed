import { RunReader } from '../../runs/runReader.ts';
import { Tenants } from '../../runs/tenants.ts';
import type { Run } from '../../runs/run.ts';
import type { Services } from '../services.ts';

/** Another tenant of this Redis, and what goes on there. */
export interface TenantElsewhere {
  readonly tenant: string;
  /** Its domain, where one is known. */
  readonly name: string;
  readonly isStopped: boolean;
  /** Its runs at work and in line. */
  readonly runs: readonly RunElsewhere[];
}

export interface RunElsewhere {
  readonly runId: string;
  readonly file: string;
  readonly state: Run['state'];
  readonly done: number;
  readonly total: number;
}

/** The tenants that this Redis knows besides the one of these services. */
export async function tenantsElsewhere({
  redis,
  identity,
}: Pick<Services, 'redis' | 'identity'>): Promise<TenantElsewhere[]> {
  const others = (await new Tenants(redis).named()).filter(({ id }) => id !== identity.tenant);
  return Promise.all(
    others.map(async ({ id, name }) => {
      const runs = new RunReader(redis, id);
      const [line, stop] = await Promise.all([runs.line(), runs.stopped()]);
      const going = line.filter(({ state }) => state === 'running' || state === 'queued');
      return { tenant: id, name, isStopped: stop !== undefined, runs: going.map(elsewhere) };
    }),
  );
}

const elsewhere = ({ runId, source, state, total, counts }: Run): RunElsewhere => ({
  ...{ runId, file: source.name, state, total },
  done: total - counts.pending,
});
