import { expect, test } from 'vitest';
import { overMaxChanges, type ChangeLimits } from '../../../../src/assignments/guard/maxChanges.ts';

const broken = (writes: number, total: number | undefined, limits: Partial<ChangeLimits> = {}): boolean =>
  overMaxChanges({
    writesByType: new Map([['deviceConfiguration', writes]]),
    totalByType: new Map([['deviceConfiguration', total]]),
    maxChanges: 500,
    maxPercent: 25,
    ...limits,
  }).has('deviceConfiguration');

test.each([
  [500, 2000, false],
  [501, 100_000, true],
  [25, 100, false],
  [26, 100, true],
  [1, 3, true],
  [500, undefined, false],
  [501, undefined, true],
  [0, 0, false],
  [1, 0, true],
])('%d writes of %s assignments: too many is %s', (writes, total, isOver) => {
  expect(broken(writes, total)).toBe(isOver);
});

test('each limit can be off', () => {
  expect(broken(501, 100_000, { maxChanges: 'off' })).toBe(false);
  expect(broken(100, 100, { maxPercent: 'off' })).toBe(false);
  expect(broken(501, 501, { maxChanges: 'off', maxPercent: 'off' })).toBe(false);
});

test('each policy type is judged by its own assignments', () => {
  expect(
    overMaxChanges({
      writesByType: new Map([
        ['deviceConfiguration', 30],
        ['deviceCompliancePolicy', 30],
      ]),
      totalByType: new Map([
        ['deviceConfiguration', 1000],
        ['deviceCompliancePolicy', 40],
      ]),
      maxChanges: 500,
      maxPercent: 25,
    }),
  ).toEqual(new Map([['deviceCompliancePolicy', 30]]));
});
