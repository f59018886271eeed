import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalText } from '../../../../src/assignments/changes/canonical.ts';
import {
  isExactNumber,
  parsedExactly,
  sameExactNumber,
} from '../../../../src/assignments/values/exactJson.ts';
import { isJsonObject } from '../../../../src/assignments/values/json.ts';

test.each([
  '9007199254740993',
  '-9007199254740993',
  '123456789012345678901234567890',
  '0.1000000000000000055511151231257827',
  '3.00000000000000000001',
  '1e400',
  '-1E+400',
  '1e-400',
  '12345678901234567891e3',
])('%s keeps its digits, wherever it stands', (digits) => {
  for (const text of [digits, `[${digits}]`, `{"a":{"b":[1,${digits},"x"]}}`])
    expect(JSON.stringify(parsedExactly(text))).toBe(text);
  expect(isExactNumber(parsedExactly(`${digits} `))).toBe(true);
  expect(isJsonObject(parsedExactly(digits))).toBe(false);
});

test.each([
  ['1', 1],
  ['1.0', 1],
  ['100e-2', 1],
  ['-0', -0],
  ['0e999', 0],
  ['9007199254740992', 9007199254740992],
  ['9007199254740994.000', 9007199254740994],
  ['1e21', 1e21],
  ['1.7976931348623157E308', Number.MAX_VALUE],
  ['5e-324', Number.MIN_VALUE],
  ['0.1', 0.1],
])('%s is a number like any other', (text, value) => {
  expect(parsedExactly(text)).toBe(value);
});

test('every value is read as JSON.parse does', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(parsedExactly(text)).toEqual(JSON.parse(text));
    }),
  );
});

test('every number keeps its value, however many digits it has', () => {
  const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,40})(\.\d{1,40})?([eE][+-]?\d{1,3})?$/);
  fc.assert(
    fc.property(digits, (text) => {
      const again = JSON.stringify(parsedExactly(`{"n":${text}}`)).slice(5, -1);
      // Two texts of one value are the same number to whoever computes exactly.
      expect(exactly(again)).toEqual(exactly(text));
    }),
  );
});

test('text that looks like such a number stays text', () => {
  const text = JSON.stringify({ a: ', 9007199254740993', b: ':1e400' });
  expect(parsedExactly(text)).toEqual(JSON.parse(text));
});

test('two such numbers mean the same only when their digits are the same', () => {
  const canonical = (digits: string): string => canonicalText(parsedExactly(`{"n":${digits}}`));
  expect(canonical('9007199254740993')).toBe(canonical('9007199254740993'));
  expect(canonical('9007199254740993')).not.toBe(canonical('9007199254740992'));
});

test.each(['', '{', '01', '+1', '1e', '{"a":9007199254740993,}', '.5'])('%j is no JSON', (text) => {
  expect(() => parsedExactly(text)).toThrow(SyntaxError);
});

/** A decimal as a fraction of whole numbers. */
function exactly(text: string): [bigint, bigint] {
  const [, sign, whole = '0', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const scale = Number(power) - fraction.length;
  const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n);
  const [top, bottom] = scale >= 0 ? [digits * 10n ** BigInt(scale), 1n] : [digits, 10n ** BigInt(-scale)];
  const divisor = gcd(top < 0n ? -top : top, bottom);
  return [top / divisor, bottom / divisor];
}

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a || 1n : gcd(b, a % b));

test.each([
  ['9007199254740993', '9007199254740993.0', true],
  ['1e400', '10E399', true],
  ['9007199254740993', '9007199254740995', false],
  ['9007199254740993', '9007199254740992', false],
])('%s and %s are one number: %j', (one, other, isSame) => {
  expect(sameExactNumber(parsedExactly(one), parsedExactly(other))).toBe(isSame);
});
