import { UserError } from '../errors.ts';
import { CHEAPEST_READ } from '../graph/reach.ts';
import type { Run } from '../runs/run.ts';
import type { Edges } from './edges.ts';
import { isOurs } from './edges.ts';
import { awaitsSignIn } from './pauseRun.ts';
import { readsWithin } from './reads.ts';

/** The runs of a worker like this one that stand still until the sign-in works. */
export async function runsThatAwaitSignIn(edges: Pick<Edges, 'runs' | 'graphUrl'>): Promise<Run[]> {
  return (await edges.runs.runs()).filter((run) => awaitsSignIn(run) && isOurs(run, edges));
}

/**
 * Lets the runs go on that were paused for the sign-in, when there is a token again and Graph takes it for a read. Answers
 * how many there were. Others that are paused stay so: somebody wanted that.
 */
export async function resumeWhenSignedIn(edges: Edges, signal: AbortSignal): Promise<number> {
  const { runs, log } = edges;
  const waiting = await runsThatAwaitSignIn(edges);
  const [first] = waiting;
  if (first === undefined || !(await worksAgain(first, edges, signal))) return 0;
  let resumed = 0;
  for (const { runId } of waiting) {
    // While we asked, somebody may have resumed, cancelled or paused it.
    const now = await runs.run(runId);
    if (now === undefined || !awaitsSignIn(now)) continue;
    const moved = await runs.transition(runId, 'queued', '', ['paused']);
    if (moved.kind !== 'done') continue;
    log.info({ run: runId }, 'The sign-in works again: the run goes on.');
    resumed += 1;
  }
  return resumed;
}

async function worksAgain(
  { runId, apiVersion }: Run,
  { ledger, graphOf, signIn, log }: Edges,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await signIn.refresh(signal);
    const send = readsWithin({ ledger, graph: graphOf(apiVersion) }, runId, signal);
    const [reply] = await send([CHEAPEST_READ]);
    return reply?.kind === 'answered' && reply.status < 300;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    log.debug({ err: error }, 'The sign-in does not work yet.');
    return false;
  }
}
