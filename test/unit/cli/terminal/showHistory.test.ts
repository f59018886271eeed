import { expect, test } from 'vitest';
import { HistoryAsked } from '../../../../src/app/history/asked.ts';
import type { HistoryEntry } from '../../../../src/app/history/history.ts';
import { NewestEntries, showMissing, type ShownHistory } from '../../../../src/cli/terminal/showHistory.ts';

const AT = Date.parse('2026-11-28T02:00:00Z');

/** What is said to be missing in a history of so many changes. */
function missing(entries: number, last: readonly string[]): string[] {
  const gathered = new NewestEntries();
  for (let line = entries; line > 0; line -= 1) gathered.add({ at: AT, line } as HistoryEntry);
  const said: string[] = [];
  const around = { now: [], others: { kind: 'changes', changes: [] }, ways: [], why: undefined };
  const history = {
    ...{
      called: {},
      runs: 2,
      unreadable: [],
      last,
      gathered,
      asked: new HistoryAsked('Wi-Fi*'),
      isWhole: true,
    },
    around,
  } as unknown as ShownHistory;
  showMissing(history, { say: (line) => void said.push(line) });
  return said;
}

test('a history that ends before all runs were gone through says where it goes on, and which runs may be missing whole', () => {
  expect(missing(9_999, ['r7'])).toEqual([]);
  expect(missing(10_000, [])).toEqual([
    'Only the newest 10,000 changes: --until 2026-11-28T02:00:00.000Z goes on there.',
  ]);
  expect(missing(10_000, ['r7']).at(-1)).toBe(
    'Runs without a plan come after all others by a name, and may be missing whole: r7.',
  );
});

test('runs whose policies nobody has read the names of wait for the others only where a name is asked for', () => {
  expect(new HistoryAsked('Wi-Fi*').isByName).toBe(true);
  expect(new HistoryAsked(undefined).isByName).toBe(false);
  expect(new HistoryAsked('6a1e0f5c-0000-4000-8000-000000000001').isByName).toBe(false);
});
