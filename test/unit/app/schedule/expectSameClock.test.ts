import { expect, test } from 'vitest';
import { expectSameClock } from '../../../../src/app/schedule/expectSameClock.ts';

const HOUR_MS = 3_600_000;
const NOON = Date.parse('2026-12-04T12:00Z');
const redisShows = (at: number) => ({ runs: { now: () => Promise.resolve(at) } });
const here = (): number => NOON;

test.each([
  [NOON - 3 * HOUR_MS, '3 h 00 min ahead of Redis'],
  [NOON + 2 * HOUR_MS, '2 h 00 min behind Redis'],
])('a time of day is refused on a machine whose clock is not that of Redis', async (at, told) => {
  await expect(expectSameClock({ startAt: '22:00' }, redisShows(at), here)).rejects.toMatchObject({
    ...{ exitCode: 4, message: expect.stringContaining(told) },
  });
  await expect(expectSameClock({ deadline: '5:00' }, redisShows(at), here)).rejects.toMatchObject({
    exitCode: 4,
  });
});

test('a date says which day is meant, and clocks that nearly agree do', async () => {
  const dated = { startAt: '2026-12-04T22:00', deadline: 'off' };
  await expect(expectSameClock(dated, redisShows(NOON - HOUR_MS), here)).resolves.toBeUndefined();
  await expect(expectSameClock({ startAt: '22:00' }, redisShows(NOON - 900), here)).resolves.toBeUndefined();
});
