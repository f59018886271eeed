import type { RedisCli } from './redisCli.ts';

/**
 * The least that a Redis user needs to do everything: what clients say when they connect, what our scripts and
 * BullMQ's call (Redis asks for the right to every command within a script), and no channels. Once for each server:
 *
 *     redis-cli acl setuser retarget on '>PASSWORD' resetkeys '~retarget:*' resetchannels -@all +ping +select …
 *
 * Such a user reads no other keys than `retarget:*`, changes no setting and ends no other client. CONFIG GET is not in it, so
 * nobody is told of its snapshots: it would show the passwords of Redis, too.
 */
export const ACL_COMMANDS = [
  // HELLO and AUTH are free. CLIENT LIST tells whether there are workers.
  ...['ping', 'select', 'info', 'client|setname', 'client|list'],
  // For a cluster and its replicas.
  ...['cluster|slots', 'cluster|info', 'readonly', 'readwrite', 'asking'],
  ...[
    'eval',
    'evalsha',
    'multi',
    'exec',
    'time',
    'del',
    'unlink',
    'exists',
    'expire',
    'pexpire',
    'persist',
    'pttl',
  ],
  ...['get', 'set', 'incr', 'setbit'],
  ...['hget', 'hgetall', 'hmget', 'hset', 'hmset', 'hsetnx', 'hdel', 'hexists', 'hincrby', 'hscan'],
  ...['lindex', 'llen', 'lpos', 'lpush', 'lrange', 'lrem', 'ltrim', 'rpop', 'rpoplpush', 'rpush'],
  ...['sadd', 'scard', 'smembers', 'srem', 'xadd', 'xtrim'],
  ...['zadd', 'zcard', 'zcount', 'zpopmin', 'bzpopmin', 'zrange', 'zrangebyscore', 'zrem', 'zscore'],
  ...['zremrangebyrank', 'zremrangebyscore', 'zrevrange', 'zrevrangebyscore'],
] as const;

/** For ACL SETUSER, after the name and the password. */
export const ACL_RULES = `resetkeys ~retarget:* resetchannels -@all ${ACL_COMMANDS.map((name) => `+${name}`).join(' ')}`;

/** The same for a shell, which would take `~retarget` for a home directory, look for files with a star, and make a pipe of `|`. */
const ACL_RULES_QUOTED = ACL_RULES.split(' ')
  .map((rule) => (/[~*|]/.test(rule) ? `'${rule}'` : rule))
  .join(' ');

/** What an administrator of Redis runs, so that our user may do what it has to. */
export const grantCommands = (cli: RedisCli): string =>
  `Give the user of REDIS_URL the commands that are needed: \`${cli.admin} acl setuser ${cli.user} ${ACL_RULES_QUOTED}\`, then ` +
  'start again.';
