import { Option } from 'commander';
import { closestTo } from '../assignments/values/closest.ts';
import { EXIT, UserError } from '../errors.ts';

/** An option that takes one of a few words, in any letter case. Help shows them. */
export function oneOf<const T extends string>(
  flags: string,
  description: string,
  words: readonly T[],
  byDefault?: NoInfer<T>,
): Option {
  const option = new Option(flags, description).choices(words);
  if (byDefault !== undefined) option.default(byDefault);
  return option.argParser((text: string) => wordIn(option, text, words));
}

/** The same for words that go by other names, too. Its value is the word. */
export function oneNamed<T extends string>(
  flags: string,
  description: string,
  words: readonly T[],
  named: (text: string) => T | undefined,
): Option {
  const option = new Option(flags, description).choices(words);
  return option.argParser((text: string) => {
    const word = named(text);
    if (word === undefined) throw noWord(option, text.trim(), words);
    return word;
  });
}

/** One or several of a few words, by comma. Its value is a set. */
export function someOf<const T extends string>(
  flags: string,
  description: string,
  words: readonly T[],
): Option {
  const option = new Option(flags, description).choices(words);
  return option.argParser(
    (text: string): ReadonlySet<T> => new Set(text.split(',').map((part) => wordIn(option, part, words))),
  );
}

interface Range {
  readonly least: number;
  readonly most: number;
  /** 25.5 will do as well. */
  readonly fraction?: true;
  /** So will `off`, and is then the value. */
  readonly orOff?: true;
  /** What is counted, as in "a number of seconds". */
  readonly of?: string;
  /** A percent sign behind it is no matter. */
  readonly percent?: true;
}

/** An option that takes a number. */
export function numberIn(flags: string, description: string, range: Range, byDefault?: number): Option {
  const option = new Option(flags, description);
  if (byDefault !== undefined) option.default(byDefault);
  return option.argParser((text: string): number | 'off' => {
    const written = text.trim().toLowerCase();
    if (range.orOff && written === 'off') return 'off';
    const plain = range.percent ? written.replace(/\s*%$/, '') : written;
    const value = Number(plain);
    const isNumber = (range.fraction ? /^\d+(\.\d+)?$/ : /^\d+$/).test(plain);
    if (isNumber && value >= range.least && value <= range.most) return value;
    throw wrong(option, text, wanted(range));
  });
}

const wanted = ({ least, most, fraction, orOff, of }: Range): string =>
  `Write a ${fraction ? '' : 'whole '}number${of === undefined ? '' : ` of ${of}`} from ${least} to ${most.toLocaleString('en-US')}${orOff ? ', or off' : ''}.`;

/** An option that may be given again and again. Its value is the list of what was given. */
export const many = (flags: string, description: string): Option =>
  new Option(flags, description).argParser((text: string, before: readonly string[] = []) => [
    ...before,
    text,
  ]);

/** The failure budget: `off`, a whole number of rows, or a share as `5%`. Its value is that text. */
export function failureBudget(description: string, byDefault?: string): Option {
  const option = new Option('--max-failures <n|n%>', description);
  if (byDefault !== undefined) option.default(byDefault);
  return option.argParser((text: string): string => {
    const written = text.trim().toLowerCase();
    if (written === 'off' || /^\d{1,9}$/.test(written)) return written;
    const percent = /^(\d{1,3}(?:\.\d+)?)\s*%$/.exec(written)?.[1];
    if (percent !== undefined && Number(percent) <= 100) return `${percent}%`;
    throw wrong(option, text, 'Write a number of rows as 20, a share of them as 5%, or off.');
  });
}

/** Why somebody does something, for those who read the log. */
export const reasonOption = (): Option =>
  new Option('--reason <text>', 'why, for `retarget log`; as in "CHG-1234"');

function wordIn<T extends string>(option: Option, text: string, words: readonly T[]): T {
  const written = text.trim();
  const found = words.find((word) => word.toLowerCase() === written.toLowerCase());
  if (found !== undefined) return found;
  throw noWord(option, written, words);
}

function noWord(option: Option, written: string, words: readonly string[]): UserError {
  const guess = closestTo(written, words);
  const remedy = `Write ${option.long} with ${words.length > 2 ? 'one of: ' : ''}${words.join(words.length > 2 ? ', ' : ' or ')}.`;
  return wrong(option, written, guess === undefined ? remedy : `Did you mean ${guess}? ${remedy}`);
}

const wrong = ({ long }: Option, text: string, remedy: string): UserError =>
  new UserError(`${long} is "${text}".`, { remedy, exitCode: EXIT.badInput });
