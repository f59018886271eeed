import { expect, test } from 'vitest';
import { formatOf } from '../../../src/formats/format.ts';

test.each([
  ['wishes.csv', 'csv'],
  ['WISHES.CSV', 'csv'],
  ['/tmp/a.csv/wishes.json', 'json'],
  ['wishes.ndjson', 'ndjson'],
  ['wishes.jsonl', 'ndjson'],
  ['wishes.txt', undefined],
  ['csv', undefined],
  ['-', undefined],
])('the name %s promises %s', (path, format) => {
  expect(formatOf(path)).toBe(format);
});
