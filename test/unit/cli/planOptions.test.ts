import { expect, test } from 'vitest';
import {
  allowedBy,
  changeLimits,
  maxFailuresFrom,
  optionsOfRun,
  wholeNumber,
} from '../../../src/cli/planOptions.ts';
import { UserError } from '../../../src/errors.ts';
import { DEFAULT_OPTIONS, HOUR_MS } from '../../../src/runs/run.ts';
import { thrownBy } from '../../support/thrownBy.ts';

function expectBadInput(act: () => unknown, told: string): void {
  const error = thrownBy(act);
  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({ exitCode: 2 });
  if (error instanceof UserError) expect(`${error.message} ${error.remedy}`).toContain(told);
}

test('without a flag a run goes as it does by default', () => {
  expect(optionsOfRun({})).toEqual(DEFAULT_OPTIONS);
  expect(changeLimits({})).toEqual({ maxChanges: 500, maxPercent: 25 });
  expect(allowedBy({})).toEqual(new Map());
});

test('each flag is in the options of the run', () => {
  expect(
    optionsOfRun({ verify: true, maxFailures: ' 7% ', maxAge: '0.5', canary: '3', reason: '  CHG-1 ' }),
  ).toEqual({
    ...DEFAULT_OPTIONS,
    ...{ verify: true, maxFailures: '7%', maxAgeMs: HOUR_MS / 2, canary: 3, purpose: 'CHG-1' },
  });
  expect(optionsOfRun({ reason: '   ' }).purpose).toBeNull();
});

test.each(['off', '0', '20', '5%', '0.5%', '100%'])('--max-failures takes %s', (text) => {
  expect(maxFailuresFrom(text)).toBe(text);
  expect(maxFailuresFrom(text.toUpperCase())).toBe(text);
});

test.each(['', '-1', '101%', 'five', '5 rows', '1e3', '%', '1.5'])(
  '--max-failures does not take %j',
  (text) => {
    expectBadInput(() => maxFailuresFrom(text), '--max-failures is');
  },
);

test.each(['0', '-1', 'soon', '1e9', '', 'Infinity'])('--max-age does not take %j', (maxAge) => {
  expectBadInput(() => optionsOfRun({ maxAge }), '--max-age is');
});

test.each(['0', '1.5', '-1', 'x', '', '1000001'])('--canary does not take %j', (canary) => {
  expectBadInput(() => optionsOfRun({ canary }), 'Write a number from 1 to 1,000,000.');
});

test('the limits of a change are numbers, a share with or without its sign, or off', () => {
  expect(changeLimits({ maxChanges: 'OFF', maxChangesPercent: 'off' })).toEqual({
    ...{ maxChanges: 'off', maxPercent: 'off' },
  });
  expect(changeLimits({ maxChanges: '0', maxChangesPercent: '12.5%' })).toEqual({
    ...{ maxChanges: 0, maxPercent: 12.5 },
  });
  expectBadInput(() => changeLimits({ maxChangesPercent: '101' }), '--max-changes-percent is "101"');
  expectBadInput(() => changeLimits({ maxChanges: 'many' }), '--max-changes is "many"');
});

test('what is allowed may be repeated and separated by commas, and the later one counts', () => {
  expect(allowedBy({ allow: ['narrowed=1,all-users=2', 'narrowed=3'] })).toEqual(
    new Map([
      ['narrowed', 3],
      ['all-users', 2],
    ]),
  );
  expectBadInput(() => allowedBy({ allow: ['narrow=1'] }), 'Did you mean "narrowed"?');
});

test('a whole number is whole', () => {
  expect(wholeNumber('--sample', '5', 1, 10)).toBe(5);
  expectBadInput(() => wholeNumber('--sample', '5.5', 1, 10), '--sample is "5.5"');
});
