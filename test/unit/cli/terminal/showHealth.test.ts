import { expect, test } from 'vitest';
import type { Health } from '../../../../src/app/runs/health.ts';
import { healthExitCode, healthJson, healthLine } from '../../../../src/cli/terminal/showHealth.ts';
import { NOW, runThatIs } from '../../../support/fakeServices.ts';

const IDENTITY = { tenant: 'north', hint: (words: string) => `retarget ${words}` };
const RUN = runThatIs('running', { total: 300, left: 240, fileName: 'big.csv' });
const health = (...kinds: Health[]) => ({
  ...{ stop: undefined, now: NOW },
  runs: kinds.map((each) => ({ run: RUN, health: each })),
});
const STALLED: Health = { kind: 'stalled', since: NOW - 370_000, why: 'no worker since 00:42' };
const STOPPED: Health = { kind: 'stopped', why: 'by ada@desk' };
const FAILED: Health = { kind: 'failedRows', rows: 3 };

test.each<readonly [ReturnType<typeof health>, string, number]>([
  [health({ kind: 'fine' }), 'fine: 1 open run, 60 of 300 rows', 0],
  [health(), 'fine: no run is open', 0],
  [health(FAILED), 'failed rows: r1 big.csv 60/300, 3 did not come through', 1],
  [health(STOPPED), 'stopped: r1 big.csv 60/300, running: by ada@desk', 3],
  [health(STALLED), 'stalled for 6 min 10 s: r1 big.csv 60/300, no worker since 00:42', 3],
  [
    health({ kind: 'overdue', since: NOW - 130_000, why: 'its deadline was 22:00' }),
    'overdue for 2 min 10 s: r1 big.csv 60/300, its deadline was 22:00',
    3,
  ],
])('%j is one line and an exit code', (given, line, exitCode) => {
  expect(healthLine(given, IDENTITY)).toBe(line);
  expect(healthExitCode(given)).toBe(exitCode);
  expect(healthJson(given, IDENTITY)).toMatchObject({ tenant: 'north', exitCode, text: line });
});

test('of many the first few are named, and a tenant that is stopped is said once', () => {
  const many = health(STALLED, STALLED, FAILED, FAILED, FAILED, { kind: 'fine' });
  expect(healthLine(many, IDENTITY)).toMatch(/^stalled .*; stalled .*; failed rows: .*; and 2 more$/);
  const stop = { by: 'ada@desk', at: NOW, reason: null };
  const line = healthLine({ ...health(STOPPED, FAILED), stop }, IDENTITY);
  expect(line).toMatch(
    /^stopped: the tenant was stopped by ada@desk at \S+; .*; failed rows: .*come through$/,
  );
  expect(healthExitCode({ ...health(), stop })).toBe(3);
  expect(line).not.toContain('\n');
});
