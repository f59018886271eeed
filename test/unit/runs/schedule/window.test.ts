import { expect, test } from 'vitest';
import { daysThrough, windowIn, windowInWords } from '../../../../src/runs/schedule/window.ts';

test.each([
  ['22:00-05:00', '22:00-05:00', 1],
  ['9:00 - 17:30', '09:00-17:30', 0],
  ['00:00-24:00', '00:00-24:00', 0],
  ['22:00:05-22:00:20', '22:00:05-22:00:20', 0],
  ['Sat 08:00 - Sun 20:00', 'Sat 08:00 - Sun 20:00', 1],
  ['saturday 8:00–sunday 20:00', 'Sat 08:00 - Sun 20:00', 1],
  ['FRI 18:00-Mon 06:00', 'Fri 18:00 - Mon 06:00', 3],
  ['Sun 22:00 - Sun 06:00', 'Sun 22:00 - Sun 06:00', 7],
])('the window %s is read as %s and ends %i days later', (text, words, days) => {
  const window = windowIn(text);
  expect(window && windowInWords(window)).toBe(words);
  expect(window && daysThrough(window)).toBe(days);
});

test.each([
  ...[
    '',
    '22:00',
    '22:00-',
    '22-05',
    '22:00-05:60',
    '22:00:60-23:00',
    '25:00-26:00',
    '24:00-05:00',
    '22:00-05:00-06:00',
  ],
  ...['Sat 08:00 - 20:00', '08:00 - Sun 20:00', 'Sa 08:00 - Su 20:00', 'Xyz 08:00 - Sun 20:00'],
  ...['22:00-22:00', 'Sat 08:00 - Sat 08:00', '-1:00-05:00'],
])('%j is no window', (text) => {
  expect(windowIn(text)).toBeUndefined();
});
