import { Command, type Option } from 'commander';
import { expect, test } from 'vitest';
import { failureBudget, many, numberIn, oneNamed, oneOf, someOf } from '../../../src/cli/flags.ts';
import { UserError } from '../../../src/errors.ts';
import { thrownBy } from '../../support/thrownBy.ts';

const commandWith = (option: Option): Command => new Command('x').addOption(option).exitOverride();
/** What the option becomes of these arguments. */
const value = (option: Option, ...argv: string[]): unknown =>
  commandWith(option).parse(argv, { from: 'user' }).opts()[option.attributeName()];

function refusal(option: Option, ...argv: string[]): string {
  const error = thrownBy(() => value(option, ...argv));
  if (!(error instanceof UserError)) throw new Error(`not refused as it should be: ${String(error)}`);
  expect(error.exitCode).toBe(2);
  return `${error.message} ${error.remedy}`;
}

test('one of a few words is taken in any letter case, and help shows them and the default', () => {
  const option = oneOf('--colour <colour>', 'how it looks', ['red', 'darkRed', 'blue'], 'blue');
  expect(value(option, '--colour', ' DARKRED ')).toBe('darkRed');
  expect(value(option)).toBe('blue');
  expect(commandWith(option).helpInformation().replaceAll(/\s+/g, ' ')).toContain(
    'how it looks (choices: "red", "darkRed", "blue", default: "blue")',
  );
  expect(refusal(option, '--colour', 'bleu')).toBe(
    '--colour is "bleu". Did you mean blue? Write --colour with one of: red, darkRed, blue.',
  );
  expect(refusal(option, '--colour', '')).toBe(
    '--colour is "". Write --colour with one of: red, darkRed, blue.',
  );
});

test('a word that goes by other names is taken by each of them, and help shows the word', () => {
  const option = oneNamed('--colour <colour>', 'which', ['red', 'blue'], (text) =>
    ['red', 'rouge'].includes(text.toLowerCase()) ? 'red' : undefined,
  );
  expect(value(option, '--colour', 'Rouge')).toBe('red');
  expect(commandWith(option).helpInformation()).toContain('(choices: "red", "blue")');
  expect(refusal(option, '--colour', 'rod')).toBe(
    '--colour is "rod". Did you mean red? Write --colour with red or blue.',
  );
});

test('several of them are a set', () => {
  const option = someOf('--only <colours>', 'which', ['red', 'blue']);
  expect(value(option, '--only', 'Blue, red,blue')).toEqual(new Set(['blue', 'red']));
  expect(value(option)).toBeUndefined();
  expect(refusal(option, '--only', 'red,')).toBe('--only is "". Write --only with red or blue.');
  expect(refusal(option, '--only', 'red,blu')).toContain('Did you mean blue?');
});

const ROWS = () => numberIn('--rows <n>', 'how many', { least: 1, most: 1_000_000 });

test.each(['1', '42', '1000000', ' 7 '])('a number is taken as one: %s', (text) => {
  expect(value(ROWS(), '--rows', text)).toBe(Number(text));
});

test.each(['0', '1000001', '-1', '1.5', '1e3', 'x', '', 'off', '5%', 'Infinity'])('%j is none', (text) => {
  expect(refusal(ROWS(), `--rows=${text}`)).toBe(
    `--rows is "${text}". Write a whole number from 1 to 1,000,000.`,
  );
});

test('fractions, percent signs and off are taken where they say something', () => {
  const share = () =>
    numberIn(
      '--share <percent>',
      'how much',
      { least: 0, most: 100, fraction: true, percent: true, orOff: true },
      25,
    );
  expect(value(share())).toBe(25);
  expect(value(share(), '--share', '12.5 %')).toBe(12.5);
  expect(value(share(), '--share', 'OFF')).toBe('off');
  expect(refusal(share(), '--share', '101%')).toBe(
    '--share is "101%". Write a number from 0 to 100, or off.',
  );
});

test('what may be repeated is gathered', () => {
  expect(value(many('--where <text>', 'which'), '--where', 'a', '--where', 'b')).toEqual(['a', 'b']);
  expect(value(many('--where <text>', 'which'))).toBeUndefined();
});

test.each(['off', '0', '20', '5%', '0.5%', '100%'])('--max-failures takes %s', (text) => {
  expect(value(failureBudget('how many'), '--max-failures', text)).toBe(text);
  expect(value(failureBudget('how many'), '--max-failures', ` ${text.toUpperCase()} `)).toBe(text);
});

test.each(['', '-1', '101%', 'five', '5 rows', '1e3', '%', '1.5'])(
  '--max-failures does not take %j',
  (text) => {
    expect(refusal(failureBudget('how many'), `--max-failures=${text}`)).toContain(
      'Write a number of rows as 20',
    );
  },
);
