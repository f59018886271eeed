import { expect, test } from 'vitest';
import { momentInWords, secondInWords, zoneInWords } from '../../../src/web/clock.tsx';

const NOW = Date.UTC(2026, 10, 28, 2, 10);

test('a moment of this night is a time with its zone, another one has its day, too', () => {
  expect(momentInWords(Date.UTC(2026, 10, 28, 2, 40), NOW, false, 'Europe/Berlin')).toBe('03:40 CET');
  expect(momentInWords(Date.UTC(2026, 10, 30, 2, 40), NOW, false, 'Europe/Berlin')).toBe(
    'Mon 30 Nov 03:40 CET',
  );
  expect(momentInWords(Date.UTC(2026, 10, 28, 2, 40, 7), NOW, true, 'UTC')).toBe('02:40:07 UTC');
});

test('the hour that comes twice is told apart by its zone', () => {
  const first = Date.UTC(2026, 9, 25, 0, 30);
  expect(momentInWords(first, first, false, 'Europe/Berlin')).toBe('02:30 CEST');
  expect(momentInWords(first + 3_600_000, first, false, 'Europe/Berlin')).toBe('02:30 CET');
});

test('whose clock it is stands below each page', () => {
  expect(zoneInWords(NOW, 'Europe/Berlin')).toBe('Europe/Berlin (CET)');
  expect(zoneInWords(NOW, 'UTC')).toBe('UTC');
  expect(secondInWords(NOW, 'UTC')).toBe('02:10:00 UTC');
});
