import { expect, test } from 'vitest';
import { readJson, writeJson } from '../../../src/simulator/json.ts';

test('numbers keep their digits on the way in and out, those that a double can not hold as well', () => {
  const text =
    '{"a":9007199254740993,"b":[-9223372036854775808,1],"c":9007199254740991,"d":0.5,"e":"9007199254740993"}';
  const read = readJson(text);
  expect(read).toMatchObject({ a: 9_007_199_254_740_993n, c: 9_007_199_254_740_991, d: 0.5 });
  expect(writeJson(read)).toBe(text);
});

test('text that is no JSON is an error, whatever numbers are in it', () => {
  expect(() => readJson('{"a":9007199254740993')).toThrow(SyntaxError);
});
