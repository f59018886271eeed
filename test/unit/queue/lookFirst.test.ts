import { expect, test } from 'vitest';
import { withChange } from '../../../src/queue/lookFirst.ts';
import { groupRow, runOf } from '../../support/rows.ts';

test('a recorded row that does not read any more is a bug that names its run and line', () => {
  const input = groupRow('c1', 'a1', 'g', { filterId: 'f', filterType: 'sideways' });
  const row = { place: 0, state: 'pending' as const, attempts: 0, input, detail: {} };
  expect(() => withChange(row, runOf())).toThrow(/line 2 of run r1/);
});
