import { unpack } from 'msgpackr';
import { MAIN_FAMILY, type Family } from '../assignments/kinds/family.ts';

/** How far a run was at one moment; `runs/lua/samples.lua` keeps one a window, while rows come to their end. */
export interface Sample {
  /** Ms since the epoch, by Redis' clock. */
  readonly at: number;
  /** The time at work until then. */
  readonly workedMs: number;
  /** Rows that had come to their end, and writes that the tenant had accepted. */
  readonly ended: number;
  readonly written: number;
  /** How long the tenant had been kept still in all, as in LimiterNow; 0 in a run with several families. */
  readonly heldMs: number;
  /** Of the family that a row came to its end of then. */
  readonly budget: number;
  readonly charged: number;
  /** 429s of the run so far. */
  readonly throttled: number;
  readonly family: Family;
}

export function sampleOf(bytes: Uint8Array): Sample {
  const packed = unpack(bytes) as Packed;
  // What takes eight bytes, as a time does, is unpacked as a BigInt.
  const [at = 0, workedMs = 0, ended = 0, written = 0, heldMs = 0, budget = 0, charged = 0, throttled = 0] =
    packed.slice(0, COUNTED).map(Number);
  const family = (packed[COUNTED] as Family | undefined) ?? MAIN_FAMILY;
  return { at, workedMs, ended, written, heldMs, budget, charged, throttled, family };
}

/** `at` to `throttled`; the family follows, but in samples of an older version. */
const COUNTED = 8;

type Packed = readonly (number | bigint | Family)[];
