import type { VNode } from 'preact';
import type { SeenRun } from '../../app/runs/overview.ts';
import { sumsInWords } from '../../app/runs/sumsInWords.ts';
import { baseName, count } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import { Moment } from '../clock.tsx';
import { Bar } from './bar.tsx';
import { Foretold } from './foretold.tsx';
import { Prose } from './prose.tsx';
import { StateBadge, toneOf } from './state.tsx';

/** Where the page of a run is. */
export const runPath = (runId: string): string => `/runs/${encodeURIComponent(runId)}`;

/** One run among others: what it is, how far, and what it waits for. */
export function RunCard({ seen, now }: { readonly seen: SeenRun; readonly now: number }): VNode {
  const { status } = seen;
  const isOpen = status.finishedAt === null;
  return (
    <article class={`card tone-${toneOf(seen)}`}>
      <h3>
        <a href={runPath(status.runId)}>{visible(baseName(status.source.name))}</a>
      </h3>
      <p class="state">
        <StateBadge seen={seen} />{' '}
        {isOpen ? <Foretold run={status} now={now} /> : <Ended seen={seen} now={now} />}
      </p>
      {isOpen && <Bar run={status} />}
      <p>
        {isOpen && `${(status.total - status.pending).toLocaleString('en-US')} of `}
        {count(status.total, 'row')}
        <Sums seen={seen} />
      </p>
      {isOpen && status.reasonText !== null && (
        <p class="why">
          <Prose text={status.reasonText} />
        </p>
      )}
      <p class="quiet">
        {visible(status.operator)}
        {status.purpose !== null && <>: {visible(status.purpose)}</>}
      </p>
      <RollbackLinks runs={seen.rollbacks} />
    </article>
  );
}

/** The rollbacks of a run: each may be of a part of it, and may not have ended. */
export const RollbackLinks = ({ runs }: { readonly runs: readonly string[] }): VNode | null =>
  runs.length === 0 ? null : (
    <p>
      <span class="quiet">{runs.length === 1 ? 'Rollback' : 'Rollbacks'}</span>{' '}
      {runs.map((runId, i) => (
        <span key={runId}>
          {i > 0 && ', '}
          <a href={runPath(runId)}>{runId}</a>
        </span>
      ))}
    </p>
  );

function Sums({ seen: { status } }: { readonly seen: SeenRun }): VNode {
  const { pending: _pending, ...settled } = status;
  const sums = sumsInWords(settled);
  return <>{sums === '' ? '' : `: ${sums}`}</>;
}

const Ended = ({ seen: { status }, now }: { readonly seen: SeenRun; readonly now: number }): VNode | null =>
  status.finishedAt === null ? null : (
    <span class="quiet">
      ended <Moment at={status.finishedAt} now={now} />
    </span>
  );
