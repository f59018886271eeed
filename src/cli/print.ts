import { styleText } from 'node:util';
import type { UserError } from '../errors.ts';
import type { Terminal } from './context.ts';

/** The only place that writes to the terminal: data to stdout, talk to stderr. */
export interface Printer {
  /** A line of data. */
  data(line: string): void;
  json(value: unknown): void;
  /** Waits until the reader has room: for output of any size. */
  dataText(text: string): Promise<void>;
  /** A line of talk. */
  say(line: string): void;
  /** Talk that says what to do next. */
  sayError(error: UserError): void;
  table(headings: readonly string[], rows: readonly (readonly string[])[]): void;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
}

export function createPrinter(
  stdout: Terminal,
  stderr: Terminal,
  env: Readonly<Record<string, string | undefined>>,
): Printer {
  const colours = stderr.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  const paint = (style: 'bold' | 'dim' | 'red', text: string): string =>
    colours ? styleText(style, text, { validateStream: false }) : text;
  const say = (line: string): void => void stderr.write(`${line}\n`);
  return {
    data: (line) => void stdout.write(`${line}\n`),
    json: (value) => void stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    async dataText(text) {
      if (!stdout.write(text)) await new Promise((resolve) => stdout.once('drain', resolve));
    },
    say,
    sayError(error) {
      say(`${paint('red', 'error:')} ${visible(error.message)}`);
      say(`  ${visible(error.remedy)}`);
    },
    table(headings, rows) {
      const widths = headings.map((heading, i) =>
        Math.max(heading.length, ...rows.map((row) => (row[i] ?? '').length)),
      );
      const line = (cells: readonly string[]): string =>
        cells
          .map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
          .join('  ')
          .trimEnd();
      stdout.write(`${line(headings)}\n`);
      for (const row of rows) stdout.write(`${line(row.map(visible))}\n`);
    },
    bold: (text) => paint('bold', text),
    dim: (text) => paint('dim', text),
    red: (text) => paint('red', text),
  };
}

/** Text from a file or from Graph, with what could steer a terminal shown as `\u001b`. Line ends stay where `lines` says. */
export const visible = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;

/** `1 h 04 min`, `2 min 10 s`, `8 s` */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`;
}
