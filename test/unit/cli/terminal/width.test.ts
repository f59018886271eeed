import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutAtEnd, cutInMiddle, padded, startOf, widthOf } from '../../../../src/cli/terminal/width.ts';

test.each([
  ['Wi-Fi – Köln → …', 16],
  ['東京 Wi-Fi', 10],
  ['서울', 4],
  ['ＡＢ', 4],
  ['e\u0301', 1],
  ['🙂', 2],
  ['👩‍💻', 2],
  ['❤️', 2],
  ['\u001b[1mbold\u001b[22m', 4],
  ['', 0],
])('%j takes %i columns of a terminal', (text, columns) => {
  expect(widthOf(text)).toBe(columns);
});

test('a text that is cut in its middle keeps both ends, and no character is parted', () => {
  expect(cutInMiddle('abcdefghij', 5)).toBe('ab…ij');
  expect(cutInMiddle('abcde', 5)).toBe('abcde');
  expect(cutInMiddle('東京支社の無線', 9)).toBe('東京…無線');
  expect(cutInMiddle('東京支社の無線', 8)).toBe('東京…線');
  expect(cutInMiddle('aaa👩‍💻bbb👩‍💻', 6)).toBe('aaa…👩‍💻');
});

test('one that is cut at its end keeps the beginning', () => {
  expect(cutAtEnd('abc def', 5)).toBe('abc…');
  expect(cutAtEnd('東京支社', 6)).toBe('東京…');
  expect(cutAtEnd('東京', 4)).toBe('東京');
});

test('whatever is in it, what is cut has room, and what is padded fills it', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'é', ' ', '本', '한', '🙂', '👩‍💻', 'e\u0301'),
    maxLength: 40,
  });
  fc.assert(
    fc.property(text, fc.integer({ min: 3, max: 40 }), (said, columns) => {
      for (const cut of [cutInMiddle(said, columns), cutAtEnd(said, columns), startOf(said, columns)]) {
        expect(widthOf(cut)).toBeLessThanOrEqual(columns);
        expect(widthOf(padded(cut, columns))).toBe(columns);
      }
    }),
  );
});
