import { shortCalled } from '../../assignments/names/calledIds.ts';
import type { Results, ShownResult } from '../../app/runs/results.ts';
import { Failures } from '../../app/runs/failures.ts';
import { count } from '../../app/words.ts';
import { ROW_STATUSES, type RowStatus } from '../../runs/rowState.ts';
import { failureLines } from './causeLines.ts';
import type { Printer } from './print.ts';
import { cutInMiddle } from './width.ts';

/** Rows that are shown one by one, as many as a screen has room for beside what is said of them; a file has all of them. */
const ROWS_SHOWN = 15;
const CAUSES_SHOWN = 5;
const CELL_COLUMNS_MAX = 60;

/** What did not go as wanted, and why. */
const isUnmet = ({ status, code }: ShownResult): boolean =>
  code !== '' && status !== 'succeeded' && status !== 'skipped';

/**
 * Shows a person what became of the rows of a run: some of them line by line, first of all such as did not go as wanted; then why these
 * were not written, one cause once.
 * @param file to be pasted, what writes all of them
 */
export async function showResults(results: Results, print: Printer, file: string): Promise<void> {
  const shown: ShownResult[] = [];
  const unmet: ShownResult[] = [];
  const failures = new Failures();
  const counts = new Map<RowStatus, number>();
  for await (const row of results.shown()) {
    counts.set(row.status, (counts.get(row.status) ?? 0) + 1);
    if (isUnmet(row)) failures.add({ ...row, isFound: false });
    const kept = isUnmet(row) ? unmet : shown;
    if (kept.length < ROWS_SHOWN) kept.push(row);
  }
  const { called } = results;
  const words = (text: string): string => cutInMiddle(shortCalled(text, called), CELL_COLUMNS_MAX);
  const rows = [...unmet, ...shown].slice(0, ROWS_SHOWN).toSorted((a, b) => a.line - b.line);
  if (rows.length > 0)
    print.table(
      ['LINE', 'STATUS', 'POLICY', 'BEFORE', 'WANTED'],
      rows.map(({ line, status, policy, before, wanted }) => [
        ...[String(line), status, cutInMiddle(policy, CELL_COLUMNS_MAX)],
        ...[words(before), words(wanted)],
      ]),
    );
  const causes = failures.all;
  for (const line of failureLines(causes.slice(0, CAUSES_SHOWN), called, undefined)) print.say(line);
  if (causes.length > CAUSES_SHOWN) print.say(`  … and ${count(causes.length - CAUSES_SHOWN, 'more cause')}`);
  const total = [...counts.values()].reduce((sum, each) => sum + each, 0);
  const said = ROW_STATUSES.flatMap((status) => {
    const each = counts.get(status) ?? 0;
    return each === 0 ? [] : [`${each.toLocaleString('en-US')} ${status}`];
  });
  const which = unmet.length > 0 ? `${rows.length} shown, failures first` : `the first ${rows.length} shown`;
  const more = total > rows.length ? ` (${which})` : '';
  print.say(total === 0 ? 'No such rows.' : `${count(total, 'row')}${more}: ${said.join(', ')}.`);
  print.say(`All with ids and times: ${file}`);
}
