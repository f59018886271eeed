import { describe, expect, test } from 'vitest';
import { compactNumber, numberTicks, timeTicks } from '../../../../src/view/plot/axis.ts';

const labels = (ticks: readonly { readonly label: string }[]): string[] => ticks.map(({ label }) => label);

test.each([
  [0, '0'],
  [950, '950'],
  [1_500, '1.5k'],
  [120_000, '120k'],
  [1_000_000, '1M'],
])('%d stands beside a plot as %s', (n, label) => expect(compactNumber(n)).toBe(label));

describe('numbers', () => {
  test('an axis begins at 0 and ends with a round number that is not below the largest value', () => {
    expect(labels(numberTicks(3_000))).toEqual(['0', '1k', '2k', '3k']);
    expect(labels(numberTicks(96))).toEqual(['0', '20', '40', '60', '80', '100']);
    expect(labels(numberTicks(1))).toEqual(['0', '1']);
    expect(labels(numberTicks(0))).toEqual(['0', '1']);
  });
});

describe('times', () => {
  const at = (text: string): number => Date.parse(text);

  test('they are round ones of the clock of the zone', () => {
    const ticks = timeTicks(at('2026-11-28T01:07:00Z'), at('2026-11-28T03:10:00Z'), 'Asia/Kolkata');
    expect(labels(ticks)).toEqual(['07:00', '07:30', '08:00', '08:30']);
    expect(ticks[0]?.at).toBe(at('2026-11-28T01:30:00Z'));
  });

  test('of a short run they have seconds, of more than a day their weekday, of weeks the date', () => {
    const from = at('2026-11-28T00:00:00Z');
    expect(labels(timeTicks(from, from + 60_000, 'UTC'))).toEqual(['00:00:00', '00:00:30', '00:01:00']);
    expect(labels(timeTicks(from, from + 50 * 3_600_000, 'UTC'))[1]).toBe('Sat 12:00');
    expect(labels(timeTicks(from, from + 10 * 86_400_000, 'UTC'))[1]).toBe('Dec 1');
  });

  test('there are never more than there is room for', () => {
    for (const minutes of [0.1, 1, 3, 17, 59, 61, 600, 1441, 9_000, 40_000, 400_000])
      expect(timeTicks(1e12, 1e12 + minutes * 60_000, 'UTC').length).toBeLessThanOrEqual(6);
  });
});
