import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { Results, ShownResult } from '../../../../src/app/runs/results.ts';
import { createPrinter } from '../../../../src/cli/terminal/print.ts';
import { showResults } from '../../../../src/cli/terminal/showResults.ts';
import { widthOf } from '../../../../src/cli/terminal/width.ts';

const SALES = 'c2411c5e-0000-4000-8000-00000000f00d';
const result = (more: Partial<ShownResult>): ShownResult => ({
  ...{ line: 2, status: 'succeeded', policy: 'Wi-Fi', before: 'all devices', wanted: `group ${SALES}` },
  ...{ code: '', message: '' },
  ...more,
});

async function shown(...rows: readonly ShownResult[]): Promise<string[]> {
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
  const results: Results = {
    ...{ columns: [], called: { [SALES]: 'GRP-Sales' } },
    async *rows() {},
    async *shown() {
      yield* rows;
    },
  };
  await showResults(
    results,
    createPrinter(stream, stream, { NO_COLOR: '1' }),
    'retarget results r1 -o results.csv',
  );
  return text.trimEnd().split('\n').slice(0, -1);
}

test('results are a table for a person, with names, and one cause once with its lines', async () => {
  const failed = { status: 'failed', code: 'Forbidden' } as const;
  expect(
    await shown(
      result({}),
      result({ ...failed, line: 3, message: `group ${SALES} may not.` }),
      result({ ...failed, line: 4, message: `group ${SALES} may not.`, policy: '東京' }),
      result({ status: 'skipped', line: 5, code: 'DuplicateRow', message: 'Line 2 wants the same.' }),
    ),
  ).toEqual([
    'LINE  STATUS     POLICY  BEFORE       WANTED',
    '2     succeeded  Wi-Fi   all devices  GRP-Sales (c241…)',
    '3     failed     Wi-Fi   all devices  GRP-Sales (c241…)',
    '4     failed     東京    all devices  GRP-Sales (c241…)',
    '5     skipped    Wi-Fi   all devices  GRP-Sales (c241…)',
    '  2 rows fail: Forbidden: GRP-Sales (c241…) may not: lines 3, 4',
    '4 rows: 1 succeeded, 1 skipped, 2 failed.',
  ]);
});

test('of many rows a screenful is shown, all are counted, and everything fits', async () => {
  const lines = await shown(
    ...Array.from({ length: 1_250 }, (_, n) =>
      result({ line: n + 2, policy: `無線 ${'Wi-Fi of a very long name '.repeat(4)}${n}` }),
    ),
  );
  expect(lines).toHaveLength(1 + 15 + 1);
  expect(lines.at(-1)).toBe('1,250 rows (the first 15 shown): 1,250 succeeded.');
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
  expect(lines[1]).toContain(' name 0');
});

test('no rows are told as such', async () => {
  expect(await shown()).toEqual(['No such rows.']);
});

test('what did not go as wanted is shown first, and all of it is counted by its causes', async () => {
  const failed = { status: 'failed', code: 'Forbidden' } as const;
  const lines = await shown(
    ...Array.from({ length: 3_000 }, (_, n) =>
      result(n < 1_500 ? { line: n + 2 } : { ...failed, line: n + 2, message: `no ${n}` }),
    ),
  );
  expect(lines[1]).toMatch(/^1502 /);
  expect(lines.at(-2)).toMatch(/1,500 rows fail: Forbidden: no 1500: lines 1502/);
  expect(lines.at(-1)).toContain('(15 shown, failures first)');
});

test('the last line writes all of it', async () => {
  const results: Results = {
    ...{ columns: [], called: {} },
    async *rows() {},
    async *shown() {},
  };
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  await showResults(results, createPrinter(stream, stream, {}), 'retarget results r1 -o results.csv');
  expect(text).toContain('retarget results r1 -o results.csv');
});
