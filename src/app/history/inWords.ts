import { beforeInWords, NOTHING } from '../../assignments/changes/beforeInWords.ts';
import { targetInWords, turnOfIntent } from '../../assignments/changes/changeKind.ts';
import { entryOf } from '../../assignments/changes/decision.ts';
import { targetIn } from '../../assignments/targets/currentTarget.ts';
import type { HistoryEntry } from './history.ts';
import type { OtherChange } from './others.ts';

/** What a row found and what it made of it, with whole ids. */
export function changeInWords({ before, after, status }: HistoryEntry): {
  readonly before: string;
  readonly after: string;
} {
  if (after === undefined) return { before: beforeInWords(before), after: NOTHING };
  const turn = turnOfIntent(entryOf(before), after);
  const becomes = targetInWords(targetIn(after));
  // It was so before, whoever made it so.
  const was = status === 'skipped' && before.kind === 'notRead' ? becomes : beforeInWords(before);
  return turn === undefined
    ? { before: was, after: becomes }
    : { before: `${was}, intent ${turn.from}`, after: `${becomes}, intent ${turn.to}` };
}

/** What of an assignment another one changed, as the audit log has it: `GroupId 1234… → 5678…`. */
export const otherInWords = ({ changes }: OtherChange): string =>
  changes
    .filter(({ property }) => property !== 'Id')
    .map(
      ({ property, from, to }) =>
        `${property.replace(/^Target\./, '').replace('DeviceAndAppManagementAssignment', '')} ${from || NOTHING} → ${to || NOTHING}`,
    )
    .join(', ');
