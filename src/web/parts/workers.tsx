import type { VNode } from 'preact';
import { visible } from '../../assignments/values/visible.ts';
import type { RunStatus, WorkerStatus } from '../../runs/progress.ts';
import { Moment } from '../clock.tsx';

/** Who is at work on a run. */
export const Workers = ({ run, now }: { readonly run: RunStatus; readonly now: number }): VNode => (
  <section>
    <h2>Workers</h2>
    {run.workers.length === 0 ? (
      <p class="quiet">none at work on this run</p>
    ) : (
      <ul class="plain">
        {run.workers.map((worker) => (
          <li key={`${worker.host} ${worker.pid}`}>
            <Worker worker={worker} now={now} />
          </li>
        ))}
      </ul>
    )}
    <p class="quiet">
      last progress: {run.lastProgressAt === null ? '–' : <Moment at={run.lastProgressAt} now={now} />}
      {run.ratePerSecond !== null && `, ${run.ratePerSecond} rows/s`}
    </p>
  </section>
);

const Worker = ({ worker, now }: { readonly worker: WorkerStatus; readonly now: number }): VNode => (
  <>
    {visible(worker.host)} <span class="quiet">(pid {worker.pid})</span> since{' '}
    <Moment at={worker.since} now={now} />
    {worker.graphAwaySince !== null && (
      <span class="bad">
        , Graph out of its reach since <Moment at={worker.graphAwaySince} now={now} />
      </span>
    )}
  </>
);
