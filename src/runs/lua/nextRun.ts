import type { Keys } from '../keys.ts';
import { RECORD_FORMAT, SILENT_MS } from '../run.ts';
import type { Scripts } from './scripts.ts';

export interface NextRun {
  readonly graphUrl: string;
  /** Only a worker sets a run to work. */
  readonly isWorker: boolean;
  /** The runs that the caller works on; undefined: all. */
  readonly only?: ReadonlySet<string> | undefined;
}

export async function nextRun(scripts: Scripts, keys: Keys, { only, ...wanted }: NextRun): Promise<string[]> {
  const answer = await scripts.run('nextRun', [keys.open, keys.limiter], {
    headers: keys.run('').header,
    format: RECORD_FORMAT,
    silentMs: SILENT_MS,
    only: only === undefined ? null : [...only],
    ...wanted,
  });
  return answer.map(String);
}
