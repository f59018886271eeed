import type { SimulatorSettings } from './settings.ts';

/** Whether reads are out now. Asked once for each read. */
export type Outages = () => boolean;

/** Spans count from here: by this clock, or by the reads that ask, the first of which is 1. */
export function createOutages(spans: SimulatorSettings['readOutages'], nowMs: () => number): Outages {
  const startedMs = nowMs();
  let reads = 0;
  return () => {
    reads += 1;
    const afterMs = nowMs() - startedMs;
    return spans.some((span) => {
      const at = span.by === 'ms' ? afterMs : reads;
      return at >= span.from && at < span.to;
    });
  };
}
