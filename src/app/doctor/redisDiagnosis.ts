import { UserError } from '../../errors.ts';
import { redisFailure } from '../../redis/failure.ts';
import { redisFacts, type RedisFacts } from '../../redis/facts.ts';
import { redisCliOf, type RedisCli } from '../../redis/redisCli.ts';
import { preflight } from '../../redis/preflight.ts';
import { failed, ok, warning, type Check } from './check.ts';
import type { Host } from '../host.ts';
import type { Identity } from '../identity.ts';
import { useRedis } from '../usedRedis.ts';
import { count } from '../words.ts';

/** A share of its memory from which on a run might find no room. */
const MEMORY_SHARE_MAX = 0.8;
/** A batch asks Redis some ten times and has four seconds: more than this and Redis is what a run waits for. */
const LATENCY_MAX_MS = 100;

export interface RedisDiagnosis {
  readonly checks: readonly Check[];
  /** Null when Redis was not reached. */
  readonly facts: RedisFacts | null;
}

export async function redisDiagnosis(identity: Identity, host: Host): Promise<RedisDiagnosis> {
  try {
    await using used = await useRedis(identity.config, host);
    const redis = await used.open('failFast', 'doctor');
    const findings = await preflight(redis);
    const facts = await redisFacts(redis);
    const found = findings.map(({ severity, message, remedy }) =>
      severity === 'error'
        ? failed('redis settings', { message, remedy })
        : warning('redis settings', message, remedy),
    );
    const checks = [
      ok('redis', `Redis ${facts.version ?? 'of unknown version'} at ${used.where}.`),
      ...(found.length > 0 ? found : [ok('redis settings', settingsInWords(facts))]),
      memoryCheck(facts, redisCliOf(redis)),
      latencyCheck(facts),
    ];
    return { checks, facts };
  } catch (error) {
    const failure = error instanceof UserError ? error : redisFailure(error, host.redisInUse.client);
    if (failure === undefined) throw error;
    return { checks: [failed('redis', failure)], facts: null };
  }
}

const settingsInWords = ({ maxmemoryPolicy, appendOnly, snapshots }: RedisFacts): string =>
  [
    `maxmemory-policy ${maxmemoryPolicy ?? 'unknown'}`,
    `append-only file ${appendOnly === undefined ? 'unknown' : appendOnly ? 'on' : 'off'}`,
    ...(snapshots === undefined ? [] : [`snapshots ${snapshots === '' ? 'off' : `"${snapshots}"`}`]),
  ].join(', ');

function memoryCheck({ usedBytes, maxBytes }: RedisFacts, cli: RedisCli): Check {
  const used = usedBytes === undefined ? 'unknown' : megabytes(usedBytes);
  if (!maxBytes) return ok('redis memory', `${used} in use, no limit of Redis' own.`);
  const words = `${used} of ${megabytes(maxBytes)} in use.`;
  return (usedBytes ?? 0) > MEMORY_SHARE_MAX * maxBytes
    ? warning(
        'redis memory',
        words,
        `Run \`${cli.every} config set maxmemory ${2 * maxBytes}\` and write it into redis.conf, or give it more ${cli.service}.`,
      )
    : ok('redis memory', words);
}

const megabytes = (bytes: number): string => count(Math.ceil(bytes / 1_000_000), 'MB', 'MB');

export function latencyCheck({ latencyMs }: Pick<RedisFacts, 'latencyMs'>): Check {
  const words = `${latencyMs} ms from question to answer.`;
  return latencyMs > LATENCY_MAX_MS
    ? warning('redis latency', words, 'Run the workers nearer to Redis, or set REDIS_URL to a nearer one.')
    : ok('redis latency', words);
}
