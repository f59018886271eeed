import { stripVTControlCharacters } from 'node:util';

/** What a reader takes for one character, as a letter with its accents. */
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Texts whose characters all have one column: most of them, and asked first. */
const PLAIN = /^[ -~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u22ff]*$/;

/**
 * What takes two columns: Chinese, Japanese and Korean, forms that are as wide as these, and pictures.
 * Source: unicode.org/Public/UCD/latest/ucd/EastAsianWidth.txt, W and F.
 */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;

/** Marks that stand above others, and characters that steer. */
const WITHOUT_WIDTH = /^[\p{Mark}\p{Cf}\p{Cc}]+$/u;

interface Grapheme {
  readonly text: string;
  readonly columns: number;
}

const graphemesOf = (text: string): Grapheme[] =>
  [...GRAPHEMES.segment(text)].map(({ segment }) => ({ text: segment, columns: columnsOfOne(segment) }));

function columnsOfOne(grapheme: string): number {
  if (WITHOUT_WIDTH.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}

const sumOf = (graphemes: readonly Grapheme[]): number =>
  graphemes.reduce((sum, { columns }) => sum + columns, 0);

const joined = (graphemes: readonly Grapheme[]): string => graphemes.map(({ text }) => text).join('');

/** How many columns of a terminal a text takes. */
export function widthOf(text: string): number {
  const shown = stripVTControlCharacters(text);
  return PLAIN.test(shown) ? shown.length : sumOf(graphemesOf(shown));
}

/** As much of the beginning of a text as has room in so many columns. */
export function startOf(text: string, columns: number): string {
  if (PLAIN.test(text)) return text.slice(0, Math.max(0, columns));
  return joined(fitting(graphemesOf(text), columns));
}

function fitting(graphemes: readonly Grapheme[], columns: number): readonly Grapheme[] {
  let taken = 0;
  const end = graphemes.findIndex((each) => (taken += each.columns) > columns);
  return end === -1 ? graphemes : graphemes.slice(0, end);
}

/** As much of its end. */
const endOf = (text: string, columns: number): string =>
  joined(fitting(graphemesOf(text).toReversed(), columns).toReversed());

/** `Wi-Fi of … in Berlin`: what tells names apart stands at both of their ends. */
export function cutInMiddle(text: string, columnsMax: number): string {
  if (widthOf(text) <= columnsMax) return text;
  const kept = Math.max(1, columnsMax - 1);
  return `${startOf(text, Math.ceil(kept / 2))}…${endOf(text, Math.floor(kept / 2))}`;
}

/** `Wi-Fi of floor…` */
export const cutAtEnd = (text: string, columnsMax: number): string =>
  widthOf(text) <= columnsMax ? text : `${startOf(text, columnsMax - 1).trimEnd()}…`;

/** With blanks behind it, up to so many columns. */
export const padded = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - widthOf(text)));
