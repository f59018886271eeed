import type { VNode } from 'preact';
import type { RowCauses } from '../../app/runs/causes.ts';
import { count } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import { rowsPath } from './counts.tsx';

const CAUSES_MAX = 12;

/** Why rows did not come through, the commonest cause first, each a way to its rows. */
export function CauseList({
  runId,
  causes: { causes, others },
}: {
  readonly runId: string;
  readonly causes: RowCauses;
}): VNode | null {
  if (causes.length === 0) return null;
  return (
    <section>
      <h2>What did not come through</h2>
      <ul class="causes">
        {causes.slice(0, CAUSES_MAX).map(({ id, status, code, message, rows }) => (
          <li key={id}>
            <a href={rowsPath(runId, status, id)}>
              <strong>{count(rows, 'row')}</strong> {status}
              {code !== '' && `: ${visible(code)}`}
            </a>
            {message !== '' && <p class="quiet">{visible(message)}</p>}
          </li>
        ))}
      </ul>
      {causes.length > CAUSES_MAX && (
        <p class="quiet">… and {count(causes.length - CAUSES_MAX, 'more cause')}</p>
      )}
      {others > 0 && <p class="quiet">{count(others, 'row')} more were not read for their cause.</p>}
    </section>
  );
}
