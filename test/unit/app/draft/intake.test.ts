import { expect, test } from 'vitest';
import { readIn } from '../../../../src/app/draft/intake.ts';
import { FROM_FILE } from '../../../support/inputRow.ts';
import { inChunks } from '../../../support/readAll.ts';

const row = (policyId: string, assignmentId: string): string =>
  `deviceConfiguration,${policyId},${assignmentId},allDevices,none`;

const readInLines = async (lines: readonly string[]) => {
  const taken: (string | undefined)[] = [];
  const text = ['policyType,policyId,assignmentId,targetType,filterType', ...lines].join('\n');
  const bytes = inChunks(Buffer.from(text), 65_536);
  const intake = await readIn({ name: 'a.csv', format: 'csv', bytes }, FROM_FILE, async ({ policy }) => {
    taken.push(policy);
  });
  return { ...intake, taken };
};

test('more than 200 rows of one policy are one problem, on the first line that is too much', async () => {
  const many = Array.from({ length: 203 }, (_, i) => row('P1', `A${i}`));
  const { problems, problemTotal, badPolicies, taken } = await readInLines([...many, row('P2', 'A1')]);
  expect(problems).toMatchObject([
    { line: 202, column: 1, message: expect.stringContaining('P1 has more than 200 rows') },
  ]);
  expect(problemTotal).toBe(1);
  expect([...badPolicies]).toEqual([taken[0]]);
  expect(taken).toHaveLength(201);
});

test('200 rows of a policy, with duplicates among them, are taken', async () => {
  const rows = Array.from({ length: 200 }, (_, i) => row('P1', `A${Math.min(i, 150)}`));
  const { problemTotal, taken } = await readInLines(rows);
  expect([problemTotal, taken.length]).toEqual([0, 200]);
});
