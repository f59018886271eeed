import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createPrinter } from '../../../../src/cli/terminal/print.ts';
import { STATUS } from '../../../support/runStatus.ts';
import { showProgress } from '../../../../src/cli/terminal/progressBar.ts';
import type { Family } from '../../../../src/assignments/kinds/family.ts';
import type { RunStatus } from '../../../../src/runs/progress.ts';
import { duration, shortened } from '../../../../src/app/words.ts';
import { visible } from '../../../../src/assignments/values/visible.ts';

function screen(columns?: number) {
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
  return { stream, text: () => text };
}

const family = (name: Family, total: number, pending: number): RunStatus['families'][number] => ({
  ...{ family: name, total, pending, etaSeconds: 10, limiter: STATUS.limiter },
});

const printerOn = (columns: number | undefined, env: Record<string, string> = {}) => {
  const err = screen(columns);
  const print = createPrinter(screen().stream, err.stream, env);
  return { print, text: err.text };
};

test.each([
  [0, '0 s'],
  [59.6, '1 min 0 s'],
  [130, '2 min 10 s'],
  [3_840, '1 h 04 min'],
])('%d seconds are "%s"', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test('what could steer a terminal or break a line is shown as its number', () => {
  expect(visible('a\u001b[2J\nb\u202ec')).toBe('a\\u001b[2J\\u000ab\\u202ec');
  expect(visible('Zürich – 東京')).toBe('Zürich – 東京');
  expect(shortened('abcdef', 4)).toBe('abc…');
});

describe('the foot of the talk', () => {
  test('is taken away before a line is said, and drawn again below it', () => {
    const { print, text } = printerOn(80);
    print.foot('50%');
    print.say('Redis is out of reach.');
    print.foot(undefined);
    expect(text()).toBe('\r\u001b[K50%\r\u001b[KRedis is out of reach.\n50%\n');
  });

  test('leaves the last column free and loses the bar before the facts, whatever the width', () => {
    const plain = printerOn(undefined);
    showProgress(plain.print).update(STATUS, false);
    const facts = plain.text().trimEnd();
    for (let columns = 20; columns <= 160; columns += 1) {
      const { print, text } = printerOn(columns);
      showProgress(print).update(STATUS, false);
      const drawn = text().replace('\r\u001b[K', '');
      expect(drawn.length).toBeLessThan(columns);
      expect(drawn).toContain('25% 500/2,000');
      expect(/^[█░]{8,30} 25%/.test(drawn)).toBe(columns >= facts.length + 10);
      if (columns > facts.length) expect(drawn.endsWith(facts)).toBe(true);
    }
  });

  test('shows each family that has rows to go, where there is room for it beside the bar', () => {
    const families = [
      family('applications', 1_500, 1_400),
      family('devices', 500, 0),
      family('updates', 90, 1),
    ];
    const status = { ...STATUS, families };
    const plain = printerOn(undefined);
    showProgress(plain.print).update(status, false);
    const apart = ' · apps 100/1,500 · updates 89/90';
    expect(plain.text().trimEnd().endsWith(`7 throttled${apart}`)).toBe(true);
    const drawnOn = (columns: number): string => {
      const { print, text } = printerOn(columns);
      showProgress(print).update(status, false);
      return text();
    };
    expect(drawnOn(200)).toMatch(/█.*apps 100.1,500 · updates 89.90$/);
    // The bar goes first.
    expect(drawnOn(150)).toMatch(/█.*7 throttled$/);
  });

  test('names the family that a backoff is of, while others go on', () => {
    const held = { ...STATUS.limiter, backoffUntil: new Date(Date.now() + 60_000).toISOString() };
    const slow = {
      ...family('applications', 10, 5),
      limiter: { ...held, backoffReason: 'throttled' },
    } as const;
    const { print, text } = printerOn(undefined);
    const families = [slow, family('devices', 10, 5)];
    showProgress(print).update({ ...STATUS, families, limiter: slow.limiter }, false);
    expect(text()).toContain('throttled, apps waits 1 min');
  });

  test.each([
    ['no terminal', undefined, {}],
    ['NO_COLOR', 160, { NO_COLOR: '1' }],
    ['a dumb terminal', 160, { TERM: 'dumb' }],
  ])('with %s there are plain lines, one at each tenth and at the end', (_, columns, env) => {
    const { print, text } = printerOn(columns, env);
    const progress = showProgress(print);
    for (const pending of [1_500, 1_490, 1_399, 0]) progress.update({ ...STATUS, pending }, pending === 0);
    progress.stop();
    const lines = text().trimEnd().split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['25%', '30%', '100%']);
    expect(lines[0]).toBe(
      '25% 500/2,000 · about 1 min 1 s left, done about 03:40 · 24.5 rows/s · 400 succeeded · 97 skipped · 2 failed · 1 stale · 7 throttled',
    );
    expect(text()).not.toContain('\u001b');
  });
});
