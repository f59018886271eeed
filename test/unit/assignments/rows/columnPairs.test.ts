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

test.each([
  ['OldGroup', /no pair/],
  ['=groupId', /no pair/],
  ['Old=grupId', /no column/],
  ['Old=status', /no column/],
])('%j is told as what it is', (text, message) => {
  const read = readColumnPairs([text]);
  expect('message' in read && read.message).toMatch(message);
});
