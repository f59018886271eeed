import { expect, test } from 'vitest';
import { quoted, shown } from '../../../../src/assignments/values/quoted.ts';

test('a text in a message stays on one line, short, and can not steer a terminal', () => {
  expect(quoted('group')).toBe('"group"');
  expect(quoted('a"b\n\u001b[31m')).toBe('"a\\"b\\n\\u001b[31m"');
  expect(quoted('a\u009b31m\u202eb\u2028')).toBe('"a\\u009b31m\\u202eb\\u2028"');
  expect(quoted('x'.repeat(5000))).toBe(`"${'x'.repeat(60)}…"`);
});

test('a cut through the middle of a character leaves no half of it', () => {
  expect(quoted(`${'x'.repeat(59)}😀😀`).isWellFormed()).toBe(true);
  expect(JSON.parse(quoted(`${'x'.repeat(59)}😀😀`))).toBe(`${'x'.repeat(59)}\ufffd…`);
});

test.each([
  [undefined, 'undefined'],
  [null, 'null'],
  [['allowed'], '["allowed"]'],
  [{ a: 1 }, '{"a":1}'],
  [1.5, '1.5'],
  ['text', '"text"'],
  ['x'.repeat(100), `"${'x'.repeat(60)}…"`],
  [{ a: 'x'.repeat(100) }, `{"a":"${'x'.repeat(54)}…`],
])('any value is shown as JSON', (value, text) => {
  expect(shown(value)).toBe(text);
});
