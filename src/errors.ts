/** What the process says to the shell. One table: README and `main.ts` read the same numbers. */
export const EXIT = {
  done: 0,
  someRowsFailed: 1,
  badInput: 2,
  stoppedEarly: 3,
  environment: 4,
  bug: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * A failure that only the user can mend. `message` says what is wrong, `remedy` what to do next, ready to paste.
 * Everything that is neither a `UserError` nor an expected value is a bug and exits with 70.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly remedy: string;
  readonly exitCode: ExitCode;

  constructor(message: string, options: { remedy: string; exitCode: ExitCode; cause?: unknown }) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.remedy = options.remedy;
    this.exitCode = options.exitCode;
  }
}
