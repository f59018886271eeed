import { expect, test } from 'vitest';
import { closestTo } from '../../../../src/assignments/values/closest.ts';

const WORDS = ['include', 'exclude', 'none'] as const;

test.each([
  ['inlcude', 'include'],
  ['EXCLUDES', 'exclude'],
  [' non ', 'none'],
  ['include', 'include'],
])('%s is taken for a mistyped word', (written, meant) => {
  expect(closestTo(written, WORDS)).toBe(meant);
});

test.each(['', '   ', 'x', 'something else', 'no'.repeat(20_000)])(
  'a text that is near to no word is taken for none of them',
  (written) => {
    expect(closestTo(written, WORDS)).toBeUndefined();
  },
);

// "on" and "all" differ in three letters, which is all there is of them.
test('a short word is not guessed from another short word', () => {
  expect(closestTo('xyz', ['all', 'one'])).toBeUndefined();
  expect(closestTo('al', ['all', 'one'])).toBe('all');
});

test('nothing is near when there is nothing to choose from', () => {
  expect(closestTo('include', [])).toBeUndefined();
});
