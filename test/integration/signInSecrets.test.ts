import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import { bench, csv } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const SIGNATURE = 'c2lnbmF0dXJlLXRoYXQtbXVzdC1ub3QtbGVhaw';
const REDIS_PASSWORD = 'redis-password-that-must-not-leak';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({
    // Or a secret could hide from the search in a compressed value.
    args: ['--requirepass', REDIS_PASSWORD, '--rdbcompression', 'no'],
    tcp: true,
  });
});
afterAll(() => redis.stop());

/** Everything in Redis, names and serialized values, as one text. */
async function everythingIn(url: string): Promise<string> {
  const client = new Redis(url);
  try {
    const keys = await client.keys('*');
    const values = await Promise.all(keys.map((key) => client.dumpBuffer(key)));
    return [...keys, ...values.map((value) => value?.toString('latin1') ?? '')].join('\n');
  } finally {
    client.disconnect();
  }
}

describe('no secret is left behind', () => {
  test('in output, log, results or Redis, by runs that work, that are refused, and that never start', async () => {
    const claims = { tid: 'aaaaaaaa-1111-4222-8333-444444444444', appid: 'app', exp: 4_000_000_000 };
    const token = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${SIGNATURE}`;
    const url = redis.url?.replace('redis://', `redis://:${REDIS_PASSWORD}@`) ?? '';
    const tenant = generateTenant({
      ...{ configurations: 6, compliancePolicies: 2, assignmentsPerPolicy: 2, seed: 1, nested: false },
    });
    const { run, file, simulator } = await bench(
      url,
      { tenant, tokens: ['another-token'] },
      { RETARGET_ACCESS_TOKEN: token, AZURE_TENANT_ID: claims.tid },
    );
    const paths = [...simulator.tenant.every()].map(({ path }) => path);
    const changes = file(
      'changes.csv',
      csv(paths.map((path) => ({ url: path, targetType: 'group', groupId: claims.tid }))),
    );
    const said: string[] = [];
    const exits = async (exitCode: number, ...argv: string[]): Promise<void> => {
      const ran = await run(argv);
      said.push(ran.stdout, ran.stderr);
      expect(ran.exitCode, `${argv.join(' ')}: ${ran.stderr}`).toBe(exitCode);
    };
    await exits(4, 'apply', changes, '--yes');
    simulator.reconfigure({ tokens: null, forbidden: [paths[0]?.split('/').at(-1) ?? ''] });
    await exits(1, 'apply', changes, '--yes', '--redis-url', url);
    await exits(0, 'status', '@last', '--json');
    await exits(0, 'results', '@last', '--format', 'json');
    await exits(4, 'status', '--redis-url', url.replace(REDIS_PASSWORD, `${REDIS_PASSWORD}-wrong`));
    await exits(2, 'plan', changes, '--graph-url', `https://user:${REDIS_PASSWORD}@graph.microsoft.com`);
    const kept = await everythingIn(url);
    expect(kept).toContain(claims.tid);
    for (const secret of [SIGNATURE, REDIS_PASSWORD]) {
      expect(said.filter((text) => text.includes(secret))).toEqual([]);
      expect(kept.includes(secret)).toBe(false);
    }
  });
});
