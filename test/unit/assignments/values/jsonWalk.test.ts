import fc from 'fast-check';
import { expect, test } from 'vitest';
import { walkJson } from '../../../../src/assignments/values/jsonWalk.ts';

const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

// The walk explains what JSON.parse refused: if the two disagreed, a problem would point nowhere.
test('finds a fault in exactly the texts that JSON.parse refuses', () => {
  const damaged = fc
    .tuple(
      fc.json({ maxDepth: 4 }),
      fc.nat(),
      fc.nat(2),
      fc.constantFrom('', ',', '"', '{', '}', ']', '\\', '0', '-', '.', 'e', '\n', 'é'),
    )
    .map(([text, seed, cut, put]) => {
      const at = seed % (text.length + 1);
      return text.slice(0, at) + put + text.slice(at + cut);
    });
  fc.assert(
    fc.property(damaged, (text) => {
      expect(walkJson(text).fault === undefined).toBe(parses(text));
    }),
    { numRuns: 2000 },
  );
});

test('a fault lies where the text stops being the beginning of any JSON', () => {
  const faults = ['{"a":tru}', '[01]', '["\u0001"]', '{"a":1}}', '', '"abc', '[1,'].map(
    (text) => walkJson(text).fault?.at,
  );
  expect(faults).toEqual([5, 2, 2, 7, 0, 4, 3]);
});

test('knows each member, its depth and whether its own object has it already', () => {
  const { members } = walkJson('{"a":[{"a":1},{"a":2}],"b":{"a":3},"a":4}');
  expect(members.map(({ key, depth, repeated }) => [key, depth, repeated])).toEqual([
    ['a', 1, false],
    ['a', 3, false],
    ['a', 3, false],
    ['b', 1, false],
    ['a', 2, false],
    ['a', 1, true],
  ]);
});
