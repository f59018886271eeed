import { expect, test } from 'vitest';
import { columnNames, readColumnPairs } from '../../../../src/assignments/rows/columnPairs.ts';

test('names of somebody’s own come before ours, spelled in any way; what is not read is named with nothing', () => {
  const read = readColumnPairs(['Old Group=fromGroupName', 'a=b=policy name', 'Owner=']);
  if (!('pairs' in read)) throw new Error(read.message);
  const nameOf = columnNames(read.pairs);
  expect(nameOf('oldgroup')).toEqual({ kind: 'input', column: 'fromGroupName' });
  expect(nameOf('A=B')).toEqual({ kind: 'input', column: 'policyName' });
  expect(nameOf('owner')).toEqual({ kind: 'ignored' });
  expect(nameOf('groupId')).toEqual({ kind: 'input', column: 'groupId' });
  expect(nameOf('Nobody')).toMatchObject({ kind: 'unknown' });
});

test('a name that is nearly one of somebody’s own says which', () => {
  const read = readColumnPairs(['OldGroop=fromGroupName']);
  if (!('pairs' in read)) throw new Error(read.message);
  expect(columnNames(read.pairs)('OldGroup')).toMatchObject({ kind: 'unknown', given: 'OldGroop' });
  expect(columnNames(read.pairs)('Something else')).not.toHaveProperty('given');
});

test('a name that is said to be two columns is told, with its place', () => {
  expect(readColumnPairs(['Old=groupName', 'New=', 'old=fromGroupName'])).toMatchObject({
    at: 2,
    message: '"old" is said to be fromGroupName, and before groupName.',
  });
  expect(readColumnPairs(['Old=groupName', 'OLD=groupName'])).toMatchObject({ pairs: { length: 1 } });
});

test.each([
  ['OldGroup', /no pair/],
  ['=groupId', /no pair/],
  ['Old=grupId', /no column/],
  ['Old=status', /no column/],
])('%j is told as what it is', (text, message) => {
  const read = readColumnPairs([text]);
  expect('message' in read && read.message).toMatch(message);
});
