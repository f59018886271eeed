import fc from 'fast-check';
import { expect, test } from 'vitest';
import { INPUT_COLUMNS, type InputColumn } from '../../../src/assignments/rows/columns.ts';
import { FILE_FORMATS, type FileFormat } from '../../../src/formats/format.ts';
import { writeRows, type CsvSpelling, type Values } from '../../../src/formats/writeRows.ts';
import { readAll, valuesOf } from '../../support/readAll.ts';

async function written(
  format: FileFormat,
  columns: readonly string[],
  records: Values[],
  spelling?: CsvSpelling,
): Promise<string> {
  let text = '';
  for await (const piece of writeRows(format, columns, records, spelling)) text += piece;
  return text;
}

// eslint-disable-next-line no-control-regex
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

/** Text that a cell may hold: anything a person or a spreadsheet comes up with, trimmed as reading does. */
const NASTY = [
  '"',
  '""',
  ',',
  ';',
  '\t',
  '\n',
  '\r\n',
  '\r',
  '=1+1',
  '@x',
  '-',
  '\\',
  "'",
  '{',
  '[',
  'é',
  '日本',
  '🙂',
  'NaN',
  ' ',
  '\u00a0',
  '#',
];
const nastyText = fc
  .array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'grapheme', maxLength: 4 })), { maxLength: 8 })
  .map((parts) => parts.join('').replace(CONTROL_CHARACTERS, '').trim());

const shape = fc.uniqueArray(fc.constantFrom(...INPUT_COLUMNS), { minLength: 1, maxLength: 6 });

const file = (cell: fc.Arbitrary<unknown>): fc.Arbitrary<{ columns: InputColumn[]; records: Values[] }> =>
  shape.chain((columns) =>
    fc.record({
      columns: fc.constant(columns),
      records: fc.array(
        fc
          .tuple(cell, ...columns.map(() => fc.oneof(cell, fc.constant(null))))
          .map(([first, ...rest]) =>
            Object.fromEntries(columns.map((column, index) => [column, index === 0 ? first : rest[index]])),
          ),
        { minLength: 1, maxLength: 5 },
      ),
    }),
  );

const current = (record: Values): Values =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null && value !== ''));

// A row of nothing is no row in CSV, so each has something in its first cell.
const someText = nastyText.filter((text) => text !== '');

test('Excel is given semicolons and a byte order mark', async () => {
  const text = await written('csv', ['policyId', 'note'], [{ policyId: 'a;b', note: 'c,d' }], 'excel');
  expect(text).toBe('\ufeffpolicyId;note\n"a;b";"c,d"\n');
});

const WRITTEN: readonly (readonly [FileFormat, CsvSpelling])[] = [
  ...FILE_FORMATS.map((format) => [format, 'plain'] as const),
  ['csv', 'excel'],
];

test.each(WRITTEN)(
  'what is written as %s (%s) is read again, whatever the text',
  async (format, spelling) => {
    await fc.assert(
      fc.asyncProperty(
        file(someText),
        fc.integer({ min: 1, max: 50 }),
        async ({ columns, records }, chunkBytes) => {
          const read = await readAll(await written(format, columns, records, spelling), format, {
            chunkBytes,
          });
          expect(read.problems).toEqual([]);
          expect(read.columns).toEqual(columns);
          expect(read.rows.map(valuesOf)).toEqual(records.map(current));
        },
      ),
    );
  },
);

test.each(['json', 'ndjson'] as const)(
  '%s keeps numbers, truth values, objects and arrays',
  async (format) => {
    const value = fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.object({ maxDepth: 3, key: someText, values: [fc.integer(), nastyText, fc.constant(null)] }),
      fc.array(nastyText),
    );
    await fc.assert(
      fc.asyncProperty(file(value), async ({ columns, records }) => {
        const read = await readAll(await written(format, columns, records), format);
        expect(read.problems).toEqual([]);
        expect(read.rows.map(valuesOf)).toEqual(records.map(current));
      }),
    );
  },
);

test('each format has its own read, with null and objects in their own way', async () => {
  const records = [
    { policyId: 'p', body: { a: [1] }, done: true },
    { policyId: 'q,"r"', done: null },
  ];
  const columns = ['policyId', 'body', 'done'];
  expect(await written('csv', columns, records)).toBe(
    'policyId,body,done\np,"{""a"":[1]}",true\n"q,""r""",,\n',
  );
  expect(await written('json', columns, records)).toBe(
    '[\n{"policyId":"p","body":{"a":[1]},"done":true},\n{"policyId":"q,\\"r\\"","body":null,"done":null}\n]\n',
  );
  expect(await written('ndjson', columns, records)).toBe(
    '{"policyId":"p","body":{"a":[1]},"done":true}\n{"policyId":"q,\\"r\\"","body":null,"done":null}\n',
  );
});

test.each(FILE_FORMATS)('%s joins many records without a seam', async (format) => {
  const records = Array.from({ length: 1234 }, (_, index) => ({ policyId: `p${index}` }));
  const { rows, problems } = await readAll(await written(format, ['policyId'], records), format);
  expect(problems).toEqual([]);
  expect(rows.map(valuesOf)).toEqual(records);
});

test.each([
  ['csv', 'policyId\n'],
  ['json', '[\n\n]\n'],
  ['ndjson', ''],
] as const)('%s without records is still a file', async (format, text) => {
  expect(await written(format, ['policyId'], [])).toBe(text);
});
