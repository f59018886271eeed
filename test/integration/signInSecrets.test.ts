import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import { guid } from '../support/guid.ts';
import { makeCertificate } from '../support/certificates.ts';
import { ALLOW_ALL, bench, csv } from '../support/cli.ts';
import { startOpenIdProvider } from '../support/openIdProvider.ts';
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
    await exits(1, 'apply', changes, '--yes', '--redis-url', url, ...ALLOW_ALL);
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

  test('nor in what a person wrote on the command line, when only .env tells that it is one', async () => {
    const secret = 'one~Secret/from+a&file';
    const url = redis.url?.replace('redis://', `redis://:${REDIS_PASSWORD}@`) ?? '';
    const tenant = generateTenant({
      ...{ configurations: 1, compliancePolicies: 0, assignmentsPerPolicy: 2, seed: 1, nested: false },
    });
    const { run, file, simulator } = await bench(url, { tenant });
    file('.env', `AZURE_CLIENT_SECRET=${secret}\n`);
    const rows = [...simulator.tenant.every()].map(({ path }) => ({
      ...{ url: path, targetType: 'group', groupId: 'new' },
    }));
    const changes = file('changes.csv', csv(rows));
    const why = ['--reason', `because of ${secret}`, '--justification', `as ${secret} says`];
    const submitted = await run(['submit', changes, '--no-plan', ...why]);
    expect(submitted.exitCode).toBe(0);
    await run(['worker', '--until-idle']);
    const undone = await run(['rollback', '@last', '--yes', '--work', ...why]);
    expect(undone.exitCode).toBe(0);
    const kept = await everythingIn(url);
    expect(kept).toContain('because of [redacted]');
    expect(kept).toContain('as [redacted] says');
    expect(kept).not.toContain(secret);
    expect((await run(['log', '@last'])).stdout).not.toContain(secret);
  });

  test('nor by an app whose secret stops to work in mid-run, in any of the places where that is told', async () => {
    const [tenant, app, secret] = [
      '5c0a1f3e-2f58-4a0c-9b1e-7c1d2b3a4f50',
      'app-1',
      'one~Secret/that+may&not=leak',
    ];
    const directory = await mkdtemp(join(tmpdir(), 'retarget-secrets-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const tls = await makeCertificate(directory, 'provider');
    setDefaultCACertificates([...getCACertificates('default'), tls.cert]);
    const provider = await startOpenIdProvider(tenant, tls);
    onTestFinished(() => provider.stop());
    provider.apps.set(app, { secret });
    const url = redis.url?.replace('redis://', `redis://:${REDIS_PASSWORD}@`) ?? '';
    const { run, start, file, simulator } = await bench(
      url,
      {
        tenant: generateTenant({
          configurations: 9,
          compliancePolicies: 1,
          assignmentsPerPolicy: 4,
          seed: 1,
          nested: false,
        }),
      },
      {
        ...{
          RETARGET_ACCESS_TOKEN: '',
          AZURE_TENANT_ID: tenant,
          AZURE_CLIENT_ID: app,
          AZURE_CLIENT_SECRET: secret,
        },
        ...{ AZURE_AUTHORITY_HOST: provider.authorityHost, RETARGET_WRITES_PER_WINDOW: '10' },
      },
    );
    const rows = [...simulator.tenant.every()].map(({ path }, i) => ({
      url: path,
      targetType: 'group',
      groupId: guid(`new-${i}`),
    }));
    const applying = start([
      'apply',
      file('changes.csv', csv(rows)),
      '--yes',
      '--redis-url',
      url,
      ...ALLOW_ALL,
    ]);
    await vi.waitFor(() => expect(simulator.stats().writesDone).toBeGreaterThan(0), { timeout: 30_000 });
    provider.apps.set(app, { secret: 'another~one' });
    simulator.reconfigure({ tokens: ['another-token'] });
    await applying.said('goes on by itself');
    applying.interrupt('SIGINT');
    const applied = await applying.ended;
    expect(applied.exitCode).toBe(130);
    const others = await Promise.all([run(['status', '@last']), run(['doctor']), run(['doctor', '--json'])]);
    const wrong = await Promise.all([run(['status', `--tennant=${secret}`]), run(['status', secret])]);
    expect(wrong.map(({ exitCode }) => exitCode)).toEqual([2, 2]);
    const said = [applied, ...others, ...wrong].flatMap(({ stdout, stderr }) => [stdout, stderr]);
    const kept = await everythingIn(url);
    expect(kept).toContain('AADSTS7000215');
    for (const text of [...said, kept]) {
      for (const hidden of [secret, encodeURIComponent(secret), REDIS_PASSWORD])
        expect(text).not.toContain(hidden);
      // Any token of any kind, whoever got it.
      expect(text).not.toMatch(/eyJ[\w-]{8}/);
    }
  });
});
