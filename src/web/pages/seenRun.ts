import type { Overview, SeenRun } from '../../app/runs/overview.ts';
import type { Web } from '../web.ts';

export interface SeenAmong {
  readonly seen: SeenRun;
  readonly overview: Overview;
}

export const seenIn = ({ runs }: Overview, runId: string): SeenRun | undefined =>
  runs.find(({ run }) => run.runId === runId);

/** A run as it stands among the others; undefined: there is none. One that has just been made is there, too. */
export async function seenRun(runId: string, { hub, services }: Web): Promise<SeenAmong | undefined> {
  const overview = await hub.overview();
  const seen = seenIn(overview, runId);
  if (seen !== undefined) return { seen, overview };
  if ((await services.runs.run(runId)) === undefined) return undefined;
  hub.renew();
  const newer = await hub.overview();
  const found = seenIn(newer, runId);
  return found && { seen: found, overview: newer };
}
