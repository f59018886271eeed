import { UserError } from '../errors.ts';
import type { Access } from '../graph/auth/permission.ts';
import { CHEAPEST_READ } from '../graph/client/tellReach.ts';
import { type Run, awaitsPermission, awaitsSignIn } from '../runs/run.ts';
import type { WorkerDeps } from './deps.ts';
import { isMeant, isOurs } from './deps.ts';
import { TenantStopped } from './limiter/limiter.ts';
import { SIGN_IN_RETRY_GROWTH_MAX } from './limiter/pace.ts';
import { readsWithin } from './limiter/permittedReads.ts';

/** The runs of a worker like this one that stand still until the sign-in works. */
export async function runsThatAwaitSignIn(
  deps: Pick<WorkerDeps, 'runs' | 'graphUrl' | 'only'>,
): Promise<Run[]> {
  return (await deps.runs.runs()).filter(
    (run) => awaitsSignIn(run) && isOurs(run, deps) && isMeant(run.runId, deps),
  );
}

/**
 * Lets the runs go on that were paused for the sign-in, when there is a token again and Graph takes it for a read. Answers
 * them as they stood still. Others that are paused stay so: somebody wanted that.
 */
export async function resumeWhenSignedIn(deps: WorkerDeps, signal: AbortSignal): Promise<Run[]> {
  const { runs, events } = deps;
  const waiting = await runsThatAwaitSignIn(deps);
  const [first] = waiting;
  if (first === undefined || !(await worksAgain(first, deps, signal))) return [];
  const resumed: Run[] = [];
  // Whether writes are allowed again only a write can tell: the first run tries, and the others follow when it has gone on.
  for (const run of waiting.filter((each) => each === first || !awaitsPermission(each))) {
    const { runId } = run;
    // While we asked, somebody may have resumed, cancelled or paused it.
    const now = await runs.run(runId);
    if (now === undefined || !awaitsSignIn(now)) continue;
    const moved = await runs.transition(runId, { to: 'queued', from: ['paused'], ifMoves: now.moves });
    if (moved.kind !== 'done') continue;
    events.emit('runState', {
      ...{ runId, state: 'queued', reason: null },
      reasonText: 'The sign-in works again: the run goes on.',
    });
    resumed.push(run);
  }
  return resumed;
}

async function worksAgain(
  run: Run,
  { limiter, graphOf, signIn, log }: WorkerDeps,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await signIn.refresh(signal);
    if (awaitsPermission(run) && !MAY_WRITE.has(await signIn.access())) return false;
    const send = readsWithin({ limiter, graph: graphOf(run.apiVersion) }, run.runId, signal);
    const [reply] = await send([CHEAPEST_READ]);
    return reply?.kind === 'answered' && reply.status < 300;
  } catch (error) {
    if (error instanceof TenantStopped) return false;
    if (!(error instanceof UserError)) throw error;
    log.debug('The sign-in does not work yet.', { err: error });
    return false;
  }
}

/** A token that can't be read may be allowed to write as well. */
const MAY_WRITE: ReadonlySet<Access> = new Set(['write', 'unknown']);

/** How far apart the tries are to let runs go on whose sign-in seemed to work and was refused again. */
export class SignInTries {
  #fruitless = 0;
  readonly #succeededBefore = new Map<string, number>();

  /** A try was made, and these runs, as they stood still before, went on. */
  made(resumed: readonly Pick<Run, 'runId' | 'counts'>[]): void {
    const isAgain = resumed.some(
      ({ runId, counts }) => this.#succeededBefore.get(runId) === counts.succeeded,
    );
    this.#fruitless = isAgain ? this.#fruitless + 1 : 0;
    for (const { runId, counts } of resumed) this.#succeededBefore.set(runId, counts.succeeded);
  }

  /** Until the next one, as a multiple of the usual time. */
  get distance(): number {
    return Math.min(SIGN_IN_RETRY_GROWTH_MAX, 2 ** this.#fruitless);
  }
}
