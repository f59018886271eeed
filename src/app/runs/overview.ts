import type { RunStatus } from '../../runs/progress.ts';
import { hasEnded, type Run } from '../../runs/run.ts';
import type { Stop } from '../../runs/runReader.ts';
import { channelStatus } from '../notify/channelStatus.ts';
import type { Services } from '../services.ts';
import { healthOf, isWatched, STALLED_AFTER_MS, type Health } from './health.ts';
import { queueLeft } from './queueLeft.ts';
import { stateShown } from './stateShown.ts';
import { statusNow, surroundingsOf, type RunSurroundings } from './status.ts';
import { rollbackIdsOf } from './rollbacks.ts';

/** A run as it is seen beside all others. */
export interface SeenRun {
  readonly run: Run;
  readonly status: RunStatus;
  /** What its state is called, as in `status`. */
  readonly shown: string;
  readonly health: Health;
  /** Somebody is to be told of its health: it is open, or has ended lately and nobody has taken it back. */
  readonly isWatched: boolean;
  /** Its rollbacks, the newest first. */
  readonly rollbacks: readonly string[];
}

/** The runs of the tenant at one moment. */
export interface Overview {
  /** Redis' clock, ms since the epoch. */
  readonly now: number;
  readonly stop: Stop | undefined;
  /** The newest first. */
  readonly runs: readonly SeenRun[];
}

/** How often it is asked why a run does not go on, and how often one that has ended is read again. */
const WHY_EVERY_MS = 2_000;
const ENDED_EVERY_MS = 30_000;

interface Ended {
  readonly run: Run;
  readonly status: RunStatus;
  readonly readAt: number;
}

interface Kept {
  readonly surroundings: RunSurroundings;
  readonly moves: number;
  readonly readAt: number;
}

/**
 * Sees the runs of a tenant again and again at a small price, whoever many want to see them: headers of open runs each time, why they wait
 * now and then, and what has ended seldom.
 */
export class Overviews {
  readonly #services: Services;
  readonly #ended = new Map<string, Ended>();
  readonly #kept = new Map<string, Kept>();
  #queuedAt = -Infinity;

  constructor(services: Services) {
    this.#services = services;
  }

  /** @throws whatever Redis' client throws while Redis is away */
  async see(): Promise<Overview> {
    const { runs: record } = this.#services;
    if (performance.now() - this.#queuedAt >= WHY_EVERY_MS) {
      this.#queuedAt = performance.now();
      await queueLeft(this.#services);
    }
    const [now, stop, ids, line] = await Promise.all([
      record.now(),
      record.stopped(),
      record.runIds(),
      record.line(),
    ]);
    const open = new Map(line.map((run) => [run.runId, run]));
    const read = await Promise.all(ids.map((id) => open.get(id) ?? this.#endedOf(id)?.run ?? record.run(id)));
    const all = read.filter((run) => run !== undefined).toSorted((a, b) => b.createdAt - a.createdAt);
    this.#forgetOthers(new Set(all.map(({ runId }) => runId)));
    const around = { now: async () => now, stopped: async () => stop, runs: async () => all };
    const runs = await Promise.all(
      all.map(async (run): Promise<SeenRun> => {
        const status = await this.#statusOf(run, around);
        return {
          ...{ run, status, shown: stateShown(status, stop) },
          health: healthOf(run, status, { now, stalledAfterMs: STALLED_AFTER_MS }),
          isWatched: isWatched(run, all, now),
          rollbacks: rollbackIdsOf(run, all),
        };
      }),
    );
    return { now, stop, runs };
  }

  /** One that has ended stays as it is, but that somebody may open it again: then it is in line, too. */
  #endedOf(runId: string): Ended | undefined {
    const ended = this.#ended.get(runId);
    return ended !== undefined && performance.now() - ended.readAt < ENDED_EVERY_MS ? ended : undefined;
  }

  async #statusOf(run: Run, around: Around): Promise<RunStatus> {
    const known = hasEnded(run) ? this.#endedOf(run.runId) : undefined;
    if (known?.run === run) return known.status;
    const status = await statusNow(run, this.#services, await this.#surroundingsOf(run, around));
    if (hasEnded(run)) this.#ended.set(run.runId, { run, status, readAt: performance.now() });
    else this.#ended.delete(run.runId);
    return status;
  }

  async #surroundingsOf(run: Run, around: Around): Promise<RunSurroundings> {
    const kept = this.#kept.get(run.runId);
    const isFresh = kept !== undefined && performance.now() - kept.readAt < WHY_EVERY_MS;
    if (isFresh && kept.moves === run.moves) return kept.surroundings;
    const { runs, producer, identity } = this.#services;
    const readAt = performance.now();
    const seen = await surroundingsOf(run, {
      ...{ producer, identity },
      runs: { ...around, lateWaits: (id) => runs.lateWaits(id) },
    });
    const surroundings = { ...seen, channels: await channelStatus(run.options.notify, this.#services) };
    this.#kept.set(run.runId, { surroundings, moves: run.moves, readAt });
    return surroundings;
  }

  #forgetOthers(there: ReadonlySet<string>): void {
    for (const kept of [this.#ended, this.#kept])
      for (const runId of kept.keys()) if (!there.has(runId)) kept.delete(runId);
  }
}

/** What is asked once for all runs. */
type Around = Pick<Services['runs'], 'now' | 'stopped' | 'runs'>;
