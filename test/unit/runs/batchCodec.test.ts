import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BeforeJson } from '../../../src/assignments/changes/decision.ts';
import { parsedExactly } from '../../../src/assignments/values/exactJson.ts';
import type { JsonObject } from '../../../src/assignments/values/json.ts';
import { INPUT_COLUMNS } from '../../../src/assignments/rows/columns.ts';
import {
  decodeDetails,
  decodeImages,
  decodeInputs,
  encodeDetail,
  encodeFingerprints,
  encodeImage,
  encodeInputs,
  fingerprintAt,
  type Detail,
} from '../../../src/runs/batchCodec.ts';
import type { InputRow } from '../../../src/assignments/rows/row.ts';

const NASTY = [
  '',
  '\0',
  '__proto__',
  '"',
  '\\',
  '\u2028',
  'ä',
  '\u{1F600}',
  '\uFFFD',
  ' ',
  '-0',
  'null',
  '[]',
];

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  fc.constantFrom(...NASTY),
);
const cell = fc.oneof(
  text,
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
  fc.boolean(),
  // A cell in Graph's own shape, as JSON input has it. Through text, since that is what it came from.
  fc
    .jsonValue()
    .filter((value) => value !== null)
    .map((value): unknown => JSON.parse(JSON.stringify(value))),
);
const row: fc.Arbitrary<InputRow> = fc
  .record({
    line: fc.nat(),
    cells: fc.uniqueArray(fc.tuple(fc.constantFrom(...INPUT_COLUMNS), cell), {
      selector: ([column]) => column,
    }),
  })
  .map(({ line, cells }) => ({ line, cells: new Map(cells) }));

const detail: fc.Arbitrary<Detail> = fc.record(
  {
    // Six bytes, until the year 10889.
    at: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
    httpStatus: fc.integer({ min: 200, max: 599 }),
    requestId: text,
    clientRequestId: text,
    throttledMs: fc.nat(),
    notBefore: fc.nat({ max: 8.64e15 }),
    errorCode: text,
    errorMessage: text,
  },
  { requiredKeys: [] },
);

test('rows come back from the record as they went in, whatever their cells hold', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 20 }), (rows) => {
      const back = decodeInputs(encodeInputs(rows));
      expect(back.map(({ line }) => line)).toEqual(rows.map(({ line }) => line));
      expect(back.map(({ cells }) => cells)).toEqual(rows.map(({ cells }) => cells));
    }),
  );
});

test('GUIDs in ids made of them, repeated, in capitals or in longer digits come back as they were', () => {
  const [one, two] = [randomUUID(), randomUUID()];
  const values = [
    one,
    `${one}_${two}`,
    two.toUpperCase(),
    `f${one}0`,
    `\u0001${one}\u0002${two},`,
    { [one]: [two, one] },
  ];
  const rows = values.map((value, i) => ({ line: i + 2, cells: new Map([['note', value]] as const) }));
  expect(decodeInputs(encodeInputs(rows)).map(({ cells }) => cells.get('note'))).toEqual(values);
});

test('a cell with more GUIDs than are counted keeps the rest as text', () => {
  const guids = Array.from({ length: 70_000 }, () => randomUUID());
  const [back] = decodeInputs(encodeInputs([{ line: 2, cells: new Map([['body', guids]] as const) }]));
  expect(back?.cells.get('body')).toEqual(guids);
});

test('a cell named like a property of every object is a cell like any other', () => {
  const cells = new Map([['note', JSON.parse('{"__proto__": {"x": 1}, "constructor": "c"}')]] as const);
  const [back] = decodeInputs(encodeInputs([{ line: 2, cells }]));
  expect(JSON.stringify(back?.cells.get('note'))).toBe('{"__proto__":{"x":1},"constructor":"c"}');
});

test('the last word about a row counts, and rows do not mix', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 19 }), detail), { maxLength: 60 }), (said) => {
      const blob = Buffer.concat(said.map(([place, words]) => encodeDetail(place, words)));
      expect(decodeDetails(blob)).toEqual(new Map(said));
    }),
  );
});

test('a GUID takes its sixteen bytes and keeps its letter case when it has capitals', () => {
  const id = randomUUID();
  const short = encodeDetail(0, { requestId: id });
  expect(short.length).toBeLessThan(30);
  expect(decodeDetails(short).get(0)).toEqual({ requestId: id });
  const capitals = { requestId: id.toUpperCase() };
  expect(decodeDetails(encodeDetail(0, capitals)).get(0)).toEqual(capitals);
});

test('a long message comes back whole, and so does what stands behind it', () => {
  const long = { at: 5, errorMessage: 'ä'.repeat(100_000) };
  const blob = Buffer.concat([encodeDetail(19, long), encodeDetail(0, { httpStatus: 200 })]);
  expect(decodeDetails(blob)).toEqual(
    new Map<number, Detail>([
      [19, long],
      [0, { httpStatus: 200 }],
    ]),
  );
});

test('a batch that nothing was said about has no details', () => {
  expect(decodeDetails(null).size).toBe(0);
  expect(decodeDetails(undefined).size).toBe(0);
  expect(decodeDetails(Buffer.alloc(0)).size).toBe(0);
});

test('a row keeps its line and cells on the way into the record and out', () => {
  const cells = new Map([['policyId', 'p']] as const);
  const read = { line: 7, cells, places: { column: 3, placeOf: () => ({ line: 7, column: 4 }) } };
  expect(decodeInputs(encodeInputs([read]))).toEqual([{ line: 7, cells }]);
});

const jsonObject = fc
  .dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { maxKeys: 6 })
  .map((value) => JSON.parse(JSON.stringify(value)) as Extract<BeforeJson, { [name: string]: unknown }>);

test('before-images come back value for value, the last one of each row', () => {
  const image = fc.oneof(jsonObject, fc.constant(null), fc.array(jsonObject, { maxLength: 3 }));
  const images = fc.array(fc.tuple(fc.nat({ max: 199 }), image), { maxLength: 40 });
  fc.assert(
    fc.property(images, (said: [number, BeforeJson][]) => {
      const blob = Buffer.concat(said.map((each) => encodeImage(...each)));
      expect(decodeImages(blob)).toEqual(new Map(said));
    }),
  );
  expect(decodeImages(undefined)).toEqual(new Map());
});

test('a number that JavaScript can’t hold comes back digit by digit', () => {
  const image = parsedExactly('{"id":"a","target":{"n":9007199254740993,"m":1e400}}') as JsonObject;
  const [back] = decodeImages(encodeImage(0, image)).values();
  expect(JSON.stringify(back)).toBe('{"id":"a","target":{"n":9007199254740993,"m":1e400}}');
});

test('an ordinary before-image takes little more than its ids', () => {
  const [id, groupId, filterId] = [randomUUID(), randomUUID(), randomUUID()];
  const image = {
    '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
    ...{ id, source: 'direct', sourceId: null, intent: 'apply' },
    target: {
      '@odata.type': '#microsoft.graph.groupAssignmentTarget',
      deviceAndAppManagementAssignmentFilterId: filterId,
      deviceAndAppManagementAssignmentFilterType: 'include',
      groupId,
    },
  };
  expect(encodeImage(7, image).length).toBeLessThan(140);
});

test('before-images come back however many wordings there are, and however long one is', () => {
  const images = Array.from({ length: 1_200 }, (_, i) => ({ id: randomUUID(), [`word ${i}`]: i }));
  for (const image of [...images, ...images, { id: randomUUID(), note: 'x'.repeat(100_000) }])
    expect(decodeImages(encodeImage(3, image))).toEqual(new Map([[3, image]]));
});

test('fingerprints come back at their place, undefined where there is none', () => {
  const digits = fc.constantFrom(...'0123456789abcdef');
  const fingerprint = fc
    .array(digits, { minLength: 16, maxLength: 16 })
    .map((each) => each.join(''))
    .filter((each) => each !== '0'.repeat(16));
  fc.assert(
    fc.property(fc.array(fc.option(fingerprint, { nil: undefined }), { maxLength: 200 }), (all) => {
      const blob = encodeFingerprints(all);
      expect(blob).toHaveLength(8 * all.length);
      expect(all.map((_, place) => fingerprintAt(blob, place))).toEqual(all);
      expect(fingerprintAt(blob, all.length)).toBeUndefined();
    }),
  );
  expect(fingerprintAt(null, 0)).toBeUndefined();
});
