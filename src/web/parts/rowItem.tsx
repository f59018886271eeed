import type { VNode } from 'preact';
import { bodyOf } from '../../app/runs/resultRow.ts';
import { NOT_READ } from '../../assignments/changes/decision.ts';
import { withCalled, type Called } from '../../assignments/names/calledIds.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { RecordedRow } from '../../runs/batchRow.ts';
import { rowStatusOf } from '../../runs/rowState.ts';
import type { Run } from '../../runs/run.ts';
import { rowDiff, type Side } from '../../view/rowDiff.ts';
import { runPath } from './runCard.tsx';

export interface RowItemProps {
  readonly run: Run;
  readonly row: RecordedRow;
  readonly position: number;
  /** What people call groups and filters. */
  readonly called: Called;
}

/** Where one row of a run is. */
export const rowPath = (runId: string, position: number): string => `${runPath(runId)}/rows/${position}`;

/** What a row is called: its policy. */
export const rowName = ({ names, change }: RecordedRow): string =>
  visible(names?.policy ?? change.address.policyId);

/** One row among others: of which policy, what becomes of it, and why not. */
export function RowItem({ run, row, position, called }: RowItemProps): VNode {
  const status = rowStatusOf(row.state, run.state === 'cancelled');
  const { errorCode, errorMessage } = row.detail;
  const parts = rowDiff(row.before ?? NOT_READ, bodyOf(row), called).filter(({ isChanged }) => isChanged);
  return (
    <li class="row">
      <p>
        <a href={rowPath(run.runId, position)}>{rowName(row)}</a>{' '}
        <span class="quiet">
          line {row.input.line}
          {row.names?.platform !== undefined && `, ${visible(row.names.platform)}`}
        </span>
      </p>
      <p>
        <span class={`status ${status}`}>{status}</span>{' '}
        {parts.map(({ part, before, after }) => (
          <span key={part} class="turn">
            {before.map(sideInWords).join('; ')} → {after === undefined ? 'nothing' : sideInWords(after)}
          </span>
        ))}
      </p>
      {errorCode !== undefined && (
        <p class="bad">
          {visible(errorCode)}
          {errorMessage !== undefined && <>: {visible(withCalled(errorMessage, called))}</>}
        </p>
      )}
    </li>
  );
}

const sideInWords = ({ words, name, id }: Side): string => [words, name ?? id].filter(Boolean).join(' ');
