import { styleText } from 'node:util';
import { tableLines, wrapped, type TableFit } from './fit.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { UserError } from '../../errors.ts';
import type { Writable } from 'node:stream';

/** A stream that may be a terminal. */
export interface Terminal extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** The only place that writes to the terminal: data to stdout, talk to stderr. */
export interface Printer {
  /** A line of data. On a terminal it is parted between words where it is too long, and what follows is indented so far. */
  data(line: string, hang?: number): void;
  json(value: unknown): void;
  /** Waits until the reader has room: for output of any size. */
  dataText(text: string): Promise<void>;
  /** A line of talk. */
  say(line: string): void;
  /** Talk that says what to do next. */
  sayError(error: UserError): void;
  /** @param more wrapsLast: the last cells are sentences, and are parted between words on a narrow terminal, not cut */
  table(
    headings: readonly string[],
    rows: readonly (readonly string[])[],
    more?: Pick<TableFit, 'wrapsLast'>,
  ): void;
  /** The same as talk, indented. */
  talkTable(headings: readonly string[], rows: readonly (readonly string[])[]): void;
  /** A line that stays at the foot of the talk and is drawn anew each time; undefined leaves it as it stands. */
  foot(line: string | undefined): void;
  /** Takes that line away. */
  takeFoot(): void;
  /** Waits until all data has left. Answers why it could not, if the reader is there and did not get it. */
  unwritten(): Promise<NodeJS.ErrnoException | undefined>;
  /** Columns that a line of talk has; undefined: it is no terminal, and nothing has to fit. */
  talkColumns(): number | undefined;
  /** Columns there are for `foot`; undefined where no line can be drawn anew. */
  footColumns(): number | undefined;
  bold(text: string): string;
}

/** The width of a terminal that does not tell its own. */
const COLUMNS_ASSUMED = 80;
const CLEAR_LINE = '\r\u001b[K';

const TALK_INDENT = '  ';

/** Columns that a line may have; undefined: it is no terminal. */
const columnsOf = ({ isTTY, columns }: Terminal): number | undefined =>
  isTTY === true ? columns || COLUMNS_ASSUMED : undefined;

const shown = (rows: readonly (readonly string[])[]): string[][] => rows.map((row) => row.map(visible));

export function createPrinter(
  stdout: Terminal,
  stderr: Terminal,
  env: Readonly<Record<string, string | undefined>>,
  redacted: (text: string) => string = (text) => text,
): Printer {
  const isLive = stderr.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  const paint = (style: 'bold' | 'red', text: string): string =>
    isLive ? styleText(style, text, { validateStream: false }) : text;
  let footLine: string | undefined;
  // Told when the command is done: its work goes on without a reader.
  let failure: NodeJS.ErrnoException | undefined;
  stdout.on('error', (error: NodeJS.ErrnoException) => (failure ??= error));
  // The foot is taken away and drawn again below, or the two would share a line. Data may go to the same terminal.
  const above = (stream: Terminal, text: string): boolean => {
    if (footLine === undefined) return stream.write(text);
    stderr.write(CLEAR_LINE);
    const hasRoom = stream.write(text);
    stderr.write(footLine);
    return hasRoom;
  };
  // All talk goes through here: errors, the log, hints.
  const say = (line: string): void => {
    for (const part of wrapped(redacted(line), columnsOf(stderr))) above(stderr, `${part}\n`);
  };
  return {
    data(line, hang) {
      for (const part of wrapped(line, columnsOf(stdout), hang)) above(stdout, `${part}\n`);
    },
    json: (value) => void above(stdout, `${JSON.stringify(value, null, 2)}\n`),
    async dataText(text) {
      if (failure !== undefined) throw new NoReader(failure);
      if (above(stdout, text)) return;
      await new Promise<void>((resolve) => {
        const go = (): void => {
          for (const event of ['drain', 'error', 'close']) stdout.off(event, go);
          resolve();
        };
        for (const event of ['drain', 'error', 'close']) stdout.on(event, go);
      });
    },
    say,
    sayError(error) {
      say(`${paint('red', 'error:')} ${visible(error.message)}`);
      say(`  ${visible(error.remedy)}`);
    },
    table(headings, rows, more) {
      const fit = { columns: columnsOf(stdout), ...more };
      for (const line of tableLines(headings, shown(rows), fit)) above(stdout, `${line}\n`);
    },
    talkTable(headings, rows) {
      const columns = columnsOf(stderr);
      const fit = { columns: columns && columns - TALK_INDENT.length };
      for (const line of tableLines(headings, shown(rows), fit)) say(TALK_INDENT + line);
    },
    foot(line) {
      if (line === undefined) {
        if (footLine !== undefined) stderr.write('\n');
        footLine = undefined;
        return;
      }
      footLine = line;
      stderr.write(`${CLEAR_LINE}${line}`);
    },
    takeFoot() {
      if (footLine !== undefined) stderr.write(CLEAR_LINE);
      footLine = undefined;
    },
    async unwritten() {
      // Pipes are written behind our back.
      await new Promise<void>((resolve) => stdout.write('', () => resolve()));
      return failure?.code === 'EPIPE' ? undefined : failure;
    },
    talkColumns: () => columnsOf(stderr),
    footColumns: () => (isLive ? (stderr.columns ?? COLUMNS_ASSUMED) : undefined),
    bold: (text) => paint('bold', text),
  };
}

/** There is no use in making more data: nobody gets it. */
export class NoReader extends Error {
  override readonly name = 'NoReader';

  constructor(cause: Error) {
    super('stdout takes no more', { cause });
  }
}
