import type { Writable } from 'node:stream';
import { EXIT, type ExitCode } from '../../errors.ts';
import { redactorOf } from '../../app/host.ts';
import type { Io } from '../context.ts';

/** Whatever is no UserError is a mistake of ours: said with its trace, to be reported. */
export function reportBug(error: unknown, stderr: Writable, redacted: (text: string) => string): ExitCode {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  stderr.write(
    `bug: ${redacted(trace)}\n  Please report this with what you ran. Runs are safe: \`retarget status\` shows them, \`retarget resume\` goes on.\n`,
  );
  return EXIT.bug;
}

/** One that no command heard of. */
export const reportStrayBug = (error: unknown, { env, stderr }: Pick<Io, 'env' | 'stderr'>): ExitCode =>
  reportBug(error, stderr, redactorOf(env).redacted);
