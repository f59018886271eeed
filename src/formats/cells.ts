import type { ColumnMeaning, ColumnNames } from '../assignments/rows/columns.ts';
import { quoted } from '../assignments/values/quoted.ts';
import { hiddenIn } from '../assignments/values/visible.ts';
import type { Fault } from '../assignments/rows/row.ts';
import { CELL_CHARS_MAX, NAME_CHARS_MAX } from './limits.ts';

/** Control characters but tab and line ends. They come from damaged exports and can't be seen where they do harm. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** Why text can't go through a file, a terminal and Graph and stay the same; undefined when it can. */
export function textFault(text: string): Fault | undefined {
  if (text.length > CELL_CHARS_MAX) {
    return {
      message: `The text has ${text.length} characters; a cell may have ${CELL_CHARS_MAX}.`,
      remedy: 'Shorten it.',
    };
  }
  const control = CONTROL_CHARACTER.exec(text)?.[0];
  if (control !== undefined) {
    const code = control.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    return { message: `The text holds the control character U+${code}.`, remedy: 'Remove that character.' };
  }
  if (!text.isWellFormed()) {
    return {
      message: 'The text holds half of a character (a lone surrogate).',
      remedy: 'Write the whole character, or remove its \\u escape.',
    };
  }
  return undefined;
}

/** Why a JSON value would not stay the same on its way to Graph; undefined when it would. Looks into objects and arrays. */
export function valueFault(value: unknown): Fault | undefined {
  if (typeof value === 'string') return textFault(value);
  if (typeof value === 'number') {
    const exact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
    if (exact) return undefined;
    return {
      message: 'The number is too large to be kept exactly.',
      remedy: `Write a number up to ${Number.MAX_SAFE_INTEGER}, or the digits in double quotes.`,
    };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const fault = textFault(key) ?? valueFault(inner);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** null, "" and spaces are the same as nothing. */
export const isBlank = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === 'string' && value.trim() === '');

/** The beginning of a name, in memory of its own: a slice would keep the record that it was cut from. */
export const shortName = (name: string): string =>
  name.length <= NAME_CHARS_MAX ? name : `${[...name.slice(0, NAME_CHARS_MAX)].join('')}…`;

export const unknownColumn = (
  name: string,
  { didYouMean, given }: Pick<Extract<ColumnMeaning, { kind: 'unknown' }>, 'didYouMean' | 'given'>,
): Fault => ({
  message: `There is no column ${quoted(name)}.${hiddenIn(name) === undefined ? '' : ` It holds ${hiddenIn(name)}.`}`,
  remedy:
    given !== undefined
      ? `--columns speaks of ${quoted(given)}: write ${quoted(name)} there. Otherwise remove it, or call it \`note\` when it is for your own use.`
      : didYouMean === undefined
        ? 'Remove it, or call it `note` when it is for your own use.'
        : `Did you mean ${didYouMean}? Otherwise remove it, or call it \`note\` when it is for your own use.`,
});

export const repeatedColumn = (name: string, column: string): Fault => ({
  message:
    name === column
      ? `The column ${column} is there twice.`
      : `${quoted(name)} is the column ${column}, which is there already.`,
  remedy: 'Keep one of them.',
});

/** How many names of columns are remembered: enough for a million rows of one shape, without keeping a hostile file's keys. */
const MEANINGS_MAX = 1000;

/** The same, and remembers: a JSON file says its names again in every record. */
export function rememberedMeanings(nameOf: ColumnNames): ColumnNames {
  const known = new Map<string, ColumnMeaning>();
  return (name) => {
    const remembered = known.get(name);
    if (remembered !== undefined) return remembered;
    const meaning = nameOf(name);
    if (known.size < MEANINGS_MAX) known.set(name, meaning);
    return meaning;
  };
}
