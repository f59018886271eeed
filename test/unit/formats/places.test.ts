import { expect, test } from 'vitest';
import { changeOf } from '../../../src/assignments/rows/change.ts';
import type { Problem } from '../../../src/assignments/rows/row.ts';
import { readRows } from '../../../src/formats/readRows.ts';
import { FROM_FILE } from '../../support/inputRow.ts';
import { inChunks } from '../../support/readAll.ts';

/** All problems of a text, those of its rows as changes too. */
async function problemsOf(text: string): Promise<Problem[]> {
  const problems: Problem[] = [];
  for await (const read of readRows(inChunks(Buffer.from(text), 11), {
    format: undefined,
  })) {
    if (read.kind === 'problem') problems.push(read.problem);
    if (read.kind !== 'row') continue;
    problems.push(...read.problems);
    const change = changeOf(read.row, FROM_FILE);
    if (read.problems.length === 0 && 'problems' in change) problems.push(...change.problems);
  }
  return problems;
}

/** Where `piece` stands in the text, as an editor shows it. */
function placeOf(text: string, piece: string): string {
  const before = text.slice(0, text.lastIndexOf(piece)).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

const ROW = {
  policyType: 'deviceConfiguration',
  policyId: 'c1',
  assignmentId: 'a1',
  targetType: 'group',
  groupId: '7b1d9e02-5f3a-4c86-9e1b-0d2f4a6c8e90',
};
const pretty = (row: object): string => JSON.stringify([ROW, row], null, 2);

test.each<[string, string, string]>([
  ['a wrong word', pretty({ ...ROW, targetType: 'grp' }), '"grp"'],
  ['an id that is none', pretty({ ...ROW, groupId: 'Nurses' }), '"Nurses"'],
  ['an unknown column', pretty({ ...ROW, gruopId: 'x' }), '"gruopId"'],
  ['a column that is there twice', pretty({ ...ROW, 'Group ID': 'x' }), '"Group ID"'],
  ['a control character', pretty({ ...ROW, note: 'a\u0001' }), '"note"'],
  [
    'a name that is there twice',
    pretty(ROW).replace(/"a1",\n {4}(?!.*"a1")/, '"a1",\n    "policyId": "c2",\n    '),
    '"policyId": "c2"',
  ],
  [
    'a member of a saved batch',
    JSON.stringify(
      { requests: [{ id: '1', method: 'PATCH', url: '/x', body: {}, dependsOn: ['0'] }] },
      null,
      2,
    ),
    '"dependsOn"',
  ],
  [
    'a method of a saved batch',
    JSON.stringify({ requests: [{ id: '1', url: '/x', method: 'DELETE' }] }, null, 2),
    '"method"',
  ],
])(
  '%s in JSON that goes over many lines is told with the line and the character where it stands',
  async (_, text, piece) => {
    const problems = await problemsOf(text);
    expect(problems.map(({ line, column }) => `${line}:${column}`)).toContain(placeOf(text, piece));
  },
);

test('of JSON in a cell of CSV that goes over many lines the place within the cell is told', async () => {
  const cell = '{\n  "@odata.type": "x",\n  oops\n}';
  const text = `policyType,policyId,assignmentId,target\ndeviceConfiguration,c1,a1,"${cell.replaceAll('"', '""')}"\n`;
  expect(await problemsOf(text)).toEqual([
    expect.objectContaining({
      line: 2,
      column: 4,
      message: 'target is no JSON: at its line 3, character 3, must be a name in double quotes.',
    }),
  ]);
});
