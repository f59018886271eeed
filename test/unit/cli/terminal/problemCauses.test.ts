import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createPrinter } from '../../../../src/cli/terminal/print.ts';
import { showProblems } from '../../../../src/cli/terminal/problems.ts';

function said(total: number, isTTY: boolean, groupOf = (i: number): string => `G${i}`): string[] {
  let text = '';
  const stream = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    }),
    { isTTY, columns: 80 },
  );
  const problems = Array.from({ length: total }, (_, i) => ({
    ...{ line: i + 2, column: 1, name: i % 10 === 0 ? 'groupName' : 'policyName' },
    message: i % 10 === 0 ? `There is no group "${groupOf(i)}".` : `2 policies are called "P${i}": a; b.`,
    remedy: 'Write another.',
  }));
  showProblems({ name: 'x.csv', problems, problemTotal: total }, createPrinter(stream, stream, {}));
  return text.trimEnd().split('\n');
}

test('a person is shown many problems by their causes, the commonest first, with the first lines', () => {
  expect(said(100, true)).toEqual([
    'x.csv has 100 problems:',
    '  90 rows → policyName: 2 policies are called "P1": a; b (and 89 like it): lines',
    '    3, 4, 5 …',
    '  10 rows → groupName: There is no group "G0" (and 9 like it): lines 2, 12, 22 …',
    '  --problems FILE writes each row with its reason.',
  ]);
});

test('what is wrong in the same words is one cause, with what to write', () => {
  const lines = said(60, true, () => 'GRP-X');
  expect(lines.join('\n')).toContain(
    '  6 rows → groupName: There is no group "GRP-X": lines 2, 12, 22 … Write\n    another.\n',
  );
});

test('causes take twenty lines at most, however many there are', () => {
  let text = '';
  const stream = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    }),
    { isTTY: true, columns: 80 },
  );
  const problems = Array.from({ length: 200 }, (_, i) => ({
    ...{
      line: i + 2,
      column: 1,
      name: `column${i % 50}`,
      message: 'Something is wrong.',
      remedy: 'Mend it.',
    },
  }));
  showProblems({ name: 'x.csv', problems, problemTotal: 200 }, createPrinter(stream, stream, {}));
  const lines = text.trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(20 + 1);
  expect(lines.at(-2)).toBe('  … and 32 more causes.');
});

test('a few, and whatever goes into a file, are shown one by one', () => {
  expect(said(3, true)).toHaveLength(3);
  expect(said(100, false)).toHaveLength(100);
  expect(said(1, false)).toEqual(['x.csv:2:1 groupName: There is no group "G0". Write another.']);
});
