import { expect, test } from 'vitest';
import { RUN_HEADINGS, runCells, sumCells } from '../../../../src/cli/terminal/showRuns.ts';
import type { RunStatus } from '../../../../src/runs/progress.ts';

const COUNTS = {
  ...{
    pending: 1,
    succeeded: 2,
    skipped: 3,
    failed: 4,
    stale: 5,
    awaitingApproval: 6,
    unsure: 7,
    cancelled: 8,
  },
};
// Nothing else of it is shown in the table.
const RUN = {
  ...{ runId: 'r1', state: 'running', total: 36, source: { name: 'f.csv', sha256: '' } },
  ...{ reason: null, operator: 'ann@host', purpose: 'CHG-1', startedAt: '2026-11-28T22:00:31.000Z' },
  ...COUNTS,
} as unknown as RunStatus;

test('each state of rows has a column of its own, and only its own rows in it', () => {
  const cells = Object.fromEntries(RUN_HEADINGS.map((heading, i) => [heading, runCells(RUN)[i]]));
  expect(cells).toEqual({
    ...{ RUN: 'r1', STATE: 'running', STARTED: '2026-11-28 22:00', WHO: 'ann@host', TOTAL: '36' },
    ...{ FILE: 'f.csv', WHY: 'CHG-1' },
    ...{ PENDING: '1', SUCCEEDED: '2', SKIPPED: '3', FAILED: '4', STALE: '5' },
    ...{ APPROVAL: '6', UNSURE: '7', CANCELLED: '8' },
  });
});

test('a run of a tenant that is stopped is not shown as running', () => {
  expect(runCells(RUN, { by: 'ann', at: 0 } as never)[1]).toBe('stopped');
});

test.each([
  ['noWorker', 'no worker'],
  ['graphAway', 'no Graph'],
  ['noProgress', 'stalled'],
  ['throttled', 'throttled'],
] as const)('nor is one at work that %s keeps', (reason, shown) => {
  expect(runCells({ ...RUN, reason })[1]).toBe(shown);
  expect(runCells({ ...RUN, reason, state: 'queued' })[1]).toBe('queued');
});

test('below several runs stand the sums, which add up as each line does', () => {
  const numbers = (cells: readonly string[]): number[] => cells.slice(4, -2).map(Number);
  for (const cells of [runCells(RUN), sumCells([RUN, RUN])]) {
    const [total, ...parts] = numbers(cells);
    expect(parts.reduce((sum, n) => sum + n, 0)).toBe(total);
  }
  expect(numbers(sumCells([RUN, RUN]))).toEqual(numbers(runCells(RUN)).map((n) => 2 * n));
});
