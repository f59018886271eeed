import { expect, test } from 'vitest';
import { encodeInputs } from '../../../src/runs/batchCodec.ts';
import { recordedRows } from '../../../src/runs/batchRow.ts';

test('a recorded row that does not read any more is named with its run', () => {
  const input = { line: 7, cells: new Map([['policyType', 'noSuchType'] as const]) };
  const bytes = { inputs: encodeInputs([input]), states: Buffer.from([0]) };
  const rules = { root: 'https://graph.microsoft.com', apiVersion: 'beta', blind: false } as const;
  const [row] = recordedRows(bytes, 0, '20260131-120000-abcd', rules);
  expect(() => row?.change).toThrow('line 7 of run 20260131-120000-abcd does not read any more: ');
});
