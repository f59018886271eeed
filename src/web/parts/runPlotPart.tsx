import type { VNode } from 'preact';
import type { Run } from '../../runs/run.ts';
import { zoneOfHost } from '../../runs/schedule/localTime.ts';
import { runPlotOf, type RunPlot } from '../../view/plot/runPlot.ts';
import { SamplePlot } from '../../view/samplePlot.tsx';
import type { RunBooks } from '../live/runBooks.ts';
import { runPath } from './runCard.tsx';

/** A plot that has grown by less is not drawn again. */
const DRAWN_EVERY_MS = 10_000;

export interface RunPlotProps {
  readonly run: Run;
  readonly books: RunBooks;
  readonly now: number;
}

/** Undefined where there is nothing to draw. */
export function shownPlot({ run, books: { samples, log }, now }: RunPlotProps): RunPlot | undefined {
  const drawnAt = Math.floor(now / DRAWN_EVERY_MS) * DRAWN_EVERY_MS;
  return runPlotOf({ run, samples, log, now: Math.max(drawnAt, samples.at(-1)?.at ?? 0) });
}

/** How a run went, and what kept it. With scripts values can be read off it (`client/plot.ts`); the drawing stays for whoever can't see that. */
export function RunPlotPart(props: RunPlotProps): VNode | null {
  const plot = shownPlot(props);
  if (plot === undefined) return null;
  const { run } = props;
  return (
    <section
      class="plotted"
      data-plot-src={`${runPath(run.runId)}/plot.json?at=${plot.until}-${run.moves}-${run.ended}`}
    >
      <h2>How it went</h2>
      <div class="drawn" data-kept aria-hidden="true" />
      <SamplePlot
        id="run-plot"
        plot={plot}
        title="Rows done and budget used over time"
        timeZone={zoneOfHost()}
      />
    </section>
  );
}
