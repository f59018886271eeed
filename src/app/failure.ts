import { UserError } from '../errors.ts';
import { redisFailure } from '../redis/failure.ts';
import type { Host } from './host.ts';

/** What only the user can mend of what was thrown, with its remedy; undefined: it is a bug. */
export const failureOf = (error: unknown, { redisInUse }: Pick<Host, 'redisInUse'>): UserError | undefined =>
  error instanceof UserError ? error : redisFailure(error, redisInUse.client);

/** Redis did not answer, or no longer does. */
export const isOfRedis = (error: unknown): boolean => redisFailure(error) !== undefined;
