import { expect, test } from 'vitest';
import { durationOption } from '../../../src/cli/durationFlag.ts';

const parsed = (text: string): unknown =>
  durationOption('--wait <time>', 'how long').parseArg?.(text, undefined);

test.each([
  ['90s', 90_000],
  ['10m', 600_000],
  [' 48 H ', 172_800_000],
  ['2d', 172_800_000],
  ['0.5s', 500],
])('"%s" is %i ms', (text, ms) => {
  expect(parsed(text)).toBe(ms);
});

test.each(['', '10', '0m', '-5m', 'm', '5 minutes', '1h30m'])(
  '"%s" is none, and how one is written is said',
  (text) => {
    expect(() => parsed(text)).toThrow(
      expect.objectContaining({ exitCode: 2, remedy: expect.stringContaining('10m') }),
    );
  },
);
