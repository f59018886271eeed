import { unpack } from 'msgpackr';

/** How far a run was at one moment; `runs/lua/samples.lua` keeps one a window, while rows come to their end. */
export interface Sample {
  /** Ms since the epoch, by Redis' clock. */
  readonly at: number;
  /** The time at work until then. */
  readonly workedMs: number;
  /** Rows that had come to their end, and writes that the tenant had accepted. */
  readonly ended: number;
  readonly written: number;
  /** How long the tenant had been kept still in all, as in LimiterNow. */
  readonly heldMs: number;
  readonly budget: number;
  readonly charged: number;
  /** 429s of the run so far. */
  readonly throttled: number;
}

export function sampleOf(bytes: Uint8Array): Sample {
  const [at = 0, workedMs = 0, ended = 0, written = 0, heldMs = 0, budget = 0, charged = 0, throttled = 0] =
    unpack(bytes) as number[];
  return { at, workedMs, ended, written, heldMs, budget, charged, throttled };
}
