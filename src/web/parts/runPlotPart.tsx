import type { VNode } from 'preact';
import type { Run } from '../../runs/run.ts';
import { zoneOfHost } from '../../runs/schedule/localTime.ts';
import { runPlotOf } from '../../view/plot/runPlot.ts';
import { SamplePlot } from '../../view/samplePlot.tsx';
import type { RunBooks } from '../live/runBooks.ts';

/** A plot that has grown by less is not drawn again. */
const DRAWN_EVERY_MS = 10_000;

/** How a run went, and what kept it. */
export function RunPlotPart({
  run,
  books,
  now,
}: {
  readonly run: Run;
  readonly books: RunBooks;
  readonly now: number;
}): VNode | null {
  const drawnAt = Math.floor(now / DRAWN_EVERY_MS) * DRAWN_EVERY_MS;
  const plot = runPlotOf({
    run,
    samples: books.samples,
    log: books.log,
    now: Math.max(drawnAt, books.samples.at(-1)?.at ?? 0),
  });
  if (plot === undefined) return null;
  return (
    <section>
      <h2>How it went</h2>
      <SamplePlot
        id="run-plot"
        plot={plot}
        title="Rows done and budget used over time"
        timeZone={zoneOfHost()}
      />
    </section>
  );
}
