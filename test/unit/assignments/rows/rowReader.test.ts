import { describe, expect, test } from 'vitest';
import { RowReader } from '../../../../src/assignments/rows/rowReader.ts';
import { BETA, inputRow, type Cells } from '../../../support/inputRow.ts';

const reader = (cells: Cells): RowReader => new RowReader(inputRow(cells, 7), BETA);

test('numbers are taken as their text, since spreadsheets and JSON writers turn one into the other', () => {
  expect(reader({ groupId: 42 }).text('groupId')).toBe('42');
  expect(reader({ groupId: '42' }).text('groupId')).toBe('42');
  expect(reader({}).text('groupId')).toBeUndefined();
});

test.each([
  [true, 'a boolean'],
  [['a'], 'a list'],
  [{ id: 'a' }, 'an object'],
])('%j is no text', (value, kind) => {
  const read = reader({ note: 'x', groupId: value });
  expect(read.text('groupId')).toBeUndefined();
  expect(read.problems).toEqual([
    {
      line: 7,
      column: 2,
      name: 'groupId',
      message: `groupId is ${kind}, not text.`,
      remedy: 'Write it as text.',
    },
  ]);
});

test('words are taken in any letter case and given as they are documented', () => {
  expect(reader({ source: 'POLICYSETS' }).choice('source', ['direct', 'policySets'])).toBe('policySets');
});

test('a word that is none of them comes with the one that was meant, if one is near', () => {
  const read = reader({ filterType: 'inclde', intent: 'perhaps' });
  expect(read.choice('filterType', ['include', 'exclude'])).toBeUndefined();
  expect(read.choice('intent', ['apply', 'remove'])).toBeUndefined();
  expect(read.problems.map(({ message, remedy }) => [message, remedy])).toEqual([
    ['"inclde" is no filterType.', 'Did you mean "include"? It takes one of: include, exclude.'],
    ['"perhaps" is no intent.', 'Write one of: apply, remove.'],
  ]);
});

describe('a cell in Graph’s own shape', () => {
  test.each([{ a: [1, { b: null }] }, {}])('is an object, or its JSON text: %j', (value) => {
    expect(reader({ body: value }).json('body')).toEqual(value);
    expect(reader({ body: ` ${JSON.stringify(value, null, 2)}\n` }).json('body')).toEqual(value);
  });

  test.each([
    ['[1]', 'a list'],
    ['"text"', 'a string'],
    ['null', 'null'],
    ['17', 'a number'],
    [[{ a: 1 }], 'a list'],
    [17, 'a number'],
    [false, 'a boolean'],
  ])('is no other value: %j', (value, kind) => {
    const read = reader({ body: value });
    expect(read.json('body')).toBeUndefined();
    expect(read.problems.map(({ message }) => message)).toEqual([`body is ${kind}, not a JSON object.`]);
  });

  test.each([
    ["{'a': 1}", 2, 'a name in double quotes'],
    ['{"a": 1,}', 9, 'a name in double quotes'],
    ['{"a": tru}', 7, 'a value'],
    ['{"a": 1} {', 10, 'nothing more'],
    ['{""a"": 1}', 4, 'a colon'],
    ['{'.repeat(5), 2, 'a name'],
    ['@{target=@{groupId=x}}', 1, 'a value'],
    [`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`, 166, 'no more than 32 levels'],
    ['['.repeat(16_000), 34, 'no more than 32 levels'],
  ])('that is no JSON comes with the place in it: %j', (text, at, expected) => {
    const read = reader({ target: text });
    expect(read.json('target')).toBeUndefined();
    expect(read.problems.map(({ name, message }) => [name, message])).toEqual([
      ['target', expect.stringContaining(`at its character ${at} must be ${expected}`)],
    ]);
  });

  // JSON.parse takes the last one without a word: the row would be sent to another group than the one that was read.
  test.each(['{"groupId": "a", "groupId": "b"}', '{"a": {"groupId": "a", "group\\u0049d": "b"}}'])(
    'with a name twice in one object says neither: %s',
    (text) => {
      const read = reader({ target: text });
      expect(read.json('target')).toBeUndefined();
      expect(read.problems.map(({ message }) => message)).toEqual([
        'The name "groupId" is there twice in one object of target.',
      ]);
    },
  );
});
