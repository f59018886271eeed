import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DigestTable } from '../../../../src/assignments/values/digestTable.ts';

test('it keeps what a plain map would keep, however often it grows', () => {
  const table = new DigestTable(2);
  const plain = new Map<string, number[]>();
  // One expectation for all: 30,000 of them would take most of the time.
  const wrong: string[] = [];
  const check = (text: string, [first, second]: readonly number[]): void => {
    const entry = table.of(text);
    if (entry.length !== 2 || entry[0] !== first || entry[1] !== second) wrong.push(text);
  };
  for (let i = 0; i < 20_000; i += 1) {
    const text = `policy ${(i * 7_919) % 11_000}`;
    const known = plain.get(text) ?? [0, 0];
    check(text, known);
    const next = [i + 1, (known[1] ?? 0) + 1];
    table.of(text).set(next);
    plain.set(text, next);
  }
  for (const [text, numbers] of plain) check(text, numbers);
  expect(wrong).toEqual([]);
});

test('texts of any kind are told apart', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ unit: 'binary' }), { maxLength: 200 }), (texts) => {
      const table = new DigestTable(1);
      for (const [i, text] of texts.entries()) table.of(text)[0] = i + 1;
      expect(texts.map((text) => table.of(text)[0])).toEqual(texts.map((_, i) => i + 1));
    }),
  );
});
