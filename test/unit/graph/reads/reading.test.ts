import { expect, test } from 'vitest';
import { BATCH_SIZE_MAX } from '../../../../src/graph/client/batchEnvelope.ts';
import {
  BATCHES_SIDE_BY_SIDE,
  readAll,
  type Reading,
  type ReadReply,
} from '../../../../src/graph/reads/reading.ts';

const READS = (BATCHES_SIDE_BY_SIDE + 2) * BATCH_SIZE_MAX;
const readings = (count: number): Reading<unknown>[] =>
  Array.from({ length: count }, (_, n) => ({ next: `/${n}`, take: (body) => body }));
const answered = (urls: readonly string[]): ReadReply[] =>
  urls.map((body) => ({ kind: 'answered', status: 200, body }));

test('batches are read side by side, so many at a time, and answered in the order asked', async () => {
  const waiting: (() => void)[] = [];
  let most = 0;
  const read = readAll(readings(READS), async (urls) => {
    expect(urls.length).toBeLessThanOrEqual(BATCH_SIZE_MAX);
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      most = Math.max(most, waiting.length);
    });
    return answered(urls);
  });
  let isOver = false;
  const over = read.finally(() => (isOver = true));
  while (!isOver) {
    await new Promise(setImmediate);
    // The last one first: what comes late is in its place all the same.
    waiting.pop()?.();
  }
  expect(await over).toEqual(Array.from({ length: READS }, (_, n) => `/${n}`));
  expect(most).toBe(BATCHES_SIDE_BY_SIDE);
});

test('what is thrown in one batch ends the others', async () => {
  let asked = 0;
  const batches = 10 * BATCHES_SIDE_BY_SIDE;
  const read = readAll(readings(batches * BATCH_SIZE_MAX), async (urls) => {
    asked += 1;
    await new Promise(setImmediate);
    if (urls.includes('/0')) throw new Error('interrupted');
    return answered(urls);
  });
  await expect(read).rejects.toThrow('interrupted');
  for (let turn = 0; turn < batches; turn += 1) await new Promise(setImmediate);
  expect(asked).toBeLessThanOrEqual(2 * BATCHES_SIDE_BY_SIDE);
});

test('a batch is all there is of few reads', async () => {
  const sizes: number[] = [];
  await readAll(readings(BATCH_SIZE_MAX + 1), async (urls) => {
    sizes.push(urls.length);
    return answered(urls);
  });
  expect(sizes).toEqual([BATCH_SIZE_MAX, 1]);
});
