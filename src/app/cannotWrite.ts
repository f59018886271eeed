import { EXIT, UserError } from '../errors.ts';

/** What a disk answers that can't take more: no path would be better. */
const DISK_CODES: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EMFILE', 'ENFILE']);

/** How a file that can't be written is told. */
export interface NotWritten {
  /** What can't be done, as it stands before the reason: `Cannot write /x/y`. */
  readonly what: string;
  /** Behind the reason, where something was written already. */
  readonly begun?: string;
  readonly remedy: string;
}

/**
 * What is thrown where a file could not be written, as `FileReplacement` throws it: a path where nothing can be begun is bad input (exit 2), what
 * fails later is the disk (exit 4). Anything else is as it was.
 */
export function cannotWrite(error: unknown, { what, begun = '', remedy }: NotWritten): Error {
  if (!(error instanceof Error) || !('syscall' in error))
    return error instanceof Error ? error : new Error(String(error));
  const hasBegun = error.syscall !== 'open' && error.syscall !== 'mkdir';
  const code = 'code' in error ? error.code : undefined;
  return new UserError(`${what}: ${error.message}.${hasBegun ? begun : ''}`, {
    remedy,
    exitCode: hasBegun || DISK_CODES.has(code) ? EXIT.environment : EXIT.badInput,
    cause: error,
  });
}
