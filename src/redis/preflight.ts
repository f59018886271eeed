import type { Redis } from 'ioredis';
import { EXIT, UserError } from '../errors.ts';

/** BullMQ's scripts use commands of it. Source: bullmq, RedisConnection.recommendedMinimumVersion. */
const VERSION_MIN = '6.2';

/** What is wrong with a Redis. With an `error` work would be lost or stand still: do not start. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly remedy: string;
}

/** Looks whether a Redis keeps what it is given. Empty when all is well. Changes nothing. */
export async function preflight(redis: Redis): Promise<readonly Finding[]> {
  const info = parseInfo(await redis.info());
  const policy = (await config(redis, 'maxmemory-policy')) ?? info.get('maxmemory_policy') ?? 'noeviction';
  const snapshots = await config(redis, 'save');
  const findings = [
    isOlder(info.get('redis_version') ?? '0', VERSION_MIN) && tooOld(info.get('redis_version') ?? 'unknown'),
    policy !== 'noeviction' && mayEvictWork(policy),
    info.get('role') === 'slave' && info.get('slave_read_only') !== '0' && READ_ONLY_REPLICA,
    info.get('loading') === '1' && STILL_LOADING,
    info.get('cluster_enabled') === '1' && IS_CLUSTER,
    // Without CONFIG the server is somebody's service, whose way of keeping data cannot be seen from here.
    info.get('aof_enabled') !== '1' && snapshots !== undefined && losesWork(snapshots),
  ];
  return findings.filter((finding) => finding !== false);
}

/** @throws UserError (exit 4) with every error found and its remedy. @returns the warnings. */
export function refuseOnErrors(findings: readonly Finding[]): readonly Finding[] {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return findings;
  throw new UserError(errors.map(({ message }) => message).join(' '), {
    remedy: errors.map(({ remedy }) => remedy).join(' '),
    exitCode: EXIT.environment,
  });
}

const tooOld = (version: string): Finding => ({
  severity: 'error',
  message: `Redis ${version} is too old: ${VERSION_MIN} or newer is needed.`,
  remedy: `Update Redis to ${VERSION_MIN} or newer, or set REDIS_URL to one that is.`,
});

const mayEvictWork = (policy: string): Finding => ({
  severity: 'error',
  message: `Redis may throw queued work away: its maxmemory-policy is "${policy}".`,
  remedy:
    'Run `redis-cli config set maxmemory-policy noeviction` and write it into redis.conf (or into the settings of ' +
    'your Redis service), then start again.',
});

const READ_ONLY_REPLICA: Finding = {
  severity: 'error',
  message: 'This Redis is a read-only replica: nothing can be written to it.',
  remedy: 'Set REDIS_URL to its primary; `redis-cli info replication` names it as master_host.',
};

const STILL_LOADING: Finding = {
  severity: 'error',
  message: 'Redis is still reading its data from disk.',
  remedy: 'Start again when `redis-cli info persistence` says loading:0.',
};

const IS_CLUSTER: Finding = {
  severity: 'error',
  message: 'This Redis is a node of a Redis Cluster, which is not supported.',
  remedy: 'Set REDIS_URL to a Redis that runs alone (`redis-cli info cluster` says cluster_enabled:0).',
};

const losesWork = (snapshots: string): Finding => ({
  severity: 'warning',
  message:
    snapshots === ''
      ? 'Redis keeps nothing on disk: after its restart every run and result is gone.'
      : `Redis writes to disk only now and then (save "${snapshots}"): a crash loses the results since the last time.`,
  remedy: 'Run `redis-cli config set appendonly yes` and write it into redis.conf.',
});

/** Undefined where CONFIG is refused, as for an ACL user or by a Redis service. */
async function config(redis: Redis, name: string): Promise<string | undefined> {
  const reply: unknown = await redis.config('GET', name).catch((error: Error) => {
    if (error.name === 'ReplyError') return [];
    throw error;
  });
  return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : undefined;
}

function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

function isOlder(version: string, minimum: string): boolean {
  return version.localeCompare(minimum, 'en', { numeric: true }) < 0;
}
