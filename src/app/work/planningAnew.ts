import { randomBytes } from 'node:crypto';
import type { Run } from '../../runs/run.ts';
import { isMeant, isOurs } from '../../worker/deps.ts';
import { planAnew } from '../plan/planAnew.ts';
import type { Services } from '../services.ts';
import { Watch } from './watch.ts';

/** A worker that plans says so again within this time, or another one takes over. */
const CLAIM_MS = 60_000;

/** Runs that were due when their plan had grown too old: they are planned anew, and go on by themselves when that comes to the same. */
export class PlanningAnew {
  readonly #services: Services;
  readonly #only: ReadonlySet<string> | undefined;
  readonly #goesOn: () => Promise<unknown>;
  readonly #self = randomBytes(8).toString('hex');
  readonly #watch: Watch;

  /**
   * @param only the runs that this worker works on; undefined: all of the tenant
   * @param goesOn what is done when a run may begin
   */
  constructor(services: Services, only: ReadonlySet<string> | undefined, goesOn: () => Promise<unknown>) {
    const stopping = new AbortController();
    const interrupted = AbortSignal.any([services.interrupted, stopping.signal]);
    this.#services = { ...services, interrupted };
    this.#only = only;
    this.#goesOn = goesOn;
    const due = {
      isDue: async () => (await this.#due()).length > 0,
      work: async () => {
        for (const run of await this.#due()) await this.#plan(run);
      },
      failed: 'A run that is due could not be planned anew; it is tried again.',
    };
    this.#watch = new Watch(due, this.#services, stopping);
  }

  isDue(): Promise<boolean> {
    return this.#watch.isDue();
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }

  async #due(): Promise<readonly Run[]> {
    const { runs, identity } = this.#services;
    const ours = { graphUrl: identity.config.graphUrl, only: this.#only };
    return (await runs.line()).filter(
      (run) =>
        run.state === 'queued' && run.reason === 'age' && isOurs(run, ours) && isMeant(run.runId, ours),
    );
  }

  async #plan(run: Run): Promise<void> {
    const { runs, events, log } = this.#services;
    const { runId, approved } = run;
    const claim = (): Promise<boolean> => runs.claimPlanning(runId, this.#self, CLAIM_MS);
    if (approved === null || !(await claim())) return;
    const claiming = setInterval(() => void claim().catch(() => undefined), CLAIM_MS / 3);
    let differences: readonly string[];
    try {
      log.info(`Run ${runId} is ${run.reasonText}.`);
      differences = await planAnew(run, approved, this.#services);
    } finally {
      clearInterval(claiming);
    }
    const isSame = differences.length === 0;
    const reasonText = isSame
      ? null
      : `the plan has grown too old, and what it comes to now is not what was approved: ${differences.join('; ')}`;
    const moved = await runs.transition(runId, {
      ...(reasonText === null
        ? { to: 'queued' }
        : { to: 'paused', reason: 'age', reasonText, isOtherPlan: true }),
      ...{ from: ['queued'], ifMoves: run.moves },
    });
    // Somebody has paused or cancelled it meanwhile, or another worker was first.
    if (moved.kind !== 'done') return;
    await runs.tell(runId, {
      ...{ at: await runs.now(), operator: 'the run itself', action: 'planned anew', reason: null },
      details: isSame ? { same: true } : { differences },
    });
    events.emit('runState', {
      ...{ runId, state: isSame ? 'queued' : 'paused', reason: isSame ? null : 'age' },
      reasonText: reasonText ?? 'It was planned anew, and nothing has changed: it begins.',
    });
    if (isSame) await this.#goesOn();
  }
}
