import type { Keys } from '../keys.ts';
import { RECORD_FORMAT } from '../run.ts';
import type { Scripts } from './scripts.ts';

export interface NextRun {
  readonly graphUrl: string;
  /** Ms since the epoch. */
  readonly now: number;
  /** Only a worker sets a run to work. */
  readonly isWorker: boolean;
}

export async function nextRun(scripts: Scripts, keys: Keys, wanted: NextRun): Promise<string[]> {
  const answer = await scripts.run('nextRun', [keys.open, keys.ledger], {
    headers: keys.run('').header,
    format: RECORD_FORMAT,
    ...wanted,
  });
  return answer.map(String);
}
