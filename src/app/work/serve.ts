import { setTimeout as sleep } from 'node:timers/promises';
import { awaitsSignIn, hasEnded, type Run } from '../../runs/run.ts';
import { timeInZone } from '../../runs/schedule/localTime.ts';
import type { Identity } from '../identity.ts';
import { unlessInterrupted } from '../interrupt.ts';
import { stopInWords, whyClosed, whyNotTaken } from '../runs/whyWaiting.ts';
import { rememberTenant, type Services } from '../services.ts';
import { baseName } from '../words.ts';
import { noteOfTokenEnd } from '../tokenExpiry.ts';
import { openWorker } from './openWorker.ts';
import { RunNews } from './runNews.ts';

/** How often a worker that ends when idle looks whether it is. */
const IDLE_CHECK_MS = 500;
/** How often a worker looks for runs that it does not take, to say so. */
const LEFT_ALONE_CHECK_MS = 60_000;
/** How often it looks whether the tenant is stopped. */
const STOP_CHECK_MS = 2_000;

/**
 * Takes batches of the tenant's runs until the first signal, or until no run has anything left to do; then rejects with the
 * signal, or ends. What it is about goes to the log.
 * @param services of a client that waits for Redis
 */
export async function serve(
  { untilIdle }: { readonly untilIdle: boolean },
  services: Services,
): Promise<void> {
  const { identity, log, interrupted } = services;
  await rememberTenant(services);
  const note = noteOfTokenEnd(identity, Date.now());
  if (note !== undefined) log.warn(note);
  const news = new RunNews(services);
  // Redis may be away, and then its answers wait for it; a signal must not.
  await unlessInterrupted(news.tell(), interrupted);
  await using worker = await openWorker(services);
  const { tenant, pace, config } = identity;
  log.info(
    `Working for tenant ${tenant} at ${config.graphUrl}, up to ${pace.writesPerWindow} writes in ${pace.windowMs / 1000} s, each family of policies apart.`,
  );
  const onSignal = (): void => log.info('Finishing what is in flight; a second signal leaves at once.');
  interrupted.addEventListener('abort', onSignal, { once: true });
  // A run that goes on when the sign-in works again has something left to do, if there is a sign-in that may. Idle is asked
  // a second time, as it may have gone on between the two questions.
  const isDone = async (): Promise<boolean> =>
    (await worker.isIdle()) &&
    (identity.isReadyToken || (!(await worker.awaitsSignIn()) && (await worker.isIdle())));
  const isWanted = async (): Promise<boolean> => !(untilIdle && (await isDone()));
  const surroundings = new Surroundings(services);
  const tell = async (): Promise<void> => {
    await surroundings.tell();
    await news.tell();
  };
  while (await unlessInterrupted(isWanted(), interrupted)) {
    await unlessInterrupted(tell(), interrupted);
    await sleep(untilIdle ? IDLE_CHECK_MS : STOP_CHECK_MS, undefined, { signal: interrupted });
  }
  // What is left behind, and may have come to rest since it was told last.
  await surroundings.tellAll();
  await news.tell();
  if (untilIdle) await tellWaiting(services);
}

/** Runs whose time or whose yes has not come are why such a worker ends with 3. What is to be taken back later is not, and needs a worker then. */
async function tellWaiting({ runs, identity, log }: Services): Promise<void> {
  const now = await runs.now();
  for (const run of await runs.runs()) {
    if (whyNotTaken(run, identity.config) !== undefined) continue;
    const what = `Run ${run.runId} (${baseName(run.source.name)})`;
    const why = run.state === 'queued' ? whyLeft(run, now) : undefined;
    if (why !== undefined) log.warn(`${what} waits, and is left to another worker: ${why}.`);
    const { revertAt, timeZone } = run.options;
    if (revertAt !== null && run.revertedAt === null)
      log.info(
        `${what} is to be taken back ${timeInZone(revertAt, timeZone)}: a worker has to be there then.`,
      );
  }
}

const whyLeft = (run: Run, now: number): string | null | undefined =>
  run.reason === 'approval' ? run.reasonText : whyClosed(run, now)?.reasonText;

/** Tells when the tenant is stopped and goes on, and once of each open run that workers like this one leave alone why they do. */
class Surroundings {
  readonly #services: Services;
  readonly #told = new Set<string>();
  #toldStopAt: number | undefined;
  #nextLeftAloneAt = 0;

  constructor(services: Services) {
    this.#services = services;
  }

  async tell(): Promise<void> {
    await this.#tellStop();
    if (performance.now() >= this.#nextLeftAloneAt) await this.#tellLeftAlone();
  }

  async tellAll(): Promise<void> {
    await this.#tellStop();
    await this.#tellLeftAlone();
  }

  async #tellStop(): Promise<void> {
    const { runs, identity, log } = this.#services;
    const stop = await runs.stopped();
    if (stop?.at === this.#toldStopAt) return;
    this.#toldStopAt = stop?.at;
    if (stop === undefined) log.info('The tenant goes on.');
    else log.warn(`The tenant ${stopInWords(stop, identity.hint)}.`);
  }

  async #tellLeftAlone(): Promise<void> {
    const { runs, identity, log } = this.#services;
    for (const run of await runs.runs()) {
      const why = whyLeftAlone(run, identity);
      const what = `${run.runId} ${why}`;
      if (why === undefined || this.#told.has(what)) continue;
      this.#told.add(what);
      log.warn(`Run ${run.runId} is left alone. It is ${why}.`);
    }
    this.#nextLeftAloneAt = performance.now() + LEFT_ALONE_CHECK_MS;
  }
}

function whyLeftAlone(run: Run, { config, hint }: Identity): string | undefined {
  if (hasEnded(run)) return undefined;
  const notTaken = whyNotTaken(run, config);
  if (notTaken !== undefined || run.state !== 'paused' || awaitsSignIn(run)) return notTaken?.reasonText;
  return `paused (${run.reasonText}); it goes on with \`${hint(`resume ${run.runId}`)}\``;
}
