import type { VNode } from 'preact';
import { detailsInWords } from '../../app/runs/logInWords.ts';
import { shortened } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { LogEntry } from '../../runs/runReader.ts';
import { Moment } from '../clock.tsx';

const SHOWN_MAX = 30;
const DETAILS_CHARS_MAX = 300;

/** Who did what with a run, when and why, the newest first. */
export const RunLog = ({
  log,
  now,
}: {
  readonly log: readonly LogEntry[];
  readonly now: number;
}): VNode | null =>
  log.length === 0 ? null : (
    <section>
      <h2>What happened</h2>
      <ol class="log">
        {log
          .slice(-SHOWN_MAX)
          .toReversed()
          .map((entry) => (
            <li key={`${entry.at} ${entry.action}`}>
              <Moment at={entry.at} now={now} isPrecise /> <strong>{visible(entry.action)}</strong>{' '}
              <span class="quiet">by {visible(entry.operator)}</span>
              <Said entry={entry} />
            </li>
          ))}
      </ol>
      {log.length > SHOWN_MAX && (
        <p class="quiet">The {log.length - SHOWN_MAX} entries before are shown by `retarget log`.</p>
      )}
    </section>
  );

const Said = ({ entry }: { readonly entry: LogEntry }): VNode | null => {
  const { arguments: _arguments, ...details } = entry.details ?? {};
  const words = detailsInWords({ ...entry, details });
  const said = [entry.operator === 'the run itself' ? undefined : entry.reason, words]
    .filter(Boolean)
    .join('; ');
  return said === '' ? null : <p class="quiet">{visible(shortened(said, DETAILS_CHARS_MAX))}</p>;
};
