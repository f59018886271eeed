import { isOfRedis } from '../../app/failure.ts';
import { revertInWords } from '../../app/runs/revertInWords.ts';
import { stopInWords } from '../../app/runs/whyWaiting.ts';
import type { Services } from '../../app/services.ts';
import { work } from '../../app/work/work.ts';
import { clockTime } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import type { RunStatus, WorkerStatus } from '../../runs/progress.ts';
import { awaitsSignIn, hasEnded } from '../../runs/run.ts';
import type { Context } from '../context.ts';
import { showProgress } from './progressBar.ts';
import { summary } from './runSummary.ts';
import type { Sighting } from '../../events.ts';

/** Shows a run as it is seen: its progress, and once each what it waits for. To be ended. */
export class FollowedRun {
  readonly #services: Services;
  readonly #context: Context;
  readonly #progress: ReturnType<typeof showProgress>;
  readonly #namesWorkers: boolean;
  #toldWhy = new Set<string>();
  #toldStopAt: number | undefined;
  #toldSignIn = false;
  #toldWorkers = '';
  #toldRevert = '';

  /** @param more namesWorkers: who is at work on it is said as well, as it is somebody else */
  constructor(services: Services, context: Context, { namesWorkers = false } = {}) {
    this.#services = services;
    this.#namesWorkers = namesWorkers;
    this.#context = context;
    this.#progress = showProgress(context.print);
  }

  show({ run, status, why, stop, isLast }: Sighting): void {
    const { print } = this.#context;
    const { identity } = this.#services;
    if (stop?.at !== this.#toldStopAt)
      print.say(visible(stop ? `The tenant ${stopInWords(stop, identity.hint)}.` : 'The tenant goes on.'));
    this.#toldStopAt = stop?.at;
    // That the tenant is stopped is said above.
    if (why && why.reason !== 'tenantStopped' && !this.#toldWhy.has(why.reason))
      print.say(visible(`Run ${run.runId} ${why.reason === 'inLine' ? '' : 'waits: '}${why.reasonText}.`));
    this.#toldWhy = why === undefined ? new Set() : this.#toldWhy.add(why.reason);
    if (!awaitsSignIn(run)) this.#toldSignIn = false;
    else if (!this.#toldSignIn && !isLast) {
      print.say(`Run ${run.runId} waits, and goes on by itself when the sign-in works again.`);
      this.#toldSignIn = true;
    }
    if (this.#namesWorkers) this.#tellWorkers(status.workers);
    if (this.#namesWorkers) this.#tellRevert(status);
    this.#progress.update(status, isLast);
  }

  /** Each time that others are at work than before. */
  #tellWorkers(workers: readonly WorkerStatus[]): void {
    const names = workers.map(
      ({ host, pid, since }) => `${host} (pid ${pid}) since ${clockTime(Date.parse(since))}`,
    );
    const told = names.join(', ');
    if (told !== '' && told !== this.#toldWorkers)
      this.#context.print.say(visible(`At work on it: ${told}.`));
    this.#toldWorkers = told;
  }

  #tellRevert({ runId, revert }: RunStatus): void {
    const told = revert === null ? '' : `Run ${runId}: ${revertInWords(revert)}.`;
    if (told !== '' && told !== this.#toldRevert) this.#context.print.say(visible(told));
    this.#toldRevert = told;
  }

  end(): void {
    this.#progress.stop();
  }
}

/**
 * Works in this process until the run has ended, with progress on the way, and sums it up. The first signal drains and leaves
 * the run paused. Answers the exit code of the run.
 * @param also other runs that are worked on, when it is their turn before this one
 * @param waitMs as in `work`
 */
export async function workShown(
  runId: string,
  also: readonly string[],
  services: Services,
  context: Context,
  waitMs?: number,
): Promise<ExitCode> {
  const followed = new FollowedRun(services, context);
  const { print, interrupted, events } = context;
  const onProgress = (sighting: Sighting): void => {
    followed.show(sighting);
    if (!sighting.isLast) return;
    followed.end();
    if (interrupted.aborted && !hasEnded(sighting.run))
      print.say('Finishing what is in flight; a second signal leaves at once.');
  };
  events.on('progress', onProgress);
  try {
    const run = await work(runId, also, services, waitMs);
    return summary(run, services, context);
  } catch (error) {
    if (!interrupted.aborted || !isOfRedis(error)) throw error;
    followed.end();
    print.say(
      `Redis is out of reach: run ${runId} could not be paused, and the next worker goes on with it.`,
    );
    return EXIT.interrupted;
  } finally {
    events.off('progress', onProgress);
    followed.end();
  }
}
