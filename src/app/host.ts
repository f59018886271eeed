import type { Environment } from '../config.ts';
import { Redactor } from '../graph/auth/redact.ts';
import type { Log } from '../log.ts';
import type { RedisClient } from '../redis/connection.ts';
import type { Events } from '../events.ts';

/** What of the process a use case may use: all but its terminal. */
export interface Host {
  readonly env: Environment;
  /** What relative paths are of. */
  readonly cwd: string;
  /** Who is recorded as the operator of a run. */
  readonly user: { readonly name: string; readonly host: string };
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP: drain, then end. The reason is the signal's name. */
  readonly interrupted: AbortSignal;
  /** Aborted when what is in flight was waited for long enough after the first signal; undefined: it never is. */
  readonly breakOff?: AbortSignal | undefined;
  /** Takes the secrets of this command out of all that is shown and kept. */
  readonly redactor: Redactor;
  /** The command line without secrets, as it is recorded with a run. */
  readonly argv: readonly string[];
  readonly log: Log;
  readonly events: Events;
  /** The Redis client that was opened last: remedies name its server. */
  readonly redisInUse: { client?: RedisClient };
  /** What stands before `retarget` in commands that are named to the user: settings that only this command knows. */
  readonly hintPrefix?: string | undefined;
}

/** What takes the secrets of a command's settings and arguments out of all that it shows and keeps. */
export function redactorOf(env: Environment, argv: readonly string[] = []): Redactor {
  const redactor = new Redactor(env);
  redactor.keepFrom(argv);
  return redactor;
}
