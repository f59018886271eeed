import type { Run } from '../../runs/run.ts';
import type { Services } from '../services.ts';
import { whyClosed, whyNotTaken } from './whyWaiting.ts';

/**
 * The runs that are due before this one and that nobody works on, in their order; before a new one when it has no id yet. Where
 * workers of all runs are at work, they take the line, and there are none.
 */
export async function dueBefore(
  runId: string | undefined,
  { runs, producer, identity }: Services,
): Promise<readonly Run[]> {
  if (await producer.hasWorkers()) return [];
  const line = await runs.line();
  const own = line.findIndex((run) => run.runId === runId);
  const due: Run[] = [];
  const now = await runs.now();
  for (const run of own < 0 ? line : line.slice(0, own)) {
    if (whyNotTaken(run, identity.config) !== undefined || whyClosed(run, now) !== undefined) continue;
    const isLeft = run.state === 'running' && !(await producer.hasWorkers(run.runId));
    if (run.state === 'queued' || isLeft) due.push(run);
  }
  return due;
}
