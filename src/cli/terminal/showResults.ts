import { shortCalled } from '../../assignments/names/calledIds.ts';
import type { RefusedRow } from '../../app/plan/planTally.ts';
import type { Results, ShownResult } from '../../app/runs/results.ts';
import { failuresOf } from '../../app/runs/failures.ts';
import { count } from '../../app/words.ts';
import { ROW_STATUSES, type RowStatus } from '../../runs/rowState.ts';
import { failureLines } from './causeLines.ts';
import type { Printer } from './print.ts';
import { cutInMiddle } from './width.ts';

/** Rows that are shown one by one; a file has all of them. */
const ROWS_SHOWN = 100;
/** Rows whose causes are told. */
const CAUSED_MAX = 1_000;
const CAUSES_SHOWN = 10;
const CELL_COLUMNS_MAX = 60;

/** What did not go as wanted, and why. */
const isUnmet = ({ status, code }: ShownResult): boolean =>
  code !== '' && status !== 'succeeded' && status !== 'skipped';

/** Shows a person what became of the rows of a run: line by line, then why some were not written, one cause once. */
export async function showResults(results: Results, print: Printer): Promise<void> {
  const shown: ShownResult[] = [];
  const unmet: RefusedRow[] = [];
  const counts = new Map<RowStatus, number>();
  for await (const row of results.shown()) {
    counts.set(row.status, (counts.get(row.status) ?? 0) + 1);
    if (shown.length < ROWS_SHOWN) shown.push(row);
    if (isUnmet(row) && unmet.length < CAUSED_MAX) unmet.push({ ...row, isFound: false });
  }
  const { called } = results;
  const words = (text: string): string => cutInMiddle(shortCalled(text, called), CELL_COLUMNS_MAX);
  if (shown.length > 0)
    print.table(
      ['LINE', 'STATUS', 'POLICY', 'BEFORE', 'WANTED'],
      shown.map(({ line, status, policy, before, wanted }) => [
        ...[String(line), status, cutInMiddle(policy, CELL_COLUMNS_MAX)],
        ...[words(before), words(wanted)],
      ]),
    );
  for (const line of failureLines(failuresOf(unmet).slice(0, CAUSES_SHOWN), called, undefined))
    print.say(line);
  const total = [...counts.values()].reduce((sum, rows) => sum + rows, 0);
  const said = ROW_STATUSES.flatMap((status) => {
    const rows = counts.get(status) ?? 0;
    return rows === 0 ? [] : [`${rows.toLocaleString('en-US')} ${status}`];
  });
  const more = total > shown.length ? `, of which the first ${shown.length} are shown` : '';
  print.say(total === 0 ? 'No such rows.' : `${count(total, 'row')}${more}: ${said.join(', ')}.`);
  print.say('-o results.csv writes all of it, with whole ids, requests and times.');
}
