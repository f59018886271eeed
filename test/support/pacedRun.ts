import type { Redis } from 'ioredis';
import { NOTHING_SENT, type LimiterPolicy } from '../../src/runs/permit.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { eachAlone, pendingRows } from './rows.ts';
import { tenantModel, type TenantRule } from './tenantModel.ts';

/** Virtual time, in ms, and the scripts' clock with it. */
export class VirtualClock {
  readonly #redis: Redis;
  now = 1_800_000_000_000;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async set(now: number): Promise<void> {
    this.now = now;
    await this.#redis.mset(
      ...['virtual:s', Math.floor(now / 1000), 'virtual:us', Math.floor(now % 1000) * 1000],
      ...['virtual:server', 'one'],
    );
  }
}

export interface Sent {
  /** When its permit was given, in ms from the run's begin. */
  readonly at: number;
  readonly n: number;
  readonly throttled: number;
}

const BATCH_ROWS = 20;
const SLICE_MS = 2_000;

/** Works a run off, four batches at a time, against a tenant that answers after `latencyMs`; all it has sent. */
export async function workOff(
  store: RunStore,
  clock: VirtualClock,
  { rows, policy, tenant, latencyMs, runId = 'r1', onMoment }: PacedRun,
): Promise<readonly Sent[]> {
  const start = clock.now;
  const { answer } = tenantModel(tenant, policy.windowMs, start, start + 1_000 * policy.windowMs);
  const sent: Sent[] = [];
  const queue: { at: number; does: () => Promise<void> }[] = [];
  const later = (ms: number, does: () => Promise<void>): void =>
    void queue.push({ at: clock.now + ms, does });
  let next = 0;
  const takeBatch = async (): Promise<void> => {
    const batch = next;
    next += 1;
    const first = BATCH_ROWS * batch;
    if (first < rows)
      await ask(
        batch,
        Array.from({ length: Math.min(BATCH_ROWS, rows - first) }, (_, i) => i),
      );
  };
  const ask = async (batch: number, open: readonly number[]): Promise<void> => {
    const ref = { runId, batch };
    const token = `${runId}-${batch}`;
    const permit = await store.permit(ref, token, eachAlone(pendingRows(...open)), policy);
    if (permit.kind === 'stopped' || permit.kind === 'overtaken')
      return later(SLICE_MS, () => ask(batch, open));
    if (permit.kind !== 'granted')
      return later(Math.max(1, Math.min(permit.waitMs, SLICE_MS)), () => ask(batch, open));
    const { places, chargeEnd, requests: n } = permit;
    const at = clock.now - start;
    later(latencyMs / 2, async () => {
      const { accepted, throttled, backoffMs } = answer(n, clock.now);
      sent.push({ at, n, throttled });
      later(latencyMs / 2, async () => {
        const updates = places.map((place, i) =>
          i < accepted
            ? ({ place, state: 'succeeded', attempts: 1 } as const)
            : ({ place, state: 'pending', attempts: 0 } as const),
        );
        const settlement = { ...NOTHING_SENT, token, chargeEnd, answered: n, accepted, throttled, backoffMs };
        await store.record(ref, updates, policy, settlement);
        const left = open.filter((place) => !places.slice(0, accepted).includes(place));
        later(0, () =>
          left.length > 0
            ? ask(
                batch,
                left.map((place) => place),
              )
            : takeBatch(),
        );
      });
    });
  };
  for (let worker = 0; worker < 4; worker += 1) later(worker, takeBatch);
  for (;;) {
    queue.sort((a, b) => a.at - b.at);
    const due = queue.shift();
    if (due === undefined) return sent;
    await clock.set(Math.max(clock.now, due.at));
    await onMoment?.();
    await due.does();
  }
}

export interface PacedRun {
  readonly rows: number;
  readonly policy: LimiterPolicy;
  readonly tenant: TenantRule;
  readonly latencyMs: number;
  readonly runId?: string;
  /** Told of each moment at which anything happens. */
  readonly onMoment?: () => Promise<void>;
}
