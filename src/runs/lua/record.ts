import { encodeDetail, encodeImage, encodeList } from '../batchCodec.ts';
import { isUnrecorded } from '../unrecorded.ts';
import type { BatchRef, BatchStates, RowUpdate } from '../batchRow.ts';
import type { Keys } from '../keys.ts';
import type { LimiterPolicy, Settlement } from '../permit.ts';
import { byteOfState, stateOfByte } from '../rowState.ts';
import type { RunState } from '../run.ts';
import { limiterKeys, policyArgument } from './limiter.ts';
import type { ScriptArguments, Scripts } from './scripts.ts';

export interface Recording {
  readonly ref: BatchRef;
  readonly rows: readonly RowUpdate[];
  readonly policy: LimiterPolicy;
  /** How the charges of the permit end that the rows were sent with. */
  readonly settlement: Settlement;
}

export async function record(
  scripts: Scripts,
  keys: Keys,
  { ref, rows, policy, settlement }: Recording,
): Promise<BatchStates> {
  const { header, states, details, settled, leases, ...others } = keys.run(ref.runId);
  const [bytes, runState, event] = await scripts.run(
    'record',
    limiterKeys(keys, policy, [
      ...[header, states, details, settled, leases, keys.open],
      ...[others.inputs, others.planned, others.before, others.order, others.samples, others.families],
      keys.landings,
    ]),
    {
      ...settlement,
      mayLand: [...settlement.mayLand],
      backoffMs: Math.round(settlement.backoffMs),
      policy: policyArgument(policy),
      runId: ref.runId,
      batch: String(ref.batch),
      rows: rows.map(rowArgument),
    },
  );
  return {
    states: [...(bytes ?? [])].map(stateOfByte),
    runState: String(runState) as RunState,
    event: String(event),
  };
}

/** What is left unsure counts as failed for the failure budget: it did not come through as far as anybody knows. */
const hasFailed = ({ state }: RowUpdate): boolean => state === 'failed' || state === 'leftUnsure';

const rowArgument = (row: RowUpdate): ScriptArguments => ({
  place: row.place,
  byte: byteOfState(row),
  seen: row.seen === undefined ? null : byteOfState(row.seen),
  code: hasFailed(row) ? (row.detail?.errorCode ?? 'unknown') : null,
  isExpected: row.isExpected ?? false,
  isUnrecorded: isUnrecorded(row),
  detail: row.detail === undefined ? null : encodeDetail(row.place, row.detail),
  list: row.list === undefined ? null : encodeList(row.place, row.list),
  image: row.before === undefined ? null : encodeImage(row.place, row.before),
});
