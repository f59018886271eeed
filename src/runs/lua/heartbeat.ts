import type { Keys } from '../keys.ts';
import { RECORD_FORMAT, SILENT_MS } from '../run.ts';
import type { Scripts } from './scripts.ts';

/** Queues the runs at work again whose workers are not heard of any more, or whose window has closed. */
export async function queueLeftRuns(scripts: Scripts, keys: Keys): Promise<void> {
  const headers = keys.run('').header;
  await scripts.run('queueLeft', [keys.open], { headers, format: RECORD_FORMAT, silentMs: SILENT_MS });
}

/** A worker says that it ends. */
export async function sayFarewell(scripts: Scripts, keys: Keys, workerId: string): Promise<void> {
  await scripts.run('farewell', [keys.open], { headers: keys.run('').header, workerId });
}
