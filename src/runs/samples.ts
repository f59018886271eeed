import { Unpackr } from 'msgpackr';
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

/** Moments take more than 32 bits: without this they would be of another type than all other numbers. */
const UNPACKR = new Unpackr({ int64AsType: 'number' });

export function sampleOf(bytes: Uint8Array): Sample {
  const [at, workedMs, ended, written, heldMs, budget, charged, throttled, family] = UNPACKR.unpack(
    bytes,
  ) as Packed;
  return { at, workedMs, ended, written, heldMs, budget, charged, throttled, family: family ?? MAIN_FAMILY };
}

type Packed = [
  ...[at: number, workedMs: number, ended: number, written: number],
  ...[heldMs: number, budget: number, charged: number, throttled: number],
  family: Family | undefined,
];
