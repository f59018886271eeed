import { Command } from 'commander';
import { expect, test } from 'vitest';
import {
  allowedBy,
  changeLimits,
  guardOptions,
  optionsOfRun,
  runOptions,
} from '../../../src/cli/planFlags.ts';
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
    optionsOfRun({ verify: true, maxFailures: '7%', maxAge: 0.5, canary: 3, reason: '  CHG-1 ' }),
  ).toEqual({
    ...DEFAULT_OPTIONS,
    ...{ verify: true, maxFailures: '7%', maxAgeMs: HOUR_MS / 2, canary: 3, purpose: 'CHG-1' },
  });
  expect(optionsOfRun({ reason: '   ' }).purpose).toBeNull();
  expect(changeLimits({ maxChanges: 'off', maxChangesPercent: 12.5 })).toEqual({
    ...{ maxChanges: 'off', maxPercent: 12.5 },
  });
});

const program = (): Command => runOptions(guardOptions(new Command('x').exitOverride()));

test('the defaults that help shows are those that backoff', () => {
  const flags = program().parse([], { from: 'user' }).opts();
  expect(optionsOfRun(flags)).toEqual(DEFAULT_OPTIONS);
  expect(changeLimits(flags)).toEqual(changeLimits({}));
});

test.each([
  ['--max-age', '0'],
  ['--max-age', '1e9'],
  ['--canary', '1.5'],
  ['--max-changes', 'many'],
  ['--max-changes-percent', '101'],
])('%s does not take %s', (flag, text) => {
  expectBadInput(() => program().parse([flag, text], { from: 'user' }), `${flag} is "${text}".`);
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
