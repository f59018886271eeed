import { expect, test } from 'vitest';
import { formatOf } from '../../../src/formats/format.ts';

test.each([
  ['wants.csv', 'csv'],
  ['WISHES.CSV', 'csv'],
  ['/tmp/a.csv/wants.json', 'json'],
  ['wants.ndjson', 'ndjson'],
  ['wants.jsonl', 'ndjson'],
  ['wants.txt', undefined],
  ['csv', undefined],
  ['-', undefined],
])('the name %s promises %s', (path, format) => {
  expect(formatOf(path)).toBe(format);
});
