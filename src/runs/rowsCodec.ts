import { encodeDetail, encodeImage } from './batchCodec.ts';
import type { LeaveRow, RowRecord } from './batchRow.ts';
import { byteOfState } from './rowState.ts';

/** Instead of a state byte: however the row stands. No state has this number. */
const ANY_STATE = 255;

/** Rows of one batch as `leave.lua` reads them: place, state byte, request, before-image behind its length (0: none). */
export const encodeLeaveRows = (rows: readonly LeaveRow[]): Buffer =>
  Buffer.concat(
    rows.flatMap((row) => [
      Buffer.of(row.place, byteOfState(row), row.request),
      ...withLength(row.before === undefined ? NOTHING : encodeImage(row.place, row.before)),
    ]),
  );

/**
 * Rows of one batch as `record.lua` reads them: place, new state byte, state byte when it was decided (255: whatever it was),
 * error code behind its length in two bytes, detail behind its length.
 */
export const encodeRecords = (records: readonly RowRecord[]): Buffer =>
  Buffer.concat(
    records.flatMap((record) => {
      const { place, state, detail, seen } = record;
      const code = state === 'failed' ? Buffer.from(detail?.errorCode ?? 'unknown') : NOTHING;
      const seenByte = seen === undefined ? ANY_STATE : byteOfState(seen);
      return [
        Buffer.of(place, byteOfState(record), seenByte, code.length >> 8, code.length & 0xff),
        code,
        ...withLength(detail === undefined ? NOTHING : encodeDetail(place, detail)),
      ];
    }),
  );

const NOTHING = Buffer.alloc(0);
const LENGTH_OF_NOTHING = Buffer.alloc(4);

function withLength(bytes: Buffer): readonly [Buffer, Buffer] {
  if (bytes.length === 0) return [LENGTH_OF_NOTHING, bytes];
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(bytes.length);
  return [length, bytes];
}
