import { randomBytes } from 'node:crypto';
import { UserError } from '../../errors.ts';
import { hasEnded, type Run } from '../../runs/run.ts';
import { isOurs } from '../../worker/deps.ts';
import { isInterrupt } from '../interrupt.ts';
import { takeBack, type TakenBack } from '../rollback/takeBack.ts';
import type { Services } from '../services.ts';
import { count } from '../words.ts';
import { Watch } from './watch.ts';

/** Until lists that lag behind are read again. */
const LAGGING_WAIT_MS = 10_000;
/** A worker that is at it says so again within this time, or another one takes over. */
const CLAIM_MS = 30_000;

/**
 * Runs whose time to be taken back has come: one that has not ended is paused first and ends as it is, then a run is made that takes it back.
 * Each step follows from the record, so that it does not matter which worker does it, and which one dies on the way.
 */
export class Reverting {
  readonly #services: Services;
  readonly #goesOn: () => Promise<unknown>;
  readonly #self = randomBytes(8).toString('hex');
  readonly #watch: Watch;
  #waitsUntil = 0;

  /** @param goesOn what is done when a run is made or moved */
  constructor(services: Services, goesOn: () => Promise<unknown>) {
    const stopping = new AbortController();
    const interrupted = AbortSignal.any([services.interrupted, stopping.signal]);
    this.#services = { ...services, interrupted };
    this.#goesOn = goesOn;
    const due = {
      isDue: async () => (await this.#due()).length > 0,
      work: async () => {
        if (performance.now() >= this.#waitsUntil) await this.#takeBackAll();
      },
      failed: 'A run could not be taken back at its time; it is tried again.',
    };
    this.#watch = new Watch(due, this.#services, stopping);
  }

  isDue(): Promise<boolean> {
    return this.#watch.isDue();
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }

  /** None while the tenant is stopped. */
  async #due(): Promise<readonly Run[]> {
    const { runs, identity } = this.#services;
    const due = await runs.dueToRevert();
    if (due.length === 0 || (await runs.stopped()) !== undefined) return [];
    return due.filter((run) => isOurs(run, { graphUrl: identity.config.graphUrl }));
  }

  /** What can't be taken back keeps no other. */
  async #takeBackAll(): Promise<void> {
    let failure: unknown;
    for (const run of await this.#due())
      try {
        if (hasEnded(run)) await this.#takeBack(run);
        else await this.#end(run);
      } catch (error) {
        if (isInterrupt(error, this.#services.interrupted)) throw error;
        await this.#keepTrouble(run, error);
        failure = error;
      }
    if (failure !== undefined) throw failure;
  }

  /** What it had sent is looked at before it has ended. */
  async #end({ runId, moves }: Run): Promise<void> {
    const { runs } = this.#services;
    const why = { reason: 'revert' } as const;
    await runs.transition(runId, { to: 'paused', from: ['queued', 'running'], ...why, ifMoves: moves });
    await runs.transition(runId, { to: 'cancelled', from: ['paused'], ...why });
    await this.#goesOn();
  }

  async #takeBack(run: Run): Promise<void> {
    const { runs, log } = this.#services;
    const claim = (): Promise<boolean> => runs.claimPlanning(run.runId, this.#self, CLAIM_MS);
    if (!(await claim())) return;
    const claiming = setInterval(() => void claim().catch(() => undefined), CLAIM_MS / 3);
    let taken: TakenBack;
    try {
      log.info(`The time of run ${run.runId} has come: it is taken back.`);
      taken = await takeBack(run, this.#services);
    } finally {
      clearInterval(claiming);
    }
    if (taken.kind === 'later') {
      const why = `the lists of ${count(taken.lagging, 'row')} still read as before they were written`;
      log.info(`Run ${run.runId} is not taken back yet: ${why}.`);
      // `status` is not to say that nobody is at it.
      await runs.keepRevertTrouble(run.runId, `${why}; it is tried again`);
      this.#waitsUntil = performance.now() + LAGGING_WAIT_MS;
    }
    if (taken.kind === 'notDue' || taken.kind === 'later') return;
    log.info(
      taken.kind === 'made'
        ? `Run ${taken.runId} takes run ${run.runId} back: ${count(taken.rows, 'row')}${leftInWords(taken.left)}.`
        : `Nothing of run ${run.runId} is there to be taken back${leftInWords(taken.left)}.`,
    );
    await this.#goesOn();
  }

  /** `status` shows it, and its channels are told once. */
  async #keepTrouble({ runId, options, source, operator, total }: Run, error: unknown): Promise<void> {
    const { runs, redactor } = this.#services;
    const { revertAt, notify, timeZone } = options;
    const said = error instanceof UserError ? `${error.message} ${error.remedy}` : String(error);
    await runs.keepRevertTrouble(runId, redactor.redacted(said));
    if (notify.length === 0 || revertAt === null) return;
    await runs.keepEvent({
      ...{ id: `${runId}-revert-${revertAt}`, at: await runs.now(), run: runId },
      ...{ type: 'notTakenBack', channels: notify },
      data: { file: source.name, operator, total, revertAt, ...(timeZone !== null && { timeZone }) },
    });
  }
}

const leftInWords = (left: number): string =>
  left === 0
    ? ''
    : `; ${count(left, 'assignment')} that somebody has changed since, or of which no write is on record, stay as they are`;
