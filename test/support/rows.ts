import type { InputColumn } from '../../src/assignments/columns.ts';
import { withChange, type ReadyRow } from '../../src/queue/lookFirst.ts';
import type { Detail, InputRow } from '../../src/runs/batchCodec.ts';
import { headerFields, runFromHeader, type Run, type RunIdentity } from '../../src/runs/run.ts';
import type { StateName } from '../../src/runs/rowState.ts';

export const identityOf = (change: Partial<RunIdentity> = {}): RunIdentity => ({
  runId: 'r1',
  tenant: 't',
  graphUrl: 'http://127.0.0.1:1',
  apiVersion: 'beta',
  appId: 'app',
  operator: 'ann@host',
  arguments: ['apply', 'f.csv'],
  fileName: 'f.csv',
  blind: false,
  keepDays: 30,
  ...change,
});

/** A run as the record would show it. */
export function runOf(
  identity: Partial<RunIdentity> = {},
  fields: Record<string, string | number> = {},
): Run {
  const whole = identityOf(identity);
  const header = { ...headerFields(whole, 0), state: 'running', ...fields };
  const run = runFromHeader(
    whole.runId,
    Object.fromEntries(Object.entries(header).map(([name, value]) => [name, String(value)])),
  );
  if (run === undefined) throw new Error('that is no header of a run');
  return run;
}

/** A row that wishes this group for an assignment of a configuration. */
export const groupRow = (
  policyId: string,
  assignmentId: string,
  groupId: string,
  more: Partial<Record<InputColumn, unknown>> = {},
): InputRow => ({
  line: 2,
  cells: new Map<InputColumn, unknown>([
    ['policyType', 'deviceConfiguration'],
    ['policyId', policyId],
    ['assignmentId', assignmentId],
    ['targetType', 'group'],
    ['groupId', groupId],
    // The keys are column names by the parameter's type.
    ...(Object.entries(more) as [InputColumn, unknown][]),
  ]),
});

export const readyRow = (
  state: StateName,
  attempts: number,
  detail: Detail = {},
  { input = groupRow('c1', 'a1', 'g-new'), place = 0, run = runOf() } = {},
): ReadyRow => withChange({ place, state, attempts, input, detail }, run);
