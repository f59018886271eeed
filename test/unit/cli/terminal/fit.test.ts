import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tableLines, wrapped } from '../../../../src/cli/terminal/fit.ts';
import { widthOf } from '../../../../src/cli/terminal/width.ts';

describe('a line', () => {
  test('is parted between words on a terminal, and what follows is indented; elsewhere it stays whole', () => {
    const line = '  one two three four five';
    expect(wrapped(line, 16)).toEqual(['  one two three', '    four five']);
    expect(wrapped(line, 16, 6)).toEqual(['  one two three', '      four five']);
    expect(wrapped(line, undefined)).toEqual([line]);
    expect(wrapped(line, 80)).toEqual([line]);
  });

  test('never parts a command that is to be pasted', () => {
    expect(wrapped('Go on with `retarget resume r1 --work`, or not.', 30)).toEqual([
      'Go on with',
      '  `retarget resume r1 --work`,',
      '  or not.',
    ]);
    const hint = "RETARGET_DATA_DIR='/x' retarget results r1 -o results.csv";
    expect(wrapped(`  All results:  ${hint}`, 40)).toEqual(['  All results:', `    ${hint}`]);
  });

  test('keeps what is bold, whose signs take no room', () => {
    expect(wrapped('\u001b[1mone two\u001b[22m', 7)).toEqual(['\u001b[1mone two\u001b[22m']);
  });

  test('loses no word, whatever the words and the width', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 10, max: 100 }), (text, columns) => {
        const words = (lines: readonly string[]) => lines.join(' ').split(/\s+/).filter(Boolean);
        expect(words(wrapped(text, columns))).toEqual(words([text]));
      }),
    );
  });
});

describe('a table', () => {
  const headings = ['RUN', 'STATE', 'FAILED', 'STALE', 'FILE'];
  const run = (failed: string, file: string) => ['20260131-101010-abcd', 'running', failed, '0', file];

  test('has columns as wide as they have to be where there is room, and where nobody looks', () => {
    const wide = tableLines(headings, [run('3', 'x'.repeat(200))], { columns: undefined });
    expect(wide[0]).toBe('RUN                   STATE    FAILED  STALE  FILE');
    expect(wide[1]).toContain('x'.repeat(200));
  });

  test('leaves out what is 0 everywhere and cuts the widest cells, but never the first column', () => {
    const file = '/home/ada/migrations/2026-01/changes-of-berlin.csv';
    expect(tableLines(headings, [run('3', file), run('0', 'y.csv')], { columns: 64 })).toEqual([
      'RUN                   STATE    FAILED  FILE',
      '20260131-101010-abcd  running  3       /home/ada/mi…f-berlin.csv',
      '20260131-101010-abcd  running  0       y.csv',
    ]);
  });

  test('is no wider than the terminal, whatever stands in it', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'é', ' ', '0', '本', '한', '🙂'), maxLength: 90 });
    const row = fc.tuple(cell, cell, cell).map((cells) => ['12', ...cells]);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), fc.integer({ min: 50, max: 90 }), (rows, columns) => {
        const lines = tableLines(['line', 'policy', 'before', 'after'], rows, { columns });
        expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
        expect(lines).toHaveLength(rows.length + 1);
      }),
    );
  });

  test('has its columns below each other, also where characters are as wide as two', () => {
    expect(
      tableLines(
        ['line', 'policy', 'after'],
        [
          ['2', '東京 Wi-Fi', 'A'],
          ['3', 'Berlin', 'B'],
        ],
        { columns: 80 },
      ),
    ).toEqual(['line  policy      after', '2     東京 Wi-Fi  A', '3     Berlin      B']);
  });

  test('parts its last cells between words where they are sentences, below the others where they need the room', () => {
    const log = ['2026-01-31T10:10:10Z', 'ada@desk', 'paused until the day after'];
    expect(tableLines(['TIME', 'WHO', 'WHY'], [log], { columns: 56, wrapsLast: true })).toEqual([
      'TIME                  WHO       WHY',
      '2026-01-31T10:10:10Z  ada@desk  paused until the day',
      '                                after',
    ]);
    const long = [...log.slice(0, 2), 'b'.repeat(40)];
    expect(tableLines(['TIME', 'WHO', 'WHY'], [long], { columns: 56, wrapsLast: true })).toEqual([
      'TIME                  WHO',
      '    WHY',
      '2026-01-31T10:10:10Z  ada@desk',
      `    ${'b'.repeat(40)}`,
    ]);
  });
});
