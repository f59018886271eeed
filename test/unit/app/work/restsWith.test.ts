import { expect, test } from 'vitest';
import { restsWith } from '../../../../src/app/work/restsWith.ts';

const never = async (): Promise<boolean> => false;

test('a worker rests when it is idle and nothing is due', async () => {
  expect(await restsWith(async () => true, [never, never])).toBe(true);
  expect(await restsWith(async () => false, [never])).toBe(false);
  expect(await restsWith(async () => true, [never, async () => true])).toBe(false);
});

test('what was due and became a run while it was asked for is work', async () => {
  let runs = 0;
  // It is due no more, as it is done.
  const becomesARun = async (): Promise<boolean> => {
    runs += 1;
    return false;
  };
  expect(await restsWith(async () => runs === 0, [becomesARun])).toBe(false);
});
