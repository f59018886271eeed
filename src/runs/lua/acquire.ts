import type { Family } from '../../assignments/kinds/family.ts';
import { encodeImage, encodeList } from '../batchCodec.ts';
import type { ApprovalDemand } from '../approval.ts';
import type { BatchRef, PermitRow } from '../batchRow.ts';
import type { Keys } from '../keys.ts';
import { permitAnswerOf, type PermitAnswer, type LimiterPolicy } from '../permit.ts';
import { byteOfState } from '../rowState.ts';
import { limiterKeys, policyArgument } from './limiter.ts';
import { packForScript } from './msgpack.ts';
import type { Scripts } from './scripts.ts';

/** Requests that one `$batch` takes. */
const REQUESTS_PER_PERMIT_MAX = 20;

/** Who asks for a permit, and for which rows, as `packWanted` has them. */
export interface Acquire {
  readonly ref: BatchRef;
  readonly token: string;
  readonly wanted: Buffer;
  readonly policy: LimiterPolicy;
  /** All families of the run. */
  readonly families: readonly Family[];
  readonly approval: ApprovalDemand;
  /** As in RunStore.permit. */
  readonly permitsBefore: number | undefined;
}

export async function acquire(
  scripts: Scripts,
  keys: Keys,
  { ref, token, wanted, policy, families, approval, permitsBefore }: Acquire,
): Promise<PermitAnswer> {
  const { header, states, leases, before } = keys.run(ref.runId);
  const [kind, now, event, ...rest] = await scripts.run(
    'acquire',
    limiterKeys(keys, policy, [header, states, leases, before, keys.landings]),
    {
      policy: policyArgument(policy),
      runId: ref.runId,
      batch: String(ref.batch),
      ...{ token, approval },
      requestsMax: REQUESTS_PER_PERMIT_MAX,
      rows: wanted,
      permitsBefore: permitsBefore ?? null,
      limiters: families.length < 2 ? null : families.map((family) => limiterPair(keys, family)),
    },
  );
  return permitAnswerOf(String(kind), Number(now), String(event), rest);
}

const limiterPair = (keys: Keys, family: Family): string[] => {
  const { limiter, writes } = keys.limiterOf(family);
  return [limiter, writes];
};

/** Packed apart from the rest: a permit is asked for again and again with the same rows, until it is given. */
export const packWanted = (rows: readonly PermitRow[]): Buffer =>
  packForScript(
    rows.map((row) => ({
      place: row.place,
      seen: byteOfState(row),
      request: row.request,
      image: row.before === undefined ? null : encodeImage(row.place, row.before),
      list: row.list === undefined ? null : encodeList(row.place, row.list),
      listName: row.listName ?? null,
      isApart: row.isApart === true,
      isOnce: row.isOnce === true,
    })),
  );
