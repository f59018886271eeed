import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changeOf } from '../../../src/assignments/rows/change.ts';
import { visible } from '../../../src/assignments/values/visible.ts';
import type { Problem } from '../../../src/assignments/rows/row.ts';
import { FILE_FORMATS, type FileFormat } from '../../../src/formats/format.ts';
import { readRows } from '../../../src/formats/readRows.ts';
import { RECORD_PROBLEMS_MAX } from '../../../src/formats/limits.ts';
import { HOSTILE_FILES } from '../../support/hostileFiles.ts';
import { inChunks, comparable, readAll, type WholeFile } from '../../support/readAll.ts';
import { sized } from '../../support/thoroughness.ts';

const RULES = { root: 'https://graph.microsoft.com', apiVersion: 'beta', blind: false } as const;

/** Problems of the file, of its records, and of what the records say. */
const problemsOf = ({ rows, problems }: WholeFile): Problem[] => [
  ...problems,
  ...rows.flatMap((row) => {
    const change = changeOf(row, RULES);
    return 'problems' in change ? change.problems : [];
  }),
];

// eslint-disable-next-line no-control-regex -- what could steer a terminal
const STEERING = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/;

/** With its place, what is wrong and what to do, of a size that can be read, and as it is shown without harm. */
const isTold = ({ line, column, name, message, remedy }: Problem): boolean =>
  line >= 1 &&
  column >= 1 &&
  message.length > 5 &&
  remedy.length > 5 &&
  `${name}${message}${remedy}`.length < 1_500 &&
  !STEERING.test(visible(`${name}${message}${remedy}`));

// One expectation for all of them: files of a megabyte have tens of thousands.
const expectAllTold = (problems: readonly Problem[]): void =>
  expect(problems.filter((problem) => !isTold(problem))).toEqual([]);

// Some of these took minutes, or hours, where work grew with the square of their size. The time-out of a test is enough.
describe.each(HOSTILE_FILES)('$what', ({ content, format }) => {
  test.each([format, ...FILE_FORMATS.filter((other) => other !== format)])(
    'read as %s ends, with problems that can be read',
    async (as) => {
      const bytes = Buffer.from(content);
      const problems = problemsOf(await readAll(bytes, as, { chunkBytes: bytes.length }));
      expect(problems.length).toBeGreaterThan(0);
      const lines = bytes.toString().split('\n').length;
      expect(problems.length).toBeLessThanOrEqual(lines * (RECORD_PROBLEMS_MAX + 10));
      expectAllTold(problems);
    },
  );
});

test('a file of more rows than are taken ends there', async () => {
  const told = [];
  for await (const read of readRows(inChunks(Buffer.from('policyId\np\nq\nr\ns\n'), 4), {
    format: 'csv',
    rowsMax: 2,
  }))
    told.push(read.kind === 'row' ? read.row.line : read);
  expect(told).toEqual([
    2,
    3,
    {
      kind: 'problem',
      problem: expect.objectContaining({ line: 4, message: 'The file has more than 2 rows.' }),
    },
    { kind: 'end', columns: ['policyId'], complete: false },
  ]);
});

/** Whole files, to be spoiled. */
const SEEDS: Record<FileFormat, readonly string[]> = {
  csv: [
    'policyType,policyId,note\ndeviceConfiguration,"a,""b""",x\r\n\n"c\nd",e,\'=f\n',
    '\ufeffpolicy_id;Group ID;body\np;g;"{""target"":{}}"\n',
    'policyId\tnote\tstatus\np\t"q\tr"\tfailed\n',
  ],
  json: [
    '[{"policyId":"p","body":{"target":{"a":[1,2,{"b":null}]}}},\n {"note":"\\u00e9\\"","versionNumber":3}]',
    '{"requests":[{"id":"1","method":"PATCH","url":"/x","headers":{"Content-Type":"a"},"body":{"a":1}}]}',
  ],
  ndjson: ['{"policyId":"p","note":"a"}\n\n{"policyId":"q","target":{"x":{"y":[]}}}\r\n  {"note":"é🙂"}'],
};

const SPOILERS = [
  ...[
    '"',
    '""',
    '\\',
    '\\u',
    '\\ud83d',
    "'",
    ',',
    ';',
    '\t',
    '\n',
    '\r',
    '\r\n',
    '\r\r',
    ' ',
    ':',
    '{',
    '}',
    '[',
    ']',
  ],
  ...[
    '{"',
    '"}',
    '[[[[',
    '{"a":'.repeat(40),
    '__proto__',
    '"__proto__":1,',
    '"policyId":1,',
    'policyId',
    'null',
    'NaN',
  ],
  ...[
    '1e999',
    '-',
    '0x1',
    '/*',
    '#',
    '=',
    '\u0000',
    '\ufeff',
    '\u2028',
    '\u001b[2J',
    '\u0085',
    '🙂',
    'é',
    '日本',
  ],
].map((text) => Buffer.from(text));

const BYTES = [
  ...[[0xff, 0xfe], [0xfe, 0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf0, 0x9f], [0x80]],
  ...[[0x1f, 0x8b], [0x50, 0x4b, 0x03, 0x04], [0xef, 0xbb, 0xbf], [0x00]],
].map((bytes) => Buffer.from(bytes));

/** Where, how much is taken away, and what is put there instead, some times. */
const spoilt = (seed: Buffer): fc.Arbitrary<Buffer> =>
  fc
    .array(
      fc.record({
        at: fc.nat(seed.length),
        cut: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(seed.length)),
        put: fc.oneof(
          fc.constantFrom(Buffer.alloc(0), ...SPOILERS, ...BYTES),
          fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
          fc
            .record({ from: fc.nat(seed.length), length: fc.nat(40) })
            .map(({ from, length }) => seed.subarray(from, from + length)),
        ),
        times: fc.oneof(
          { weight: 9, arbitrary: fc.constant(1) },
          { weight: 1, arbitrary: fc.integer({ min: 2, max: 50 }) },
        ),
      }),
      { maxLength: 5 },
    )
    .map((edits) =>
      edits.reduce<Buffer>(
        (bytes, { at, cut, put, times }) =>
          Buffer.concat([bytes.subarray(0, at), ...Array<Buffer>(times).fill(put), bytes.subarray(at + cut)]),
        seed,
      ),
    );

/** Pieces of any sizes, with a mind to cut where it hurts. */
async function* inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array, void> {
  for (let [at, n] = [0, 0]; at < bytes.length; n += 1) {
    const size = sizes[n % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

const READINGS = FILE_FORMATS.flatMap((format) =>
  SEEDS[format].flatMap((seed) => [
    { seed, format, as: format },
    { seed, format, as: undefined },
  ]),
);

test.each(READINGS)(
  'a spoilt file ($format as $as) is read to an end, however it comes: $seed',
  async ({ seed, as }) => {
    await fc.assert(
      fc.asyncProperty(
        spoilt(Buffer.from(seed)),
        fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 64 })), { minLength: 1, maxLength: 5 }),
        async (bytes, sizes) => {
          let reads = 0;
          let ends = 0;
          let afterTheEnd = 0;
          for await (const read of readRows(inPieces(bytes, sizes), { format: as })) {
            reads += 1;
            if (ends > 0) afterTheEnd += 1;
            if (read.kind === 'end') ends += 1;
          }
          expect({ ends, afterTheEnd }).toEqual({ ends: 1, afterTheEnd: 0 });
          // No more is told than there are lines, commas and header fields to tell it of.
          expect(reads).toBeLessThanOrEqual(bytes.length + 3);
          const whole = await readAll(bytes, as);
          expectAllTold(problemsOf(whole));
          expect(comparable(await readAll(bytes, as, { chunkBytes: sizes[0] ?? 1 }))).toEqual(
            comparable(whole),
          );
        },
      ),
      { numRuns: sized(40, 300) },
    );
  },
);

test('reading leaves the prototypes of the program alone', async () => {
  for (const { content, format } of HOSTILE_FILES.filter(({ what }) => what.includes('__proto__')))
    problemsOf(await readAll(content, format));
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>)['groupId']).toBeUndefined();
});
