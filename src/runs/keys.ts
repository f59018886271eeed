import { MAIN_FAMILY, type Family } from '../assignments/kinds/family.ts';

/** The tenant part of a key is a Redis Cluster hash tag, so nothing that could end the tag early may be in it. */
const TENANT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export const isTenantName = (name: string): boolean => TENANT_NAME.test(name);

/** The one key that is of no tenant: a hash of the tenants there are, see `Tenants`. For ever, 100 bytes each. */
export const TENANTS_KEY = 'retarget:tenants';

/**
 * Every other Redis key there is, by tenant. All share one hash slot. BullMQ's keys stand under the same prefix.
 * The main family's limiter is called `ledger`: workers of two versions must find the same one, or both would use the whole budget.
 *
 * | key | type | lives |
 * |---|---|---|
 * | `seal` | string: 32 random bytes that the tenant's plans are sealed with | for ever |
 * | `runs` | sorted set: run id by time of creation | for ever; entries whose run is gone are pruned when listed |
 * | `open` | sorted set: run id by place in the line | until the run ends |
 * | `ledger` | hash: who stopped the tenant, whether it demands approval and who asked to lower that, how many permits for writes its runs were given, since when its Redis is the one that it is; and of the family `deviceConfiguration` clock, backoff, spacing, learned budget, totals, the charges that end at one moment | for ever, a few kB |
 * | `ledger:writes`, `ledger:all`, `ledger:accepted` | sorted set: moments at which its charges end | for ever, a few kB |
 * | `limiter:<family>`, and `:writes`, `:all`, `:accepted` behind it | the same of another family | for ever, a few kB |
 * | `run:<id>` | hash: the header and the counters | while loading: two minutes past the producer's last sign; `--keep-days` after the end, or REVERTED_DAYS after it was taken back, where it is to be |
 * | `run:<id>:inputs` | hash: batch → its rows as read, compressed | as the header |
 * | `run:<id>:states` | hash: batch → one byte a row | as the header |
 * | `run:<id>:details` | hash: batch → what there is to say of its rows, appended | as the header |
 * | `run:<id>:settled` | bitmap: one bit a batch | as the header |
 * | `run:<id>:leases` | hash: batch → who writes it now and until when | as the header |
 * | `run:<id>:planned` | hash: batch → of each row a fingerprint of what the plan saw; `<batch>l` → the same of its policy's list, `<batch>n` → names and platforms, `<batch>r` → the codes with which the plan saw rows refused; `names` → what groups and filters are called | as the header |
 * | `run:<id>:before` | hash: batch → before-images, appended; `<batch>l` → lists that were written whole, before and as sent | as the header |
 * | `run:<id>:families` | string: one byte a batch, the place of its family in the header's `families`, when there is more than one | as the header |
 * | `run:<id>:order` | string: where each row of the file lies, when they lie in another order | as the header |
 * | `landing` | sorted set: writes under way or without a reply, by the moment until which they may be applied | for ever, a few kB |
 * | `landing:<id>` | sorted set: lists that the run waits for, as a write of others may still be applied to them, by that moment | until the last of them |
 * | `staged:<id>` | bitmap: one bit for each write of the producer that stages the run, as Redis may lose some while it goes on | until it is published; two minutes past the producer's last sign |
 * | `run:<id>:samples` | list: how far the run was, once a window; SAMPLES_MAX of them, older ones thinned | as the header |
 * | `written:<list>` | string: fingerprints of a list before its last writes and after them | 15 windows, five minutes in Intune |
 * | `log:<id>` | list: who did what with the run, as JSON | LOG_DAYS after the last entry, whatever becomes of the run |
 * | `log` | list: the same of all runs of the tenant, each entry with its run; the newest TENANT_LOG_ENTRIES_MAX | LOG_DAYS after the last entry |
 * | `reverts` | sorted set: runs that are to be taken back, by the moment | until that is done |
 * | `web:<digest>` | string: a session of the pages, or a sign-in under way, under the SHA-256 of its secret | until it ends: hours, or minutes |
 * | `untold` | list: events of runs that are not yet queued for the channels that they name, as JSON | until a worker has queued them |
 * | `channels` | hash: `<channel>:toldAt`, `:failingSince` and `:why`, how telling went last | for ever, some 100 bytes a channel |
 */
export interface Keys {
  /** Prefix of BullMQ's keys; never ioredis' `keyPrefix`. */
  readonly prefix: string;
  readonly runs: string;
  readonly seal: string;
  readonly open: string;
  /** The tenant's hash, and of the main family. */
  readonly limiter: string;
  readonly limiterWrites: string;
  readonly limiterAll: string;
  readonly limiterAccepted: string;
  limiterOf(family: Family): LimiterKeys;
  readonly landings: string;
  readonly reverts: string;
  readonly untold: string;
  readonly channels: string;
  run(runId: string): RunKeys;
  staged(runId: string): string;
  /** Of a run; without one, of the whole tenant. */
  log(runId?: string): string;
  lastWrite(list: string): string;
  webSecret(digest: string): string;
  lateWaits(runId: string): string;
}

/** What one family is charged in. */
export interface LimiterKeys {
  readonly limiter: string;
  readonly writes: string;
  readonly all: string;
  readonly accepted: string;
}

export interface RunKeys {
  readonly header: string;
  readonly inputs: string;
  readonly states: string;
  readonly details: string;
  readonly settled: string;
  readonly leases: string;
  readonly planned: string;
  readonly before: string;
  readonly order: string;
  readonly families: string;
  readonly samples: string;
}

export function keysOf(tenant: string): Keys {
  if (!isTenantName(tenant)) throw new Error(`not a tenant name: ${tenant}`);
  const prefix = `retarget:{${tenant}}`;
  return {
    prefix,
    runs: `${prefix}:runs`,
    seal: `${prefix}:seal`,
    open: `${prefix}:open`,
    limiter: `${prefix}:ledger`,
    limiterWrites: `${prefix}:ledger:writes`,
    limiterAll: `${prefix}:ledger:all`,
    limiterAccepted: `${prefix}:ledger:accepted`,
    limiterOf(family) {
      const limiter = family === MAIN_FAMILY ? `${prefix}:ledger` : `${prefix}:limiter:${family}`;
      return {
        limiter,
        writes: `${limiter}:writes`,
        all: `${limiter}:all`,
        accepted: `${limiter}:accepted`,
      };
    },
    landings: `${prefix}:landing`,
    reverts: `${prefix}:reverts`,
    untold: `${prefix}:untold`,
    channels: `${prefix}:channels`,
    run(runId) {
      const header = `${prefix}:run:${runId}`;
      return {
        header,
        inputs: `${header}:inputs`,
        states: `${header}:states`,
        details: `${header}:details`,
        settled: `${header}:settled`,
        leases: `${header}:leases`,
        planned: `${header}:planned`,
        before: `${header}:before`,
        order: `${header}:order`,
        families: `${header}:families`,
        samples: `${header}:samples`,
      };
    },
    staged: (runId) => `${prefix}:staged:${runId}`,
    log: (runId) => (runId === undefined ? `${prefix}:log` : `${prefix}:log:${runId}`),
    lastWrite: (list) => `${prefix}:written:${list}`,
    webSecret: (digest) => `${prefix}:web:${digest}`,
    lateWaits: (runId) => `${prefix}:landing:${runId}`,
  };
}

/** What stands behind the key of a run's header in its other keys. */
export const RUN_KEY_ENDINGS: readonly string[] = (() => {
  const { header, ...others } = keysOf('t').run('r');
  return Object.values(others).map((key) => key.slice(header.length));
})();
