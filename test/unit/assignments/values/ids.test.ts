import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ID_CHARS_MAX, idFault, idSegment, sameId } from '../../../../src/assignments/values/ids.ts';

test.each([
  'adadadad-808e-44e2-905a-0b7873a8a531',
  '8f36c487-4e75-4da9-a5bc-d7916f1acda0_c1a1cf76-063c-4d2c-8f71-b1e8b49ebd9d',
  'SMS00001',
  'T_8f36c487',
  "it's(1)*!~",
  'größe',
  '日本',
  '...',
  'a.b',
  'x'.repeat(ID_CHARS_MAX),
])('%s is an id', (id) => {
  expect(idFault(id)).toBeUndefined();
});

test.each([
  ['a/b', '"/"'],
  ['a\\b', '"\\"'],
  ['a?b', '"?"'],
  ['a#b', '"#"'],
  ['a%2Fb', '"%"'],
  ['\u201cabc\u201d', '"\u201c"'],
  ['abc\u2019', '"\u2019"'],
  ['{7b1d9e02-5f3a-4c86-9e1b-0d2f4a6c8e90}', 'in braces'],
  ['{policyId}', 'only shows'],
  ['{{policy id}}', 'only shows'],
  ['<assignment>', 'only shows'],
  ['.', 'step out'],
  ['..', 'step out'],
  ['a\u0000b', 'control'],
  ['a\nb', 'control'],
  ['a\u007f', 'control'],
  ['a\u0085', 'control'],
  ['a\u2028', 'control'],
  ['a b', 'space'],
  ['a\u00a0b', 'space'],
  ['a\u200bb', 'invisible'],
  ['\u202ea', 'invisible'],
  ['a\ud800', 'surrogate'],
  ['x'.repeat(ID_CHARS_MAX + 1), 'longer'],
])('%j is no id: %s', (id, why) => {
  expect(idFault(id)).toContain(why);
});

// The one thing that must never happen: an id that changes which path a request goes to.
test('whatever is taken for an id stays in its path segment', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), (id) => {
      if (idFault(id) !== undefined) return;
      const url = new URL(`/a/${idSegment(id)}/b`, 'https://graph.microsoft.com');
      expect([url.search, url.hash, url.pathname.split('/').length]).toEqual(['', '', 4]);
      expect(decodeURIComponent(url.pathname.split('/')[2] ?? '')).toBe(id);
    }),
    { numRuns: 2000 },
  );
});

test('ids are compared without letter case, and only texts are ids', () => {
  expect(sameId('AbC', 'aBc')).toBe(true);
  expect(sameId('abc', 'abd')).toBe(false);
  expect(sameId(undefined, undefined)).toBe(false);
  expect(sameId(null, null)).toBe(false);
  expect(sameId(1, 1)).toBe(false);
});
