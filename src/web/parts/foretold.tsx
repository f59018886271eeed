import type { VNode } from 'preact';
import { duration } from '../../app/words.ts';
import type { RunStatus } from '../../runs/progress.ts';
import { Moment } from '../clock.tsx';

/** When a run is done and how long that is. While the page has lost its server nothing of it is shown: it would be of another moment. */
export function Foretold({ run, now }: { readonly run: RunStatus; readonly now: number }): VNode | null {
  if (run.doneAbout === null || run.etaSeconds === null) return null;
  return (
    <span class="foretold">
      done about{' '}
      <strong>
        <Moment at={run.doneAbout} now={now} />
      </strong>
      <span class="quiet">, {duration(run.etaSeconds)} left</span>
    </span>
  );
}
