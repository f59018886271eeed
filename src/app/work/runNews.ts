import { hasEnded, type Run } from '../../runs/run.ts';
import { sumsInWords } from '../runs/sumsInWords.ts';
import { whyNotTaken } from '../runs/whyWaiting.ts';
import type { Services } from '../services.ts';
import { baseName, count, duration } from '../words.ts';

/** A run that was stopped has not ended while writes of it are in doubt; one that has is in line again when it is tried again. */
type Seen = Run['state'] | 'ended';

type Watching = Pick<Services, 'runs' | 'identity' | 'log'>;

/** Tells the log of a worker when runs that workers like it take begin, go on, and end. */
export class RunNews {
  readonly #services: Watching;
  /** Runs that were open, and how each was seen last. */
  readonly #seen = new Map<string, Seen>();
  #lookedAt: number | undefined;

  constructor(services: Watching) {
    this.#services = services;
  }

  /** What is so when it is called first is no news, but for what is at work then. */
  async tell(): Promise<void> {
    const { runs, identity } = this.#services;
    const now = await runs.now();
    const line = await runs.line();
    // One may be made, begin and end between two looks.
    const made = await runs.createdSince(this.#lookedAt ?? now);
    const inLine = new Set(line.map(({ runId }) => runId));
    // The record knows the second only: what has ended in that of the first look ended before it.
    if (this.#lookedAt === undefined)
      for (const runId of made) if (!inLine.has(runId)) this.#seen.set(runId, 'ended');
    this.#lookedAt = now;
    const isTold = (runId: string): boolean => inLine.has(runId) || this.#seen.get(runId) === 'ended';
    const gone = [...new Set([...this.#seen.keys(), ...made])].filter((runId) => !isTold(runId));
    const left = await Promise.all(gone.map((runId) => runs.run(runId)));
    for (const run of [...left.filter((each) => each !== undefined), ...line])
      if (whyNotTaken(run, identity.config) === undefined) this.#tellOf(run);
  }

  #tellOf(run: Run): void {
    const { log } = this.#services;
    const { runId, state, counts } = run;
    const before = this.#seen.get(runId);
    this.#seen.set(runId, hasEnded(run) ? 'ended' : state);
    const isBegun = state === 'running' || hasBegunAndEnded(run, before);
    if (isBegun && before !== 'running') log.info(beginInWords(run), { run: runId });
    if (before === 'running' && (state === 'queued' || state === 'paused'))
      log.info(restInWords(run), { run: runId });
    if (!hasEnded(run) || before === 'ended') return;
    const isWell = state === 'completed' && counts.failed + counts.stale + counts.unsure === 0;
    log[isWell ? 'info' : 'warn'](endInWords(run), { run: runId });
  }
}

/** Nobody has seen it at work, so short was that. */
const hasBegunAndEnded = (run: Run, before: Seen | undefined): boolean =>
  hasEnded(run) && run.startedAt !== null && (before === undefined || before === 'queued');

function beginInWords({ source, operator, total, counts, state }: Run): string {
  const done = state === 'running' ? total - counts.pending : 0;
  const how = done > 0 ? `goes on at ${done.toLocaleString('en-US')} of` : 'begins with';
  return `Run of ${operator} ${how} ${count(total, 'row')} of ${baseName(source.name)}.`;
}

function restInWords({ source, total, counts, state, reasonText }: Run): string {
  const verb = state === 'paused' ? 'is paused' : 'rests';
  const why = reasonText === null ? '' : `: ${reasonText}`;
  const done = (total - counts.pending).toLocaleString('en-US');
  return `Run ${verb} at ${done} of ${count(total, 'row')} of ${baseName(source.name)}${why}.`;
}

function endInWords({ state, counts, startedAt, finishedAt, reasonText }: Run): string {
  const took =
    startedAt === null || finishedAt === null ? '' : ` in ${duration((finishedAt - startedAt) / 1000)}`;
  const why = reasonText === null ? '' : ` ${reasonText}.`;
  return `Run ${state}${took}: ${sumsInWords(counts) || 'no rows'}.${why}`;
}
