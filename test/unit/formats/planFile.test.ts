import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { INPUT_COLUMNS } from '../../../src/assignments/rows/columns.ts';
import { GUARD_KINDS } from '../../../src/assignments/guard/guard.ts';
import type { Problem } from '../../../src/assignments/rows/row.ts';
import { PLAN_DEPTH_MAX, PLAN_LINE_CHARS_MAX } from '../../../src/formats/limits.ts';
import {
  isPlanFile,
  PLAN_DECISIONS,
  recognise,
  type PlanEnd,
  type PlanHeader,
  type PlanRow,
} from '../../../src/formats/planFile.ts';
import { readPlanFile } from '../../../src/formats/readPlanFile.ts';
import { PlanFileWriter } from '../../../src/formats/writePlanFile.ts';
import { inChunks } from '../../support/readAll.ts';

interface WholePlan {
  header?: PlanHeader;
  readonly rows: PlanRow[];
  end?: PlanEnd;
  problem?: Problem;
}

async function planIn(content: string | Uint8Array, chunkBytes = 65_536): Promise<WholePlan> {
  const plan: WholePlan = { rows: [] };
  for await (const read of readPlanFile(inChunks(Buffer.from(content), chunkBytes))) {
    expect(plan.problem, 'a problem is the last').toBeUndefined();
    if (read.kind === 'row') plan.rows.push(read.row);
    else Object.assign(plan, { [read.kind]: read[read.kind as keyof typeof read] });
  }
  return plan;
}

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'retarget-plan-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const header = (rows: number): PlanHeader => ({
  tenant: '11111111-1111-4111-8111-111111111111',
  graphUrl: 'https://graph.microsoft.com',
  apiVersion: 'beta',
  strategy: 'patch',
  source: { name: 'changes.csv', sha256: 'ab'.repeat(32) },
  createdAt: '2026-03-01T20:15:00.000Z',
  columns: ['policyId', 'note'],
  rows,
  blind: false,
  offline: false,
});

const row = (line: number, more: Partial<PlanRow> = {}): PlanRow => ({
  line,
  rank: undefined,
  cells: new Map([['policyId', `p${line}`]]),
  decision: 'write',
  before: undefined,
  list: undefined,
  after: undefined,
  guard: [],
  ...more,
});

const ROWS = [
  row(2, {
    before: { id: 'a1', target: { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: 'g' } },
    list: '0123456789abcdef',
    after: { target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' } },
    guard: ['all-devices', 'filter-lost'],
  }),
  row(3, { decision: 'alreadySo' }),
  row(5, { decision: 'refused' }),
];

async function written(
  rows: readonly PlanRow[],
  guard: PlanEnd['guard'] = {},
  path = join(directory(), 'plan.ndjson'),
): Promise<string> {
  await using writer = await PlanFileWriter.create(path, header(rows.length));
  for (const each of rows) await writer.row(each);
  await writer.end(guard);
  return readFileSync(path, 'utf8');
}

test('a plan is a line for its header, one for each row, and one for its end', async () => {
  const lines = (await written(ROWS, { 'all-devices': 1 }))
    .split('\n')
    .map((line) => line && JSON.parse(line));
  expect(lines).toEqual([
    { kind: 'plan', format: 1, ...header(3) },
    {
      line: 2,
      input: { policyId: 'p2' },
      decision: 'write',
      before: ROWS[0]?.before,
      list: '0123456789abcdef',
      after: ROWS[0]?.after,
      guard: ['all-devices', 'filter-lost'],
    },
    { line: 3, input: { policyId: 'p3' }, decision: 'alreadySo' },
    { line: 5, input: { policyId: 'p5' }, decision: 'refused' },
    { kind: 'end', rows: 3, writes: 1, guard: { 'all-devices': 1 } },
    '',
  ]);
});

const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom(
    '__proto__',
    '\u0000',
    '\n',
    '\r\n',
    '\u2028',
    '"',
    '\\',
    '\ud800',
    '=1+1',
    ' x ',
    '\ufeff',
    '',
  ),
);
const hostileJson = fc
  .jsonValue({ maxDepth: 3, stringUnit: 'binary', noUnicodeString: false })
  .map(withoutMinusZero);
const hostileObject = fc
  .dictionary(hostileText, hostileJson, { maxKeys: 4 })
  .map((object) => JSON.parse(JSON.stringify(object)) as Record<string, unknown>);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

/** JSON has no -0. */
function withoutMinusZero(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const hostileRow: fc.Arbitrary<PlanRow> = fc.record({
  line: fc.integer({ min: 1, max: 2 ** 31 }),
  rank: fc.constantFrom(undefined, 0),
  cells: fc
    .uniqueArray(
      fc.tuple(
        fc.constantFrom(...INPUT_COLUMNS),
        fc.oneof(hostileText, hostileJson).filter((value) => value !== null),
      ),
      { selector: ([column]) => column, maxLength: 5 },
    )
    .map((cells) => new Map<(typeof INPUT_COLUMNS)[number], unknown>(cells)),
  decision: fc.constantFrom(...PLAN_DECISIONS),
  before: maybe(hostileObject),
  list: maybe(fc.stringMatching(/^[0-9a-f]{16}$/)),
  after: maybe(hostileObject),
  guard: fc.array(fc.constantFrom(...GUARD_KINDS), { maxLength: 2 }),
});

test('what is written is read again to the last character, however it is cut into chunks', async () => {
  const path = join(directory(), 'plan.ndjson');
  await fc.assert(
    fc.asyncProperty(
      fc.array(hostileRow, { maxLength: 6 }),
      fc.integer({ min: 1, max: 200 }),
      async (rows, chunkBytes) => {
        const guard = { narrowed: rows.length };
        const plan = await planIn(await written(rows, guard, path), chunkBytes);
        expect(plan.problem).toBeUndefined();
        expect(plan.header).toEqual(header(rows.length));
        expect(plan.rows).toEqual(rows);
        // `toEqual` does not look at a member named __proto__.
        expect(JSON.stringify(plan.rows)).toBe(JSON.stringify(rows));
        expect(plan.rows.map(({ cells }) => JSON.stringify([...cells]))).toEqual(
          rows.map(({ cells }) => JSON.stringify([...cells])),
        );
        const writes = rows.filter(({ decision }) => decision === 'write').length;
        expect(plan.end).toEqual({ rows: rows.length, writes, guard });
      },
    ),
  );
});

test('null is the same as absent', async () => {
  const text = (await written([row(2)])).replace('"decision"', '"before":null,"after":null,"decision"');
  expect((await planIn(text)).rows).toEqual([row(2)]);
});

test('a plan that is cut anywhere has a problem in the place of its end', async () => {
  const whole = Buffer.from(await written(ROWS));
  for (let length = 0; length < whole.length - 1; length++) {
    const { end, problem } = await planIn(whole.subarray(0, length));
    expect(end, `${length} bytes`).toBeUndefined();
    expect(problem?.remedy, `${length} bytes`).toContain('retarget plan FILE -o plan.ndjson');
  }
  expect((await planIn(whole.subarray(0, -1))).end).toBeDefined();
});

test.each<[string, (lines: string[]) => string[], Partial<Problem> & { message: string }]>([
  ['no line', () => [], { line: 1, message: 'The plan is empty.' }],
  [
    'no last line',
    (lines) => lines.slice(0, -1),
    { line: 4, message: 'The plan is cut short: it ends after 3 of 3 rows, without its last line.' },
  ],
  [
    'a row too few',
    (lines) => lines.toSpliced(2, 1),
    { line: 4, message: 'The plan has 2 rows with 1 writes' },
  ],
  [
    'a row twice',
    (lines) => lines.toSpliced(2, 0, lines[2] ?? ''),
    { line: 6, message: 'The plan has 4 rows' },
  ],
  [
    'a decision that was changed',
    (lines) => lines.map((line) => line.replace('alreadySo', 'write')),
    { line: 5, message: 'The plan has 3 rows with 2 writes' },
  ],
  [
    'another plan behind it',
    (lines) => [...lines, ...lines],
    { line: 6, message: 'Something follows the last line of the plan.' },
  ],
  ['no header', (lines) => lines.slice(1), { line: 1, message: 'kind: ' }],
  [
    'a newer format',
    (lines) => lines.map((line) => line.replace('"format":1', '"format":2')),
    {
      line: 1,
      name: 'format',
      message: 'The plan has format 2; this version of retarget reads format 1.',
      remedy: 'Use the version of retarget that made it, or make the plan anew with this one.',
    },
  ],
  [
    'a column that nobody knows',
    (lines) => lines.map((line) => line.replace('"policyId":"p3"', '"policyID":"p3"')),
    { line: 3, name: 'input', message: 'input: ' },
  ],
  [
    'a cell of null',
    (lines) => lines.map((line) => line.replace('"p3"', 'null')),
    { line: 3, name: 'input', message: 'input.policyId: must not be null.' },
  ],
  [
    'a member that nobody knows',
    (lines) => lines.map((line) => line.replace('"line":3', '"line":3,"lne":3')),
    { line: 3, message: 'Unrecognized key' },
  ],
  [
    'a decision that nobody knows',
    (lines) => lines.map((line) => line.replace('refused', 'refuse')),
    { line: 4, name: 'decision', message: 'decision: ' },
  ],
  [
    'a list of texts for assignments',
    (lines) => lines.map((line) => line.replace(/"before":\{.*?\}\}/, '"before":["a"]')),
    { line: 2, name: 'before', message: 'before: must be an object, or a list of them.' },
  ],
  [
    'a place behind its rows',
    (lines) => lines.map((line) => line.replace('"line":3', '"line":3,"rank":3')),
    { line: 3, name: 'rank', message: 'rank: The plan has only 3 rows.' },
  ],
  [
    'a guard kind that nobody knows',
    (lines) => lines.map((line) => line.replace('filter-lost', 'filter-list')),
    { line: 2, name: 'guard', message: 'guard.1: ' },
  ],
  [
    'half a fingerprint',
    (lines) => lines.map((line) => line.replace('0123456789abcdef', '01234567')),
    { line: 2, name: 'list', message: 'list: ' },
  ],
  [
    'a line that is no number',
    (lines) => lines.map((line) => line.replace('"line":3', '"line":"3"')),
    { line: 3, column: 2, name: 'line', message: 'line: ' },
  ],
  [
    'a name twice',
    (lines) => lines.map((line) => line.replace('"line":3', '"line":3,"line":4')),
    { line: 3, column: 11, message: 'The name "line" is there twice in one object.' },
  ],
  ['no JSON', (lines) => lines.toSpliced(2, 1, '{"line":3,}'), { line: 3, message: 'This is no JSON' }],
  ['an array', (lines) => lines.toSpliced(2, 1, '[]'), { line: 3, message: 'A record must be an object' }],
  [
    'a line that nests too deep',
    (lines) => lines.toSpliced(2, 1, `{"before":${'['.repeat(100_000)}`),
    { line: 3, message: `The line nests more than ${PLAN_DEPTH_MAX} levels deep.` },
  ],
  [
    'a line without end',
    (lines) => lines.toSpliced(2, 1, 'x'.repeat(PLAN_LINE_CHARS_MAX + 1)),
    { line: 3, message: `The line is longer than ${PLAN_LINE_CHARS_MAX} characters.` },
  ],
])('a plan with %s is refused', async (_, changed, expected) => {
  const lines = (await written(ROWS)).trimEnd().split('\n');
  const { end, problem } = await planIn(changed(lines).join('\n'));
  // What follows the end can be told only after it: the problem counts.
  if (problem?.message.startsWith('Something follows') !== true) expect(end).toBeUndefined();
  expect(problem).toMatchObject({ ...expected, message: expect.stringContaining(expected.message) });
  expect(problem?.remedy).not.toBe('');
});

test('a plan that is no text is refused', async () => {
  const utf16 = Buffer.from(`\ufeff${await written(ROWS)}`, 'utf16le');
  expect((await planIn(utf16)).problem?.message).toContain('UTF-16');
  const bad = Buffer.concat([Buffer.from((await written(ROWS)).slice(0, -2)), Buffer.of(0xff)]);
  expect((await planIn(bad)).problem).toMatchObject({ line: 5, message: expect.stringContaining('UTF-8') });
});

test('an error of the disk is no problem of the plan', async () => {
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('{"kind":');
    throw new Error('the disk is gone');
  };
  await expect(readPlanFile(failing()).next()).rejects.toThrow('the disk is gone');
});

test('a plan has its name only when it is whole, and until then only its owner reads it', async () => {
  const dir = directory();
  const path = join(dir, 'plan.ndjson');
  writeFileSync(path, 'an older plan', { mode: 0o644 });
  const rows = Array.from({ length: 2_000 }, (_, i) => row(i + 2));
  {
    await using writer = await PlanFileWriter.create(path, header(rows.length));
    for (const each of rows) await writer.row(each);
    expect(readdirSync(dir)).toHaveLength(2);
    for (const name of readdirSync(dir).filter((each) => each !== 'plan.ndjson'))
      expect(statSync(join(dir, name)).mode & 0o077).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe('an older plan');
    expect(await writer.end({})).toEqual({ rows: 2_000, writes: 2_000, guard: {} });
    expect((await planIn(readFileSync(path))).rows).toEqual(rows);
  }
  expect(readdirSync(dir)).toEqual(['plan.ndjson']);
  expect(statSync(path).mode & 0o777).toBe(0o644);
});

test('a plan that was given up leaves nothing', async () => {
  const dir = directory();
  {
    await using writer = await PlanFileWriter.create(join(dir, 'plan.ndjson'), header(2));
    await writer.row(row(2));
    await expect(writer.end({})).rejects.toThrow('1 rows, its header says 2');
  }
  expect(readdirSync(dir)).toEqual([]);
});

test('a plan does not take the place of what is no file', async () => {
  const dir = directory();
  mkdirSync(join(dir, 'plans'));
  const created = PlanFileWriter.create(join(dir, 'plans'), header(0));
  await expect(created).rejects.toMatchObject({
    syscall: 'open',
    message: expect.stringContaining('no regular file'),
  });
  await expect(PlanFileWriter.create('/dev/null', header(0))).rejects.toMatchObject({ syscall: 'open' });
  await expect(PlanFileWriter.create(join(dir, 'no', 'plan'), header(0))).rejects.toMatchObject({
    syscall: 'open',
  });
  expect(readdirSync(dir)).toEqual(['plans']);
});

test.each([
  ['{"kind":"plan","format":1', true],
  ['\ufeff {"kind": "plan", "format": 9', true],
  ['{"kind":"plans"', false],
  ['{"kind":"end"', false],
  ['{"policyId":"plan"', false],
  ['kind,plan', false],
  ['', false],
])('%j starts a plan: %s', async (text, isPlan) => {
  expect(isPlanFile(Buffer.from(text))).toBe(isPlan);
  for (const chunkBytes of [1, 7, 1000]) {
    const bytes = Buffer.from(`${text}${'\u00e9'.repeat(200)}`);
    const known = await recognise(inChunks(bytes, chunkBytes));
    expect(known.isPlan).toBe(isPlan);
    const again: Uint8Array[] = [];
    for await (const chunk of known.bytes) again.push(chunk);
    expect(Buffer.concat(again)).toEqual(bytes);
  }
});

test('a file that was recognised and not read on is let go of', async () => {
  let isOpen = true;
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.from('{"kind":"plan"}\n');
    } finally {
      isOpen = false;
    }
  };
  for await (const read of readPlanFile((await recognise(bytes())).bytes)) {
    expect(read.kind).toBe('problem');
  }
  expect(isOpen).toBe(false);
});
