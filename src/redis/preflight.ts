import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import type { Redis } from 'ioredis';
import { EXIT, UserError } from '../errors.ts';
import { grantCommands } from './aclUser.ts';
import type { RedisClient } from './connection.ts';
import { redisCliOf, type RedisCli } from './redisCli.ts';
import { parseInfo, setting, unlessRefused } from './info.ts';

/** BullMQ's scripts use commands of it. Source: bullmq, RedisConnection.recommendedMinimumVersion. */
const VERSION_MIN = '6.2';

/** What is wrong with a Redis. With an `error` work would be lost or stand still: do not start. */
export interface PreflightFinding {
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly remedy: string;
}

/** A node of a cluster that does not answer within this is said to be away. */
const NODE_ANSWER_MAX_MS = 1_500;

/** Looks whether a Redis keeps what it is given, in a cluster every node of it. Empty when all is well. Changes nothing. */
export async function preflight(redis: RedisClient): Promise<readonly PreflightFinding[]> {
  const cli = redisCliOf(redis);
  return redis instanceof Cluster ? preflightCluster(redis, cli) : preflightServer(redis, cli, 'alone');
}

async function preflightServer(
  redis: Redis,
  cli: RedisCli,
  place: 'alone' | 'in a cluster',
): Promise<readonly PreflightFinding[]> {
  const text = await unlessRefused(redis.info());
  if (text === undefined) return [mayNotReadInfo(cli)];
  const info = parseInfo(text);
  const configured = await setting(redis, 'maxmemory-policy');
  const policy = configured ?? info.get('maxmemory_policy') ?? 'noeviction';
  const snapshots = await setting(redis, 'save');
  const isAlone = place === 'alone';
  const isReadOnly = info.get('role') === 'slave' && info.get('slave_read_only') !== '0';
  const findings = [
    isOlder(info.get('redis_version') ?? '0', VERSION_MIN) && tooOld(info.get('redis_version') ?? 'unknown'),
    policy !== 'noeviction' && mayEvictWork(policy, cli, configured !== undefined),
    isAlone && isReadOnly && readOnlyReplica(cli),
    info.get('loading') === '1' && stillLoading(cli),
    isAlone && info.get('cluster_enabled') === '1' && IS_CLUSTER,
    // Without CONFIG the server is somebody's service, whose way of keeping data cannot be seen from here.
    info.get('aof_enabled') !== '1' && snapshots !== undefined && losesWork(snapshots, cli),
  ];
  return findings.filter((finding) => finding !== false);
}

async function preflightCluster(cluster: Cluster, cli: RedisCli): Promise<readonly PreflightFinding[]> {
  const masters = new Set(cluster.nodes('master'));
  const nodes = cluster.nodes();
  const state = parseInfo((await unlessRefused(cluster.cluster('INFO'))) ?? '').get('cluster_state');
  const perNode = await Promise.all(
    nodes.map(async (node) => {
      const found = await preflightNode(node, cli);
      const isMaster = masters.has(node);
      return { name: nameOf(node), found: found ?? [isMaster ? MASTER_AWAY : REPLICA_AWAY] };
    }),
  );
  return [...(state === 'fail' ? [slotsUnserved(cli)] : []), ...mergedByMessage(perNode)];
}

/** Undefined when the node does not answer. */
async function preflightNode(node: Redis, cli: RedisCli): Promise<readonly PreflightFinding[] | undefined> {
  const deadline = new AbortController();
  const late = sleep(NODE_ANSWER_MAX_MS, undefined, { signal: deadline.signal }).catch(() => undefined);
  try {
    // What goes wrong here is the node's connection; that of the cluster is told when it is used.
    return await Promise.race([preflightServer(node, cli, 'in a cluster').catch(() => undefined), late]);
  } finally {
    deadline.abort();
  }
}

/** The same finding of several nodes is said once, with their names. */
function mergedByMessage(
  nodes: readonly { readonly name: string; readonly found: readonly PreflightFinding[] }[],
): readonly PreflightFinding[] {
  const names = new Map<string, string[]>();
  const findings = new Map<string, PreflightFinding>();
  for (const { name, found } of nodes) {
    for (const finding of found) {
      findings.set(finding.message, finding);
      names.set(finding.message, [...(names.get(finding.message) ?? []), name]);
    }
  }
  return [...findings.values()].map((finding) => ({
    ...finding,
    message: `${finding.message} (Node ${(names.get(finding.message) ?? []).join(', ')}.)`,
  }));
}

const nameOf = (node: Redis | undefined): string => `${node?.options.host}:${node?.options.port}`;

/** @throws UserError (exit 4) with every error found and its remedy. @returns the warnings. */
export function refuseOnErrors(findings: readonly PreflightFinding[]): readonly PreflightFinding[] {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return findings;
  throw new UserError(errors.map(({ message }) => message).join(' '), {
    remedy: errors.map(({ remedy }) => remedy).join(' '),
    exitCode: EXIT.environment,
  });
}

const tooOld = (version: string): PreflightFinding => ({
  severity: 'error',
  message: `Redis ${version} is too old: ${VERSION_MIN} or newer is needed.`,
  remedy: `Update Redis to ${VERSION_MIN} or newer, or set REDIS_URL to one that is.`,
});

const mayEvictWork = (policy: string, cli: RedisCli, isConfigurable: boolean): PreflightFinding => ({
  severity: 'error',
  message: `Redis may throw queued work away: its maxmemory-policy is "${policy}".`,
  // Where CONFIG is refused, it is so for our user, or for everybody, as by a Redis service. In a cluster every node is told: a
  // replica takes its master's place with its own settings.
  remedy: isConfigurable
    ? `Run \`${cli.every} config set maxmemory-policy noeviction\` and write it into redis.conf (or into the settings of ` +
      'your Redis service), then start again.'
    : `Set maxmemory-policy to noeviction ${cli.service}, or as an administrator of your own Redis with ` +
      `\`${cli.admin} config set maxmemory-policy noeviction\`, then start again.`,
});

const readOnlyReplica = (cli: RedisCli): PreflightFinding => ({
  severity: 'error',
  message: 'This Redis is a read-only replica: nothing can be written to it.',
  remedy: `Set REDIS_URL to its primary; \`${cli.server} info replication\` names it as master_host.`,
});

const stillLoading = (cli: RedisCli): PreflightFinding => ({
  severity: 'error',
  message: 'Redis is still reading its data from disk.',
  remedy: `Start again when \`${cli.server} info persistence\` says loading:0.`,
});

const IS_CLUSTER: PreflightFinding = {
  severity: 'error',
  message: 'This Redis is a node of a Redis Cluster.',
  remedy: 'Write REDIS_URL with redis+cluster:// (rediss+cluster:// with TLS) instead of redis://.',
};

const mayNotReadInfo = (cli: RedisCli): PreflightFinding => ({
  severity: 'error',
  message: 'The user of REDIS_URL may not run INFO.',
  remedy: grantCommands(cli),
});

const MASTER_AWAY: PreflightFinding = {
  severity: 'error',
  message: 'A master of the Redis Cluster does not answer.',
  remedy: 'Start it, or wait until a replica has taken its place, then start again.',
};

const REPLICA_AWAY: PreflightFinding = {
  severity: 'warning',
  message: 'A replica of the Redis Cluster does not answer: its master has one less to take its place.',
  remedy: 'Start it.',
};

const slotsUnserved = (cli: RedisCli): PreflightFinding => ({
  severity: 'error',
  message: 'The Redis Cluster is down: not all of its slots are served.',
  remedy: `Start the nodes that are away, see \`${cli.check}\`, then start again.`,
});

const losesWork = (snapshots: string, cli: RedisCli): PreflightFinding => ({
  severity: 'warning',
  message:
    snapshots === ''
      ? 'Redis keeps nothing on disk: after its restart every run and result is gone.'
      : `Redis writes to disk only now and then (save "${snapshots}"): a crash loses the results since the last time.`,
  remedy: `Run \`${cli.every} config set appendonly yes\` and write it into redis.conf.`,
});

function isOlder(version: string, minimum: string): boolean {
  return version.localeCompare(minimum, 'en', { numeric: true }) < 0;
}
