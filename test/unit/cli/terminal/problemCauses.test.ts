import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createPrinter } from '../../../../src/cli/terminal/print.ts';
import { showProblems } from '../../../../src/cli/terminal/problems.ts';

function said(total: number, isTTY: boolean): string[] {
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
    message: i % 10 === 0 ? `There is no group "G${i}".` : `2 policies are called "P${i}": a; b.`,
    remedy: 'Write another.',
  }));
  showProblems({ name: 'x.csv', problems, problemTotal: total }, createPrinter(stream, stream, {}));
  return text.trimEnd().split('\n');
}

test('a person is shown many problems by their causes, the commonest first', () => {
  expect(said(100, true)).toEqual([
    'x.csv has 100 problems:',
    '  90 × policyName, line 3, 4, 5, 6, 7, 8, …: 2 policies are called "P1": a; b.',
    '    Write another.',
    '  10 × groupName, line 2, 12, 22, 32, 42, 52, …: There is no group "G0". Write',
    '    another.',
    '  --problems FILE writes each row with its reason.',
  ]);
});

test('a few, and whatever goes into a file, are shown one by one', () => {
  expect(said(3, true)).toHaveLength(3);
  expect(said(100, false)).toHaveLength(100);
  expect(said(1, false)).toEqual(['x.csv:2:1 groupName: There is no group "G0". Write another.']);
});
