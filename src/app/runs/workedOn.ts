import { hasEnded, type Run } from '../../runs/run.ts';
import type { Services } from '../services.ts';
import { whyNotTaken } from './whyWaiting.ts';

/** The runs that workers like this one are about, from a moment on. */
export interface WorkedOn {
  /** Those that were open then or are now, or have ended since. */
  runs(): Promise<readonly Run[]>;
}

export async function workedOnSince(
  startedAt: number,
  { runs, identity }: Pick<Services, 'runs' | 'identity'>,
): Promise<WorkedOn> {
  const isOpen = (run: Run): boolean => !hasEnded(run);
  const openAtStart = new Set((await runs.runs()).filter(isOpen).map(({ runId }) => runId));
  return {
    async runs() {
      const all = await runs.runs();
      return all.filter(
        (run) =>
          (openAtStart.has(run.runId) || isOpen(run) || (run.finishedAt ?? Infinity) >= startedAt) &&
          whyNotTaken(run, identity.config) === undefined,
      );
    },
  };
}
