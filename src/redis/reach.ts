import { EXIT, UserError } from '../errors.ts';
import { parseAddress } from './address.ts';
import { describeTarget } from './clientOptions.ts';
import type { RedisTarget } from './clientOptions.ts';
import { redisCli } from './redisCli.ts';

/**
 * Why a Redis could not be reached. Only the text: ioredis hangs the command on its errors, and for a sign-in that is the
 * password.
 */
export function reasonOf(error: unknown): string {
  // A name with several addresses, all refused, gives an AggregateError with an empty message.
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return 'no answer';
  // A cluster of which no node answered tells only the last one's reason apart.
  if ('lastNodeError' in error && error.lastNodeError instanceof Error) return reasonOf(error.lastNodeError);
  // `All sentinels are unreachable. Retrying … Last error: …`: the wait is said in our own words.
  const last = /^All sentinels are unreachable.*?(?: Last error: (.*))?$/s.exec(error.message);
  // Why a sentinel cannot be reached ioredis swallows: it says of it only that the connection is closed.
  if (last !== null)
    return /^(undefined|Connection is closed\.)$/.test(`${last[1]}`)
      ? NO_SENTINEL
      : `${NO_SENTINEL}: ${last[1]}`;
  return error.message === '' ? 'no answer' : error.message;
}

const NO_SENTINEL = 'no sentinel answers what it is asked';

/** What to do about it. */
export function outOfReach(target: RedisTarget, reason: string): UserError {
  const where = describeTarget(target);
  return new UserError(`Cannot use Redis at ${where}: ${reason.replace(/\.$/, '')}.`, {
    remedy: remedyFor(target, where, reason),
    exitCode: EXIT.environment,
  });
}

function remedyFor(target: RedisTarget, where: string, reason: string): string {
  if (/DB index|SELECT is not allowed|'select'/i.test(reason)) return REMEDIES.database;
  if ('socketPath' in target)
    return isSignIn(reason) ? REMEDIES.signIn : 'Start it, or set REDIS_URL to another one.';
  const { kind, isTls } = parseAddress(target.url);
  if (reason === NO_SENTINEL)
    return `Start a sentinel of ${where}, or set REDIS_URL (or --redis-url) to others.`;
  if (isSignIn(reason)) return kind === 'sentinel' ? REMEDIES.sentinelSignIn : REMEDIES.signIn;
  if (reason.includes('No such master')) return masterName(redisCli(target).sentinel);
  if (/cluster support disabled/.test(reason)) return REMEDIES.noCluster;
  if (isTls) {
    // Source: the texts of OpenSSL and node:tls; neither gives the same code for all of them.
    if (/certificate required|handshake failure/.test(reason)) return REMEDIES.ownCertificate;
    if (/altnames/.test(reason)) return REMEDIES.otherName;
    if (/wrong version number|packet length too long|^no answer within/.test(reason)) return REMEDIES.noTls;
    if (/certificate/.test(reason)) return REMEDIES.authority;
    // Whether we read why, before the connection is cut, is a matter of luck.
    if (/closed|ECONNRESET|EPIPE/.test(reason)) return REMEDIES.perhapsOwnCertificate;
  } else if (/closed|ECONNRESET/.test(reason)) return REMEDIES.perhapsTls;
  return `Start the Redis at ${where}, set REDIS_URL (or --redis-url) to another one, or unset it to use the embedded one.`;
}

const masterName = (cli: string): string =>
  'Put the name of the master behind the hosts in REDIS_URL, as in redis+sentinel://host:26379/mymaster; ' +
  `\`${cli} sentinel masters\` lists the names.`;

const isSignIn = (reason: string): boolean => /(NOAUTH|WRONGPASS|NOPERM|ERR invalid password)/.test(reason);

const REMEDIES = {
  database:
    'Put the number of a database that is there, and that the user may select, behind the port in REDIS_URL, as in ' +
    'redis://host:6379/0. `redis-cli config get databases` tells how many there are; in a cluster it is 0 only.',
  signIn:
    'Put the right user and password into REDIS_URL: redis://user:password@host:port/db, each percent-encoded, or the ' +
    'password into the file that REDIS_PASSWORD_FILE names.',
  sentinelSignIn:
    'Put the right user and password of Redis before the hosts in REDIS_URL, and those of the sentinels behind ' +
    '(?sentinel_username=…&sentinel_password=…), each percent-encoded; or the passwords into the files that ' +
    'REDIS_PASSWORD_FILE and REDIS_SENTINEL_PASSWORD_FILE name.',
  noCluster: 'It is no node of a cluster: write REDIS_URL with redis:// instead of redis+cluster://.',
  authority: 'Set REDIS_TLS_CA_FILE to the certificate (PEM) of the authority that signed the one of Redis.',
  ownCertificate:
    'This Redis asks for a certificate of ours: set REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE to one that it trusts.',
  perhapsOwnCertificate:
    'If this Redis asks for a certificate of ours, set REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE to one that it trusts; ' +
    'else look into its log.',
  otherName: 'Write REDIS_URL with the name that the certificate of Redis is for.',
  // A Redis without TLS takes the greeting for the beginning of a line and waits for its end.
  noTls:
    'Look whether Redis runs there and has TLS on this port; if not, write REDIS_URL with redis instead of rediss, or ' +
    'with its port for TLS.',
  perhapsTls:
    'If this is a port for TLS, write REDIS_URL with rediss instead of redis; else look into the log of Redis.',
} as const;
