import type { Readable } from 'node:stream';
import type { Host } from '../app/host.ts';
import type { ExitCode } from '../errors.ts';
import type { Printer, Terminal } from './terminal/print.ts';

/** Everything of the process that a command may touch, so that a test can hand in its own. */
export interface Io extends Pick<Host, 'env' | 'cwd' | 'interrupted' | 'user'> {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Terminal;
  readonly stderr: Terminal;
}

/** What a command is run with: the use cases' host, and the terminal. */
export interface Context extends Host, Io {
  readonly print: Printer;
}

/** One command: its options and arguments as commander knows them, and what it does. */
export interface CliCommand<Options> {
  readonly options: (command: import('commander').Command) => void;
  readonly run: (args: readonly string[], options: Options, context: Context) => Promise<ExitCode>;
}
