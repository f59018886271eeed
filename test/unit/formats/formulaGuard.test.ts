import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FileFormat } from '../../../src/formats/format.ts';
import { guarded, unguarded } from '../../../src/formats/formulaGuard.ts';
import { writeRows, type Values } from '../../../src/formats/writeRows.ts';
import { readAll, valuesOf } from '../../support/readAll.ts';

async function written(format: FileFormat, columns: readonly string[], records: Values[]): Promise<string> {
  let text = '';
  for await (const piece of writeRows(format, columns, records)) text += piece;
  return text;
}

/** As another program takes the fields apart. */
const fieldsOf = (text: string): string[][] => parse(text, { bom: false });

test.each([
  ['=1+1', "'=1+1"],
  ['+49 30 1', "'+49 30 1"],
  ['-5', "'-5"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ["=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"],
  ['  =1', "'  =1"],
  ['\t=1', "'\t=1"],
  ['\rx', "'\rx"],
  ['＝1', "'＝1"],
  ["'=1", "''=1"],
  ["''@x", "'''@x"],
])('%j is written as %j', (text, shown) => {
  expect(guarded(text)).toBe(shown);
  expect(unguarded(shown)).toBe(text);
});

test.each(['', 'p', 'a=1', "'", "'quoted'", "O'Neill", '{"a":1}', '9f-=', 'é=', ' ', '\t'])(
  '%j is no formula and stays',
  (text) => {
    expect(guarded(text)).toBe(text);
    expect(unguarded(text)).toBe(text);
  },
);

// eslint-disable-next-line no-control-regex -- what input cells can't hold
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', '\n', ' ', '"', ',', ';', '＝', '＋', '－', '＠'),
      fc.string({ unit: 'grapheme', maxLength: 3 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

test('whatever the text, the guard can be taken off again', () => {
  fc.assert(fc.property(nasty, (text) => unguarded(guarded(text)) === text));
});

describe('a CSV file of ours', () => {
  const cell = nasty.map((text) => text.replace(CONTROL_CHARACTERS, '').trim());
  const records = fc.array(
    fc.record({ policyId: cell.map((text) => text || 'p'), note: cell, policyName: cell }),
    { minLength: 1, maxLength: 5 },
  );

  test('holds no cell that a spreadsheet would calculate, and reads back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(records, async (rows) => {
        const text = await written('csv', ['policyId', 'note', 'policyName'], rows);
        expect(
          fieldsOf(text)
            .flat()
            .filter((field) => /^\s*[=+\-@＝＋－＠]|^[\t\r\n]\s*\S/.test(field)),
        ).toEqual([]);
        const read = await readAll(text, 'csv');
        expect(read.problems).toEqual([]);
        const current = rows.map((row) =>
          Object.fromEntries(Object.entries(row).filter(([, value]) => value !== '')),
        );
        expect(read.rows.map(valuesOf)).toEqual(current);
        // A second round changes nothing any more.
        expect(await written('csv', ['policyId', 'note', 'policyName'], read.rows.map(valuesOf))).toBe(text);
      }),
    );
  });

  test('guards what Graph said, too, and leaves numbers and JSON alone', async () => {
    const record = {
      status: 'failed',
      errorMessage: '=HYPERLINK("http://x")',
      attempts: -1,
      before: { a: 1 },
    };
    expect(await written('csv', Object.keys(record), [record])).toBe(
      'status,errorMessage,attempts,before\nfailed,"\'=HYPERLINK(""http://x"")",-1,"{""a"":1}"\n',
    );
  });
});

test('JSON needs no guard', async () => {
  expect(await written('ndjson', ['note'], [{ note: '=1' }])).toBe('{"note":"=1"}\n');
  const { rows } = await readAll('{"note":"\'=1"}\n', 'ndjson');
  expect(rows.map(valuesOf)).toEqual([{ note: "'=1" }]);
});

test('an apostrophe that a user wrote before a formula is taken for the guard, any other stays', async () => {
  const { rows } = await readAll("policyId,note\np,'=1\nq,''=1\nr,'tis\n", 'csv');
  expect(rows.map(valuesOf)).toEqual([
    { policyId: 'p', note: '=1' },
    { policyId: 'q', note: "'=1" },
    { policyId: 'r', note: "'tis" },
  ]);
});
