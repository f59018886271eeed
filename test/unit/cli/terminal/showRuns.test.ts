import { expect, test } from 'vitest';
import { RUN_HEADINGS, runCells } from '../../../../src/cli/terminal/showRuns.ts';
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
  ...COUNTS,
} as unknown as RunStatus;

test('each state of rows has a column of its own, and only its own rows in it', () => {
  const cells = Object.fromEntries(RUN_HEADINGS.map((heading, i) => [heading, runCells(RUN)[i]]));
  expect(cells).toEqual({
    ...{ RUN: 'r1', STATE: 'running', TOTAL: '36', FILE: 'f.csv' },
    ...{ PENDING: '1', SUCCEEDED: '2', SKIPPED: '3', FAILED: '4', STALE: '5' },
    ...{ APPROVAL: '6', UNSURE: '7', CANCELLED: '8' },
  });
});

test('a run of a tenant that is stopped is not shown as running', () => {
  expect(runCells(RUN, { by: 'ann', at: 0 } as never)[1]).toBe('stopped');
});
