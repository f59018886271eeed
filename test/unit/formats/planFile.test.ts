import { STRATEGIES } from '../../../src/assignments/kinds/kind.ts';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { currentAssignmentOf, type CurrentAssignment } from '../../../src/assignments/changes/current.ts';
import { ABSENT, DECISION_KINDS, NOT_READ, type Before } from '../../../src/assignments/changes/decision.ts';
import { INPUT_COLUMNS } from '../../../src/assignments/rows/columns.ts';
import { GUARD_KINDS } from '../../../src/assignments/guard/finding.ts';
import type { Problem } from '../../../src/assignments/rows/row.ts';
import { PLAN_DEPTH_MAX, PLAN_LINE_CHARS_MAX } from '../../../src/formats/limits.ts';
import {
  isPlanFile,
  recognise,
  type PlanDecision,
  type PlanEnd,
  type PlanFormat,
  type PlanHeader,
  type PlanRow,
} from '../../../src/formats/planFile.ts';
import { SEAL_MARK } from '../../../src/formats/planSeal.ts';
import { readPlanFile, type SealedEnd } from '../../../src/formats/readPlanFile.ts';
import { PlanWriter } from '../../../src/formats/writePlanFile.ts';
import { allDevices, group, current } from '../../support/graphShapes.ts';
import { inChunks } from '../../support/readAll.ts';

interface WholePlan {
  header?: PlanHeader;
  format?: PlanFormat;
  readonly rows: PlanRow[];
  end?: SealedEnd;
  problem?: Problem;
}

const KEY = Buffer.alloc(32, 'k');
const OTHER_KEY = Buffer.alloc(32, 'o');

async function planIn(
  content: string | Uint8Array,
  { chunkBytes = 65_536, key = KEY } = {},
): Promise<WholePlan> {
  const plan: WholePlan = { rows: [] };
  for await (const read of readPlanFile(inChunks(Buffer.from(content), chunkBytes), key)) {
    expect(plan.problem, 'a problem is the last').toBeUndefined();
    const { kind: _kind, ...told } = read;
    if (read.kind === 'row') plan.rows.push(read.row);
    else Object.assign(plan, told);
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

const decided = (more: Partial<PlanDecision> = {}): PlanDecision => ({
  ...{ kind: 'write', before: NOT_READ, after: undefined, via: 'patch', waitsFor: [], findings: [] },
  ...more,
});

const row = (line: number, more: Partial<PlanRow> = {}): PlanRow => ({
  line,
  rank: undefined,
  cells: new Map([['policyId', `p${line}`]]),
  names: {},
  decision: decided(),
  list: undefined,
  ...more,
});

/** The list of one policy, and that of another one with the same assignments. */
const LIST = [current(group('g'), { intent: 'apply' }, 'a1'), current(allDevices(), {}, 'a2')];
const LIKE_IT = [...LIST];
const [A1, A2] = LIST as [CurrentAssignment, CurrentAssignment];

const ROWS = [
  row(2, {
    names: { policy: 'Wi-Fi', platform: 'iOS' },
    decision: decided({
      before: { kind: 'entry', entry: A2 },
      after: { target: group('new') },
      waitsFor: [3, 5],
      findings: [
        { kind: 'all-devices', what: 'a' },
        { kind: 'filter-lost', what: 'f' },
      ],
    }),
    list: LIST,
  }),
  row(3, { decision: decided({ kind: 'alreadySo', before: { kind: 'entry', entry: A1 } }), list: LIST }),
  row(5, {
    decision: decided({ kind: 'refused', code: 'NotFound', message: 'No such policy.', httpStatus: 404 }),
  }),
];
/** Their decisions as their lines say them. */
const LINES = [
  {
    ...{ line: 2, input: { policyId: 'p2' }, names: { policy: 'Wi-Fi', platform: 'iOS' } },
    ...{ decision: 'write', via: 'patch', before: 1, after: ROWS[0]?.decision.after, waitsFor: [3, 5] },
    findings: ROWS[0]?.decision.findings,
    ...{ list: 0, assignments: LIST.map(({ whole }) => whole) },
  },
  { line: 3, input: { policyId: 'p3' }, decision: 'alreadySo', via: 'patch', before: 0, list: 0 },
  {
    ...{ line: 5, input: { policyId: 'p5' }, decision: 'refused', via: 'patch', before: 'notRead' },
    ...{ code: 'NotFound', message: 'No such policy.', httpStatus: 404 },
  },
];

async function written(
  rows: readonly PlanRow[],
  findings: PlanEnd['findings'] = {},
  path = join(directory(), 'plan.ndjson'),
  names: PlanEnd['names'] = {},
): Promise<string> {
  await using writer = await PlanWriter.create([path], header(rows.length), KEY);
  for (const each of rows) await writer.row(each);
  await writer.end(findings, names);
  return readFileSync(path, 'utf8');
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

test('a plan is a line for its header, one for each row, and one for its end', async () => {
  const lines = (await written(ROWS, { 'all-devices': 1 }))
    .split('\n')
    .map((line): unknown => line && JSON.parse(line));
  expect(lines).toEqual([
    { kind: 'plan', format: 2, ...header(3) },
    ...LINES,
    {
      ...{ kind: 'end', rows: 3, writes: 1, findings: { 'all-devices': 1 } },
      keyId: expect.stringMatching(/^[0-9a-f]{16}$/),
      hmac: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
    '',
  ]);
});

test('the rows of one list have the list once, at the first of them, and what they find as places in it', async () => {
  const cleared: Before = { kind: 'entries', entries: [A2, A1] };
  const rows = [
    row(2, { decision: decided({ before: { kind: 'entry', entry: A1 } }), list: LIST }),
    row(3, { decision: decided({ before: ABSENT }), list: LIKE_IT }),
    row(4, { decision: decided({ before: cleared, via: 'assign' }), list: LIST }),
    row(5, { decision: decided({ before: { kind: 'entries', entries: [] } }), list: [] }),
    row(6, { decision: decided({ before: ABSENT }), list: LIKE_IT }),
    row(7),
  ];
  const text = await written(rows);
  const said = text
    .split('\n')
    .slice(1, 7)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(said.map(({ list, before }) => [list, before])).toEqual([
    [0, 0],
    [1, 'absent'],
    [0, [1, 0]],
    [2, []],
    [1, 'absent'],
    [undefined, 'notRead'],
  ]);
  expect(said.map((line) => Object.hasOwn(line, 'assignments'))).toEqual([
    true,
    true,
    false,
    true,
    false,
    false,
  ]);
  const read = (await planIn(text)).rows;
  expect(read).toEqual(rows);
  // Rows of one list have the same one again, with what they find in it.
  expect(read[2]?.list).toBe(read[0]?.list);
  expect(read[0]?.decision.before).toEqual({ kind: 'entry', entry: read[0]?.list?.[0] });
});

test('an assignment that is not of the list that was read is a bug', async () => {
  await using writer = await PlanWriter.create([], header(1), KEY);
  const stranger = row(2, { decision: decided({ before: { kind: 'entry', entry: { ...A1 } } }), list: LIST });
  await expect(writer.row(stranger)).rejects.toThrow('a1 is not of the list');
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
// Once it has seen objects with the name "\\", JSON.parse of Node 24 may read the name "\u0000" as that.
const hostileName = hostileText.filter((name) => name !== '\\');
const hostileObject = fc
  .dictionary(hostileName, hostileJson, { maxKeys: 4 })
  .map((object) => JSON.parse(JSON.stringify(object)) as Record<string, unknown>);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

/** JSON has no -0. */
function withoutMinusZero(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const hostileAssignment: fc.Arbitrary<CurrentAssignment> = fc
  .tuple(hostileText, hostileObject, hostileObject, fc.constantFrom(undefined, 'direct', 'policySets'))
  .map(([id, target, more, source]) => {
    const { source: _, ...whole } = more;
    return currentAssignmentOf({ ...whole, id, target, ...(source && { source }) }) ?? expect.fail(id);
  });

const beforeIn = (list: readonly CurrentAssignment[]): fc.Arbitrary<Before> =>
  fc.oneof(
    fc.subarray([...list]).map((entries): Before => ({ kind: 'entries', entries })),
    ...list.map((entry) => fc.constant<Before>({ kind: 'entry', entry })),
  );

const hostileDecision = (list: readonly CurrentAssignment[] | undefined): fc.Arbitrary<PlanDecision> =>
  fc.record(
    {
      kind: fc.constantFrom(...DECISION_KINDS),
      via: fc.constantFrom(...STRATEGIES),
      before: fc.oneof(fc.constantFrom(NOT_READ, ABSENT), ...(list ? [beforeIn(list)] : [])),
      after: maybe(hostileObject),
      waitsFor: fc.array(fc.integer({ min: 1, max: 2 ** 31 }), { maxLength: 2 }),
      findings: fc.array(fc.record({ kind: fc.constantFrom(...GUARD_KINDS), what: hostileText }), {
        maxLength: 2,
      }),
      code: hostileText,
      message: hostileText,
      httpStatus: fc.integer({ min: 100, max: 599 }),
    },
    { requiredKeys: ['kind', 'via', 'before', 'after', 'waitsFor', 'findings'] },
  );

const hostileRow = (list: readonly CurrentAssignment[] | undefined): fc.Arbitrary<PlanRow> =>
  fc.record({
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
    names: fc.record({ policy: hostileText, platform: hostileText }, { requiredKeys: [] }),
    decision: hostileDecision(list),
    list: fc.constant(list),
  });

/** Rows of up to three lists, and some of lists that were not read. */
const hostileRows: fc.Arbitrary<readonly PlanRow[]> = fc
  .array(fc.array(hostileAssignment, { maxLength: 3 }), { maxLength: 3 })
  .chain((lists) => fc.array(fc.constantFrom(undefined, ...lists).chain(hostileRow), { maxLength: 6 }));

const hostileNames = fc.dictionary(fc.uuid(), hostileText, { maxKeys: 3, noNullPrototype: true });

test('what is written is read again to the last character, however it is cut into chunks', async () => {
  const path = join(directory(), 'plan.ndjson');
  await fc.assert(
    fc.asyncProperty(
      hostileRows,
      hostileNames,
      fc.integer({ min: 1, max: 200 }),
      async (rows, names, chunkBytes) => {
        const findings = { narrowed: rows.length };
        const text = await written(rows, findings, path, names);
        const plan = await planIn(text, { chunkBytes });
        expect(plan.problem).toBeUndefined();
        expect(plan).toMatchObject({ format: 2, header: header(rows.length) });
        expect(plan.rows).toEqual(rows);
        // `toEqual` does not look at a member named __proto__.
        expect(plan.rows.map(inText)).toEqual(rows.map(inText));
        const writes = rows.filter(({ decision }) => decision.kind === 'write').length;
        const fingerprint = sha256(text.slice(0, text.lastIndexOf(SEAL_MARK) + SEAL_MARK.length));
        expect(plan.end).toEqual({ rows: rows.length, writes, findings, names, seal: 'ours', fingerprint });
      },
    ),
  );
});

/** All of a row, in an order that does not depend on where it comes from. */
const inText = ({ line, rank, cells, names, decision, list }: PlanRow): string =>
  JSON.stringify([
    ...[line, rank, [...cells], names.policy, names.platform, list],
    ...[decision.kind, decision.via, decision.before, decision.after, decision.waitsFor],
    ...[decision.code, decision.message, decision.httpStatus],
    decision.findings.map(({ kind, what }) => [kind, what]),
  ]);

test('null is the same as absent', async () => {
  const text = (await written([row(2)])).replace('"decision"', '"after":null,"decision"');
  expect((await planIn(text, { key: OTHER_KEY })).rows).toEqual([row(2)]);
});

describe('the seal', () => {
  const damage = { remedy: expect.stringContaining('retarget plan FILE -o plan.ndjson') };

  test('holds for who has the key, and is of no worth with another one', async () => {
    const text = await written(ROWS);
    const ours = await planIn(text);
    expect(ours.end).toMatchObject({ seal: 'ours' });
    const others = await planIn(text, { key: OTHER_KEY });
    expect(others.end).toEqual({ ...ours.end, seal: 'other' });
    expect(others.rows).toEqual(ours.rows);
  });

  test('does not tell the key', async () => {
    const text = await written(ROWS);
    for (const told of [KEY.toString('hex'), sha256(KEY.toString()), sha256(KEY.toString()).slice(0, 16)])
      expect(text).not.toContain(told);
  });

  test.each<[string, number, string, string]>([
    ['when the plan was made', 1, '20:15', '20:16'],
    ['the tenant', 1, '1111-4111', '1111-4112'],
    ['an input', 2, '"p2"', '"p9"'],
    ['a name', 2, 'Wi-Fi', 'Wi-Fo'],
    ['what is there', 2, '"groupId":"g"', '"groupId":"h"'],
    ['what is written', 2, '"groupId":"new"', '"groupId":"old"'],
    ['which of the list it is', 2, '"before":1', '"before":0'],
    ['the way', 3, '"patch"', '"assign"'],
    ['what a finding says', 2, '"what":"a"', '"what":"b"'],
    ['what comes first', 2, '[3,5]', '[3,6]'],
    ['a decision that leaves as many writes', 3, 'alreadySo', 'duplicate'],
    ['a sentence', 4, 'No such', 'No  such'],
    ['what Graph answered', 4, '404', '403'],
    ['the number of findings', 5, '"all-devices":1', '"all-devices":2'],
    ['only its wording', 4, '"refused",', '"refused", '],
  ])('breaks when somebody has edited %s', async (_, line, from, to) => {
    const lines = (await written(ROWS, { 'all-devices': 1 })).split('\n');
    const before = lines[line - 1] ?? '';
    expect(before).toContain(from);
    const edited = lines.with(line - 1, before.replace(from, to)).join('\n');
    const { end, problem } = await planIn(edited);
    expect(end).toBeUndefined();
    expect(problem).toMatchObject({
      line: 5,
      message: 'The plan was edited: its seal is broken.',
      ...damage,
    });
    // With another key it is a plan like others, of which only the input is believed.
    expect((await planIn(edited, { key: OTHER_KEY })).end?.seal).toBe('other');
  });

  test('breaks when rows change places, or one is taken out with all that counts it', async () => {
    const lines = (await written([row(2), row(3), row(4)])).split('\n');
    const [first = '', second = '', ...others] = lines;
    const third = others.shift() ?? '';
    for (const edited of [
      [first, third, second, ...others],
      [first, second, ...others].map((line) =>
        line.replace('"rows":3,', '"rows":2,').replace('"writes":3', '"writes":2'),
      ),
    ]) {
      expect((await planIn(edited.join('\n'))).problem?.message).toBe(
        'The plan was edited: its seal is broken.',
      );
      expect((await planIn(edited.join('\n'), { key: OTHER_KEY })).end?.seal).toBe('other');
    }
  });

  test.each([
    ['broken', (hmac: string) => `${hmac.startsWith('0') ? '1' : '0'}${hmac.slice(1)}`],
    ['in capitals', (hmac: string) => hmac.replace(/[a-f]/g, (digit) => digit.toUpperCase())],
    ['that of another plan', () => 'f'.repeat(64)],
  ])('is not taken when it is %s', async (_, changed) => {
    const text = await written(ROWS);
    const at = text.lastIndexOf(SEAL_MARK) + SEAL_MARK.length;
    const edited = text.slice(0, at) + changed(text.slice(at, at + 64)) + text.slice(at + 64);
    expect((await planIn(edited)).problem?.message).toBe('The plan was edited: its seal is broken.');
  });

  test('whatever byte is changed, put in or taken out, what it holds for is what was written', async () => {
    const whole = Buffer.from(await written(ROWS, { 'all-devices': 1 }));
    const original = await planIn(whole);
    const edit = fc.record({
      at: fc.nat({ max: whole.length - 1 }),
      removed: fc.constantFrom(0, 1),
      put: fc.oneof(fc.constantFrom(...Buffer.from(' \n\r\t"{}[],:0a')), fc.integer({ min: 0, max: 255 })),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(edit, { minLength: 1, maxLength: 2 }),
        fc.boolean(),
        async (edits, isTaken) => {
          let bytes = whole;
          for (const { at, removed, put } of edits)
            bytes = Buffer.concat([
              ...[bytes.subarray(0, at), Buffer.from(isTaken ? [] : [put])],
              bytes.subarray(at + (isTaken ? 1 : removed)),
            ]);
          const plan = await planIn(bytes);
          expect(plan.end === undefined).toBe(plan.problem !== undefined);
          if (plan.end?.seal === 'ours') expect(plan).toEqual(original);
        },
      ),
      { numRuns: 500 },
    );
  });
});

test('the fingerprint is the SHA-256 of what is sealed, so that two plans of one fingerprint are one', async () => {
  const text = await written(ROWS);
  const fingerprint = sha256(text.slice(0, text.lastIndexOf(SEAL_MARK) + SEAL_MARK.length));
  const ended = async (paths: readonly string[], rows = ROWS): Promise<string> => {
    await using writer = await PlanWriter.create(paths, header(rows.length), KEY);
    for (const each of rows) await writer.row(each);
    return await writer.end({});
  };
  // Also of a plan that is kept nowhere.
  expect(await ended([])).toBe(fingerprint);
  expect((await planIn(text)).end?.fingerprint).toBe(fingerprint);
  expect(await ended([], [...ROWS.slice(0, 2), row(5)])).not.toBe(fingerprint);

  const dir = directory();
  const paths = ['one', 'two'].map((name) => join(dir, name));
  expect(await ended(paths)).toBe(fingerprint);
  for (const path of paths) expect(readFileSync(path, 'utf8')).toBe(text);
});

describe('a plan of the format before', () => {
  const BEFORE = { id: 'a1', target: group('g') };
  const lines: readonly Readonly<Record<string, unknown>>[] = [
    { kind: 'plan', format: 1, ...header(4) },
    {
      ...{ line: 2, rank: 1, input: { policyId: 'p2' }, decision: 'write', before: BEFORE },
      ...{ list: '0123456789abcdef', after: { target: allDevices() }, guard: ['all-devices', 'narrowed'] },
    },
    { line: 3, input: { policyId: 'p3' }, decision: 'alreadySo', before: null, after: null },
    { line: 4, input: { policyId: 'p4' }, decision: 'write', before: [BEFORE] },
    { line: 5, input: { policyId: 'p5' }, decision: 'refused' },
    { kind: 'end', rows: 4, writes: 2, guard: { narrowed: 1 } },
  ];
  const textOf = (changed: readonly object[]): string =>
    changed.map((line) => JSON.stringify(line)).join('\n');

  test('is read, without a seal that would be worth something', async () => {
    const plan = await planIn(textOf(lines));
    expect(plan).toMatchObject({ format: 1, header: header(4) });
    expect(plan.problem).toBeUndefined();
    expect(plan.end).toEqual({
      ...{ rows: 4, writes: 2, findings: { narrowed: 1 }, names: {}, seal: 'other' },
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const entry = current(group('g'), {}, 'a1');
    expect(plan.rows).toEqual([
      row(2, {
        rank: 1,
        decision: decided({
          ...{ before: { kind: 'entry', entry }, after: { target: allDevices() } },
          findings: [
            { kind: 'all-devices', what: '' },
            { kind: 'narrowed', what: '' },
          ],
        }),
      }),
      row(3, { decision: decided({ kind: 'alreadySo' }) }),
      row(4, { decision: decided({ before: { kind: 'entries', entries: [entry] } }) }),
      row(5, { decision: decided({ kind: 'refused' }) }),
    ]);
  });

  test('has a fingerprint that tells it from other plans', async () => {
    const other = lines.map((line) => ({ ...line, ...(line['line'] === 5 && { line: 6 }) }));
    const [one, two] = [await planIn(textOf(lines)), await planIn(textOf(other))];
    expect(one.end?.fingerprint).not.toBe(two.end?.fingerprint);
  });

  test.each<[string, object, Partial<Problem> & { message: string }]>([
    [
      'texts for assignments',
      { before: ['a'] },
      { name: 'before', message: 'before: must be an object, or a list of them.' },
    ],
    ['a before-image that is none', { before: { id: 'a1' } }, { message: 'before: It is no assignment.' }],
    ['half a fingerprint', { list: '01234567' }, { name: 'list', message: 'list: ' }],
    [
      'a guard kind that nobody knows',
      { guard: ['narrowed', 'filter-list'] },
      { name: 'guard', message: 'guard.1: ' },
    ],
    ['what only the later format has', { via: 'patch' }, { message: 'Unrecognized key' }],
  ])('is refused with %s', async (_, more, expected) => {
    const plan = await planIn(textOf(lines.with(1, { ...lines[1], ...more })));
    expect(plan.end).toBeUndefined();
    expect(plan.problem).toMatchObject({
      line: 2,
      ...expected,
      message: expect.stringContaining(expected.message),
    });
  });

  test('is counted as the later one is', async () => {
    const plan = await planIn(textOf(lines.with(-1, { kind: 'end', rows: 4, writes: 3, guard: {} })));
    expect(plan.end).toBeUndefined();
    expect(plan.problem?.message).toContain('The plan has 4 rows with 2 writes');
  });
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
  ['no header', (lines) => lines.slice(1), { line: 1, message: 'format: ' }],
  [
    'a newer format',
    (lines) => lines.map((line) => line.replace('"format":2', '"format":3')),
    {
      line: 1,
      name: 'format',
      message: 'The plan has format 3; this version of retarget reads format 2.',
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
    (lines) => lines.map((line) => line.replace(/"assignments":\[.*\]/, '"assignments":["a"]')),
    { line: 2, name: 'assignments', message: 'assignments.0: must be an object.' },
  ],
  [
    'a list of what is no assignment',
    (lines) => lines.map((line) => line.replace('"id":"a1"', '"id":1')),
    { line: 2, message: 'list: The list 0 is not in the plan, or is no list of assignments.' },
  ],
  [
    'a list that it does not have',
    (lines) => lines.map((line) => line.replace('"before":0,"list":0', '"before":0,"list":1')),
    { line: 3, message: 'list: The list 1 is not in the plan, or is no list of assignments.' },
  ],
  [
    'a place that its list does not have',
    (lines) => lines.map((line) => line.replace('"before":0', '"before":2')),
    { line: 3, message: 'before: The list of the policy has no such place.' },
  ],
  [
    'one place of several that its list does not have',
    (lines) => lines.map((line) => line.replace('"before":0', '"before":[0,2]')),
    { line: 3, message: 'before: The list of the policy has no such place.' },
  ],
  [
    'a place without a list',
    (lines) => lines.map((line) => line.replace('"notRead"', '0')),
    { line: 4, message: 'before: The list of the policy has no such place.' },
  ],
  [
    'a before-image in the place of a place',
    (lines) => lines.map((line) => line.replace('"before":0', '"before":{"id":"a"}')),
    { line: 3, name: 'before', message: 'before: ' },
  ],
  [
    'a place behind its rows',
    (lines) => lines.map((line) => line.replace('"line":3', '"line":3,"rank":3')),
    { line: 3, name: 'rank', message: 'rank: The plan has only 3 rows.' },
  ],
  [
    'a guard kind that nobody knows',
    (lines) => lines.map((line) => line.replace('filter-lost', 'filter-list')),
    { line: 2, name: 'findings', message: 'findings.1.kind: ' },
  ],
  [
    'half a seal',
    (lines) => lines.map((line) => line.replace(/("hmac":"[0-9a-f]{32})[0-9a-f]{32}/, '$1')),
    { line: 5, name: 'hmac', message: 'hmac: ' },
  ],
  [
    'no seal',
    (lines) => lines.map((line) => line.replace(/,"hmac":"[0-9a-f]*"/, '')),
    { line: 5, message: 'hmac: ' },
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
  const text = changed(lines).join('\n');
  // A seal that is worth something would be found broken before some of these are.
  const { end, problem } = await planIn(text, { key: OTHER_KEY });
  // What follows the end can be told only after it: the problem counts.
  if (problem?.message.startsWith('Something follows') !== true) expect(end).toBeUndefined();
  expect(problem).toMatchObject({ ...expected, message: expect.stringContaining(expected.message) });
  expect(problem?.remedy).not.toBe('');
  expect((await planIn(text)).problem?.remedy).toBe(problem?.remedy);
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
  await expect(readPlanFile(failing(), KEY).next()).rejects.toThrow('the disk is gone');
});

test('a plan has its name only when it is whole, and until then only its owner reads it', async () => {
  const dir = directory();
  const path = join(dir, 'plan.ndjson');
  writeFileSync(path, 'an older plan', { mode: 0o644 });
  const rows = Array.from({ length: 2_000 }, (_, i) => row(i + 2));
  {
    await using writer = await PlanWriter.create([path], header(rows.length), KEY);
    for (const each of rows) await writer.row(each);
    expect(readdirSync(dir)).toHaveLength(2);
    for (const name of readdirSync(dir).filter((each) => each !== 'plan.ndjson'))
      expect(statSync(join(dir, name)).mode & 0o077).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe('an older plan');
    const fingerprint = await writer.end({});
    const plan = await planIn(readFileSync(path));
    expect(plan.end).toEqual({
      ...{ rows: 2_000, writes: 2_000, findings: {}, names: {}, seal: 'ours', fingerprint },
    });
    expect(plan.rows).toEqual(rows);
  }
  expect(readdirSync(dir)).toEqual(['plan.ndjson']);
  expect(statSync(path).mode & 0o777).toBe(0o644);
});

test('a plan that was given up leaves nothing', async () => {
  const dir = directory();
  {
    await using writer = await PlanWriter.create([join(dir, 'plan.ndjson')], header(2), KEY);
    await writer.row(row(2));
    await expect(writer.end({})).rejects.toThrow('1 rows, its header says 2');
  }
  expect(readdirSync(dir)).toEqual([]);
});

test('a plan does not take the place of what is no file', async () => {
  const dir = directory();
  mkdirSync(join(dir, 'plans'));
  const create = (...paths: string[]) => PlanWriter.create(paths, header(0), KEY);
  await expect(create(join(dir, 'plans'))).rejects.toMatchObject({
    syscall: 'open',
    message: expect.stringContaining('no regular file'),
  });
  await expect(create('/dev/null')).rejects.toMatchObject({ syscall: 'open' });
  await expect(create(join(dir, 'no', 'plan'))).rejects.toMatchObject({ syscall: 'open' });
  // Nor does it leave one of two files.
  await expect(create(join(dir, 'plan'), join(dir, 'plans'))).rejects.toMatchObject({ syscall: 'open' });
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
  for await (const read of readPlanFile((await recognise(bytes())).bytes, KEY)) {
    expect(read.kind).toBe('problem');
  }
  expect(isOpen).toBe(false);
});
