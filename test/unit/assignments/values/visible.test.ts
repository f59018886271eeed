import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quoted } from '../../../../src/assignments/values/quoted.ts';
import { hiddenIn, visible } from '../../../../src/assignments/values/visible.ts';

test.each([
  ['\u200b', '\\u200b', 'an invisible character, U+200B (zero width space), as its character 2'],
  ['\u00a0', '\\u00a0', 'an invisible character, U+00A0 (no-break space), as its character 2'],
  ['\u00ad', '\\u00ad', 'an invisible character, U+00AD (soft hyphen), as its character 2'],
  ['\ufeff', '\\ufeff', 'an invisible character, U+FEFF (byte order mark), as its character 2'],
  ['\u200e', '\\u200e', 'an invisible character, U+200E (left-to-right mark), as its character 2'],
  ['\u202e', '\\u202e', 'an invisible character, U+202E (right-to-left override), as its character 2'],
  ['\u2069', '\\u2069', 'an invisible character, U+2069 (pop directional isolate), as its character 2'],
  ['\u3164', '\\u3164', 'an invisible character, U+3164, as its character 2'],
  ['\u{e0041}', '\\u{e0041}', 'an invisible character, U+E0041, as its character 2'],
  ['\u001b', '\\u001b', 'a control character, U+001B, as its character 2'],
  ['\u2028', '\\u2028', 'a control character, U+2028, as its character 2'],
])('%j is shown and named', (character, shown, told) => {
  expect(visible(`ä${character}b`)).toBe(`ä${shown}b`);
  expect(quoted(`ä${character}b`)).toBe(`"ä${shown}b"`);
  expect(hiddenIn(`ä${character}b`)).toBe(told);
});

test('what is seen stays as it is', () => {
  for (const text of ['Zürich – „Außen“ ’24', '東京　支社', 'Δοκιμή', '😀👍🏽', 'a\\u200b']) {
    expect(visible(text)).toBe(text);
    expect(hiddenIn(text)).toBeUndefined();
  }
});

test('places are counted in characters, not in halves of them', () => {
  expect(hiddenIn('😀\u200b')).toContain('as its character 2');
});

test('whatever the text, nothing is left in it that can’t be seen', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(hiddenIn(visible(text))).toBeUndefined();
      expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
  );
});
