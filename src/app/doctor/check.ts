import type { UserError } from '../../errors.ts';

/** One thing that `doctor` looked at. `failed`: it would stop a run. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly message: string;
  /** What to do about it, to be pasted; null when it is well. */
  readonly remedy: string | null;
}

export const ok = (name: string, message: string): Check => ({ name, status: 'ok', message, remedy: null });

export const warning = (name: string, message: string, remedy: string): Check => ({
  ...{ name, status: 'warning', message, remedy },
});

export const failed = (name: string, { message, remedy }: Pick<UserError, 'message' | 'remedy'>): Check => ({
  ...{ name, status: 'failed', message, remedy },
});
