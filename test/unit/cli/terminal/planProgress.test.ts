import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PlanProgress } from '../../../../src/events.ts';
import { showPlanProgress } from '../../../../src/cli/terminal/planProgress.ts';
import { createPrinter } from '../../../../src/cli/terminal/print.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function progressOn(columns: number | undefined) {
  let text = '';
  const stream = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    }),
    { isTTY: columns !== undefined, columns: columns ?? 0 },
  );
  const print = createPrinter(stream, stream, {});
  const show = showPlanProgress(print);
  const tell = (read: number, more: { isLast?: boolean; backoff?: PlanProgress['backoff'] } = {}) =>
    show({ read, of: 3_000, backoff: null, isLast: false, ...more });
  return { tell, print, text: () => text };
}

test('on a terminal there is a bar at once, and it is gone when the reads are over', () => {
  const { tell, print, text } = progressOn(80);
  tell(0);
  expect(text()).toBe(`\r\u001b[K${'░'.repeat(30)} Read 0 of 3,000 rows`);
  tell(1_500);
  expect(text()).toMatch(/█{15}░{15} Read 1,500 of 3,000 rows$/);
  tell(3_000, { isLast: true });
  print.say('the plan');
  expect(text().split('\r').at(-1)).toBe('\u001b[Kthe plan\n');
});

test('a bar says what the reads wait for', () => {
  const { tell, text } = progressOn(100);
  tell(20, { backoff: { reason: 'throttled', untilMs: Date.now() + 12_000 } });
  expect(text()).toContain('Read 20 of 3,000 rows (throttled, waits 12 s)');
  tell(20, { backoff: { reason: 'restarted', untilMs: Date.now() + 85_000 } });
  expect(text()).toContain('(Redis has restarted or its clock has jumped, waits 1 min 25 s)');
});

test('elsewhere reads that take long are told of in plain lines, five seconds apart', () => {
  const { tell, text } = progressOn(undefined);
  for (let half = 0; half <= 22; half += 1) {
    tell(half * 100);
    vi.advanceTimersByTime(500);
  }
  expect(text()).toBe('Read 1,000 of 3,000 rows.\nRead 2,000 of 3,000 rows.\n');
});

test('short ones are not told of, however many plans are made', () => {
  const { tell, text } = progressOn(undefined);
  for (let plan = 0; plan < 3; plan += 1) {
    tell(0);
    vi.advanceTimersByTime(4_000);
    tell(3_000, { isLast: true });
  }
  expect(text()).toBe('');
});
