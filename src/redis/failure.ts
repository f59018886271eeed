import { EXIT, UserError } from '../errors.ts';
import { grantCommands } from './aclUser.ts';
import type { RedisClient } from './connection.ts';
import { redisCliOf, type RedisCli } from './redisCli.ts';

/** What a Redis that is there says when it will not do what it is asked, by the first word of its reply. */
const REFUSALS = new Map<string, (cli: RedisCli) => string>([
  [
    'OOM',
    (cli) =>
      `Give Redis more memory (\`${cli.every} config set maxmemory 1gb\`, or ${cli.service}) or delete what fills it, then ` +
      'start again.',
  ],
  [
    'MISCONF',
    () => 'Redis cannot write to its disk: free space there (its log says more), then start again.',
  ],
  ['READONLY', () => 'Set REDIS_URL to the primary: this Redis is a read-only replica.'],
  ['NOPERM', grantCommands],
  ['NOAUTH', () => 'Put user and password into REDIS_URL: redis://user:password@host:port/db.'],
  ['WRONGPASS', () => 'Put the right user and password into REDIS_URL: redis://user:password@host:port/db.'],
  [
    'CLUSTERDOWN',
    (cli) =>
      `Start the nodes of the Redis Cluster that are away (\`${cli.server} cluster nodes\`), then start again.`,
  ],
  ['MASTERDOWN', () => 'Start the primary of this Redis, then start again.'],
  ['NOREPLICAS', () => 'Start the replicas that min-replicas-to-write asks for, then start again.'],
  ['LOADING', (cli) => `Start again when \`${cli.server} info persistence\` says loading:0.`],
]);

/** The texts by which ioredis says that the connection is gone; it has no codes for them. Source: ioredis 6.0.0 */
const CONNECTION_GONE = [
  'Connection is closed.',
  "Stream isn't writeable and enableOfflineQueue options is false",
  'Reached the max retries per request limit',
  'Socket timeout.',
  'Too many Cluster redirections',
  "Cluster isn't ready and enableOfflineQueue options is false",
  'Cluster is ended.',
  'None of startup nodes is available',
];

/**
 * What the user can do about an error that a Redis client threw in the middle of work; undefined for everything
 * else, which is a bug. Commands that were under way may or may not have been done.
 * @param redis the client that threw, as far as it is known: what is to be pasted goes where it went
 */
export function redisFailure(thrown: unknown, redis?: RedisClient): UserError | undefined {
  const error = causeOf(thrown);
  if (!(error instanceof Error)) return undefined;
  const refusal =
    error.name === 'ReplyError' ? REFUSALS.get(error.message.split(' ', 1)[0] ?? '') : undefined;
  if (refusal !== undefined) {
    return new UserError(`Redis refused: ${error.message}`, {
      remedy: refusal(redisCliOf(redis)),
      exitCode: EXIT.environment,
    });
  }
  if (!CONNECTION_GONE.some((text) => error.message.startsWith(text))) return undefined;
  return new UserError('The connection to Redis was lost.', {
    remedy: `Look whether Redis still runs (\`${redisCliOf(redis).server} ping\`), then start again: what was recorded is still there.`,
    exitCode: EXIT.environment,
  });
}

/** A transaction that was not run says only that; which of its commands was refused, and why, hangs on it. */
const causeOf = (error: unknown): unknown =>
  error instanceof Error && 'previousErrors' in error && Array.isArray(error.previousErrors)
    ? (error.previousErrors[0] ?? error)
    : error;
