import { causesOf, type RowCauses } from '../../app/runs/causes.ts';
import type { SeenRun } from '../../app/runs/overview.ts';
import type { Services } from '../../app/services.ts';
import type { LogEntry } from '../../runs/runReader.ts';
import type { Sample } from '../../runs/samples.ts';
import { Kept } from './kept.ts';

/** What there is of a run besides how it stands: how it got there. */
export interface RunBooks {
  readonly samples: readonly Sample[];
  /** Oldest first. */
  readonly log: readonly LogEntry[];
  readonly causes: RowCauses;
}

/** As many as the record keeps, and more entries than anybody reads. */
const SAMPLES_MAX = 720;
const LOG_MAX = 300;

const BOOKS_EVERY_MS = 4_000;
const CAUSES_EVERY_MS = 6_000;

/** Reads what has happened to runs, for all pages together and no oftener than somebody could see it. */
export class Bookkeeper {
  readonly #books: Kept<string, Omit<RunBooks, 'causes'>>;
  readonly #causes: Kept<SeenRun['run'], RowCauses>;

  constructor(services: Services) {
    const { runs } = services;
    this.#books = new Kept(BOOKS_EVERY_MS, async (runId) => {
      const [samples, log] = await Promise.all([runs.samples(runId, SAMPLES_MAX), runs.told(runId, LOG_MAX)]);
      return { samples, log };
    });
    this.#causes = new Kept(CAUSES_EVERY_MS, (run) => causesOf(run, services));
  }

  async of({ run }: SeenRun, now: number): Promise<RunBooks> {
    const { runId, counts, moves, finishedAt } = run;
    const turn = finishedAt === null ? Math.floor(now / BOOKS_EVERY_MS) : 'ended';
    const [books, causes] = await Promise.all([
      this.#books.of(runId, `${moves} ${turn}`, runId),
      this.#causes.of(runId, JSON.stringify(counts), run),
    ]);
    return { ...books, causes };
  }
}
