import { expect, test } from 'vitest';
import { pairsIn } from '../../../src/formats/columnPairsFile.ts';

test.each([
  ['# theirs\n\nOldGroup=fromGroupName\r\n Owner=\n', ['3 OldGroup=fromGroupName', '4  Owner=']],
  ['OldGroup=fromGroupName,NewGroup=groupName', ['1 OldGroup=fromGroupName', '1 NewGroup=groupName']],
  [
    'OldGroup,fromGroupName\n"New Group";groupName\nName\tpolicyName\n',
    ['1 OldGroup=fromGroupName', '2 New Group=groupName', '3 Name=policyName'],
  ],
  ['{ "OldGroup": "fromGroupName", "Owner": null }', ['1 OldGroup=fromGroupName', '1 Owner=']],
  ['a,b,c', ['1 a,b,c']],
  ['{"a":', ['1 {"a":']],
  ['', []],
])('pairs of a file, each with its line: %j', (text, pairs) => {
  expect(pairsIn(text).map((pair) => `${pair.line} ${pair.text}`)).toEqual(pairs);
});
