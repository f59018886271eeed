import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { Identity } from '../../../../src/app/identity.ts';
import { createPrinter } from '../../../../src/cli/terminal/print.ts';
import { showRun } from '../../../../src/cli/terminal/showRun.ts';
import { STATUS as RUN } from '../../../support/runStatus.ts';
import type { LimiterStatus, RunStatus } from '../../../../src/runs/progress.ts';

function sink() {
  let text = '';
  const stream = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    }),
    { isTTY: false, columns: 0 },
  );
  return { stream, text: () => text };
}

const limiter = (budget: number, more: Partial<LimiterStatus> = {}): LimiterStatus => ({
  ...{ limit: 200, budget, charged: 5, used: 0.5, backoffUntil: null, backoffReason: null },
  ...more,
});
const held = { backoffUntil: '2026-11-22T03:00:00.000Z', backoffReason: 'throttled' } as const;

const STATUS: RunStatus = { ...RUN, limiter: limiter(100) };

function shown(status: RunStatus, rollbacks: readonly string[] = []): string[] {
  const out = sink();
  showRun(
    { ...status, rollbacks },
    undefined,
    { hint: (text: string) => text } as unknown as Identity,
    createPrinter(out.stream, sink().stream, {}),
  );
  return out.text().split('\n');
}

test('a run of several families shows each with what it has done, its time left and its limiter', () => {
  const lines = shown({
    ...STATUS,
    families: [
      { family: 'applications', total: 200, pending: 150, etaSeconds: 130, limiter: limiter(100, held) },
      { family: 'devices', total: 100, pending: 0, etaSeconds: 0, limiter: limiter(200) },
    ],
  });
  const at = lines.findIndex((line) => line.startsWith('apps'));
  expect(lines.slice(at, at + 4).map((line) => line.replace(/ {2,}/g, '  '))).toEqual([
    'apps  50 of 200 rows, about 2 min 10 s left',
    '  limiter  budget 100 of 200 writes a window, 5 charged, 50 % used in the last one, held until 2026-11-22T03:00:00.000Z (throttled)',
    'scripts  100 of 100 rows',
    '  limiter  budget 200 of 200 writes a window, 5 charged, 50 % used in the last one',
  ]);
});

test('a run of one family has one limiter', () => {
  expect(shown(STATUS).filter((line) => line.includes('budget'))).toEqual([
    expect.stringMatching(/^limiter +budget 100 of 200/),
  ]);
});

test('a run names its rollbacks', () => {
  expect(shown(STATUS).join('\n')).not.toContain('rollback');
  expect(shown(STATUS, ['r9', 'r8'])).toContainEqual(expect.stringMatching(/^rollbacks +r9, r8$/));
});
