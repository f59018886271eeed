import type { Writable } from 'node:stream';
import { EXIT, type ExitCode } from '../errors.ts';

/** Whatever is no UserError is a mistake of ours: said with its trace, to be reported. */
export function reportBug(error: unknown, stderr: Writable): ExitCode {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  stderr.write(
    `bug: ${trace}\n  Please report this with what you ran. Runs are safe: \`retarget status\` shows them, \`retarget resume\` goes on.\n`,
  );
  return EXIT.bug;
}
