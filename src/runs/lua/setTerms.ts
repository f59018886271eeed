import type { Keys } from '../keys.ts';
import { encodeHeader, type RunOptions } from '../run.ts';
import type { Interval } from '../schedule/interval.ts';
import type { Scripts } from './scripts.ts';

/** How a run goes on from now on; what is left out stays. */
export type NewTerms = Partial<RunOptions> & { readonly openIntervals?: readonly Interval[] };

/** Changes how a run goes on. A run whose second person has said yes to other terms waits for another yes. */
export async function setTerms(scripts: Scripts, keys: Keys, runId: string, terms: NewTerms): Promise<void> {
  const fields = Object.entries(encodeHeader(terms)).flat();
  await scripts.run('setTerms', [keys.run(runId).header], { fields });
}
