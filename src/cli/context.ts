import type { Readable } from 'node:stream';
import type { ExitCode } from '../errors.ts';
import type { Environment } from '../config.ts';
import type { RedisClient } from '../redis/connection.ts';
import type { Redactor } from '../graph/redact.ts';
import type { Printer, Terminal } from './terminal/print.ts';

/** Everything of the process that a command may touch, so that a test can hand in its own. */
export interface Io {
  readonly env: Environment;
  readonly cwd: string;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP: drain, then end. The reason is the signal's name. */
  readonly interrupted: AbortSignal;
  /** Who is recorded as the operator of a run. */
  readonly user: { readonly name: string; readonly host: string };
}

/** What a command is run with. */
export interface Context extends Io {
  readonly print: Printer;
  /** The one of this command: what it is told, `print` shows nowhere, and nothing keeps. */
  readonly redactor: Redactor;
  /** The command line without secrets, as it is recorded with a run. */
  readonly argv: readonly string[];
  /** The Redis client that the command opened last: remedies name its server. */
  readonly redisInUse: { client?: RedisClient };
  /** What stands before `retarget` in commands that are named to the user: settings that only this command knows. */
  readonly hintPrefix?: string;
  /** In a command that works: aborted when what is in flight was waited for long enough after the first signal. */
  readonly breakOff?: AbortSignal;
}

/** One command: its options and arguments as commander knows them, and what it does. */
export interface CliCommand<Options> {
  readonly options: (command: import('commander').Command) => void;
  readonly run: (args: readonly string[], options: Options, context: Context) => Promise<ExitCode>;
}
