import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { KINDS } from '../../src/assignments/kinds/registry.ts';
import type { Check } from '../../src/app/doctor/check.ts';
import { makeCertificate } from '../support/certificates.ts';
import { bench, type Bench } from '../support/cli.ts';
import { connectProxy } from '../support/connectProxy.ts';
import { gateway, proxyPage } from '../support/gateway.ts';
import { graphProxy } from '../support/graphProxy.ts';
import { startOpenIdProvider, type OpenIdProvider } from '../support/openIdProvider.ts';
import { untrustedGraph } from '../support/untrustedGraph.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { SMALL_TENANT } from '../support/simulatorClient.ts';
import { jwt, secondsFromNow } from '../support/token.ts';

const TENANT = '5c0a1f3e-2f58-4a0c-9b1e-7c1d2b3a4f50';
const APP = '9e6d1c1a-52c4-4a4f-8f3a-0d1b2c3d4e5f';
const SECRET = 'one~Secret/that+may&not=leak';

let directory: string;
let provider: OpenIdProvider;
let redis: TestRedis;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'retarget-doctor-'));
  const tls = await makeCertificate(directory, 'provider');
  setDefaultCACertificates([...getCACertificates('default'), tls.cert]);
  provider = await startOpenIdProvider(TENANT, tls);
  provider.apps.set(APP, { secret: SECRET });
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(async () => {
  await provider.stop();
  await redis.stop();
  await rm(directory, { recursive: true });
});

/** A sign-in with the client secret at the local provider. */
const signedIn = (secret = SECRET): Record<string, string> => ({
  RETARGET_ACCESS_TOKEN: '',
  AZURE_AUTHORITY_HOST: provider.authorityHost,
  AZURE_TENANT_ID: TENANT,
  AZURE_CLIENT_ID: APP,
  AZURE_CLIENT_SECRET: secret,
});

const site = (env: Record<string, string>, redisUrl = redis.url): Promise<Bench> =>
  bench(redisUrl, { tenant: SMALL_TENANT }, env);

interface Diagnosis {
  readonly exitCode: number;
  readonly failed: readonly string[];
  readonly warned: readonly string[];
  check(name: string): Check;
  readonly json: Record<string, unknown>;
}

async function diagnosis(here: Bench, env: Record<string, string> = {}): Promise<Diagnosis> {
  const { exitCode, stdout, stderr } = await here.run(['doctor', '--json'], { env });
  expect(stderr).toBe('');
  const json = JSON.parse(stdout) as { ok: boolean; checks: Check[] } & Record<string, unknown>;
  const names = (wanted: Check['status']): string[] =>
    json.checks.filter(({ status }) => status === wanted).map(({ name }) => name);
  // Whoever only looks at `ok` or at the exit code learns the same.
  expect(json.ok).toBe(names('failed').length === 0);
  expect(exitCode).toBe(json.ok ? 0 : 4);
  for (const { status, remedy } of json.checks) expect(remedy === null).toBe(status === 'ok');
  expect(stdout).not.toContain(SECRET);
  expect(stdout).not.toMatch(/eyJ/);
  return {
    exitCode,
    failed: names('failed'),
    warned: names('warning'),
    check(name) {
      const found = json.checks.find((each) => each.name === name);
      if (found === undefined) throw new Error(`no check ${name} in ${stdout}`);
      return found;
    },
    json,
  };
}

describe('doctor', () => {
  test('finds all well: every check is told, and nothing was written', async () => {
    const here = await site(signedIn());
    const proxy = await graphProxy(here.simulator, { domains: ['contoso.com', 'contoso.example'] });
    const found = await diagnosis(here, { RETARGET_GRAPH_URL: proxy.url });
    expect({ failed: found.failed, warned: found.warned }).toEqual({ failed: [], warned: [] });
    expect(found.json).toMatchObject({
      tenant: TENANT,
      domain: 'contoso.com',
      cloud: 'global',
      appId: APP,
      redis: { version: expect.stringMatching(/^\d+\.\d+/), maxmemoryPolicy: 'noeviction', appendOnly: true },
    });
    expect(found.check('sign-in').message).toContain(`app ${APP}`);
    expect(found.check('permission').message).toContain('DeviceManagementConfiguration.ReadWrite.All');
    // Each kind once, the approvals, and the tenant’s name.
    expect(here.simulator.stats().requests).toEqual({ GET: KINDS.length + 2 });
    const shown = await here.run(['doctor']);
    expect(shown).toMatchObject({ exitCode: 0, stderr: '' });
    const names = ['redis', 'redis settings', 'redis memory', 'redis latency', 'sign-in', 'permission'];
    for (const name of [...names, 'tenant', 'graph', 'clock', 'intune', 'kinds'])
      expect(shown.stdout).toMatch(new RegExp(`^ok +${name} +\\S`, 'm'));
  });

  test('with nothing configured says that nobody signs in; Redis and Graph are there', async () => {
    const here = await bench(
      undefined,
      {},
      {
        ...{ RETARGET_ACCESS_TOKEN: '', AZURE_TENANT_ID: '' },
        // The other sources would be asked for over the network.
        AZURE_TOKEN_CREDENTIALS: 'AzureCliCredential',
      },
    );
    const found = await diagnosis(here);
    expect(found.failed).toEqual(['sign-in']);
    expect(found.check('redis').message).toContain('(embedded)');
    expect(found.check('sign-in').remedy).toContain('`az login --service-principal');
    expect(found.check('graph').status).toBe('ok');
  });

  test('with Redis away says how to reach it, and goes on with the rest', async () => {
    const found = await diagnosis(await site(signedIn(), 'redis://127.0.0.1:1'));
    expect(found.failed).toEqual(['redis']);
    expect(found.check('redis').message).toContain('redis://127.0.0.1:1');
    expect(found.check('redis').remedy).toContain('REDIS_URL');
    expect(found.check('intune').status).toBe('ok');
    expect(found.json['redis']).toBeNull();
  });

  test('with a Redis that may throw work away gives the command that mends it, and it does', async () => {
    const careless = await startRedisServer({
      args: ['--appendonly', 'yes', '--maxmemory-policy', 'allkeys-lru'],
      tcp: true,
    });
    onTestFinished(() => careless.stop());
    const here = await site(signedIn(), careless.url);
    const found = await diagnosis(here);
    expect(found.failed).toEqual(['redis settings']);
    const [, pasted = ''] = /`([^`]+)`/.exec(found.check('redis settings').remedy ?? '') ?? [];
    execFileSync('sh', ['-c', pasted]);
    expect((await diagnosis(here)).failed).toEqual([]);
  });

  test('with a Redis that keeps nothing on disk warns, and does not fail', async () => {
    const forgetful = await startRedisServer({ tcp: true });
    onTestFinished(() => forgetful.stop());
    const found = await diagnosis(await site(signedIn(), forgetful.url));
    expect({ failed: found.failed, warned: found.warned }).toEqual({
      failed: [],
      warned: ['redis settings'],
    });
  });

  test('with a wrong secret says so, and where the right one is made', async () => {
    const found = await diagnosis(await site(signedIn('not~the~secret~at~all')));
    expect(found.failed).toEqual(['sign-in']);
    expect(found.check('sign-in').message).toContain('AADSTS7000215');
    expect(found.check('sign-in').remedy).toContain('AZURE_CLIENT_SECRET');
    // Without a sign-in nothing is known of these, and nothing is claimed.
    for (const name of ['permission', 'tenant', 'intune'])
      expect(() => found.check(name)).toThrow('no check');
  });

  const reader = (more: object = {}): string =>
    jwt({
      ...{ tid: TENANT, appid: APP, exp: secondsFromNow(86_400) },
      roles: ['DeviceManagementConfiguration.Read.All'],
      ...more,
    });

  test('with a read-only token says that plan works and no write will', async () => {
    const found = await diagnosis(await site({ RETARGET_ACCESS_TOKEN: reader(), AZURE_TENANT_ID: TENANT }));
    expect(found.failed).toEqual(['permission']);
    expect(found.check('permission').message).toContain('may only read');
    expect(found.check('permission').remedy).toContain(
      `az ad app permission add --id ${APP} --api 00000003-0000-0000-c000-000000000000 --api-permissions 9241abd9-d0e6-425a-bd4f-47ba86e767a4=Role`,
    );
    expect(found.check('intune').status).toBe('ok');
    expect(found.warned).toEqual(['token end']);
  });

  test.each<readonly [string, object, string[], string[]]>([
    ['has ended', { exp: secondsFromNow(-60) }, ['sign-in'], []],
    ['may do nothing to policies', { roles: ['User.Read.All'] }, ['permission'], ['token end']],
    [
      'is of the Azure CLI',
      { roles: [], scp: 'User.Read', appid: '04b07795-8ddb-461a-bbee-02f9e1bf7b46' },
      ['permission'],
      ['token end'],
    ],
  ])('with a token that %s fails with a remedy of its own', async (_, more, failed, warned) => {
    const found = await diagnosis(
      await site({ RETARGET_ACCESS_TOKEN: reader(more), AZURE_TENANT_ID: TENANT }),
    );
    expect({ failed: found.failed, warned: found.warned }).toEqual({ failed, warned });
  });

  test('with a token that can not be read does not guess what it may do', async () => {
    const here = await site({});
    const found = await diagnosis(here);
    expect({ failed: found.failed, warned: found.warned }).toEqual({ failed: [], warned: ['permission'] });
    here.simulator.reconfigure({ tokens: ['another'] });
    expect((await diagnosis(here)).failed).toEqual(['intune']);
  });

  test('with one kind of policies forbidden names that one', async () => {
    const here = await site(signedIn());
    const gate = await gateway(here.simulator, async (requests, pass) => {
      const answer = await pass();
      const { responses } = JSON.parse(String(answer.body)) as { responses: { id: string }[] };
      const refused = requests.filter(({ url }) => url.includes('deviceCompliancePolicies'));
      const error = { code: 'Forbidden', message: 'Not for this app.' };
      const replies = responses.map((reply) =>
        refused.some(({ id }) => id === reply.id) ? { id: reply.id, status: 403, body: { error } } : reply,
      );
      return { ...answer, body: JSON.stringify({ responses: replies }) };
    });
    const found = await diagnosis(here, { RETARGET_GRAPH_URL: gate.url });
    expect(found.failed).toEqual(['intune']);
    expect(found.check('intune').message).toBe(
      'Compliance policies may not be read (Forbidden: Not for this app.).',
    );
  });

  test('with Graph away, or a gateway in its place, tells the two apart', async () => {
    const here = await site(signedIn());
    const away = await diagnosis(here, { RETARGET_GRAPH_URL: 'http://127.0.0.1:1' });
    expect(away.failed).toEqual(['graph']);
    expect(away.check('graph').message).toContain('ECONNREFUSED');
    expect(away.check('graph').remedy).toContain('`curl -sS');
    here.simulator.reconfigure({ faults: { html502: 1 } });
    const gateway = await diagnosis(here);
    expect(gateway.failed).toEqual(['graph']);
    expect(gateway.check('graph').message).toContain('is not Graph');
  });

  describe('a network in between', () => {
    const readyToken = { RETARGET_ACCESS_TOKEN: 'token' };

    test('that shows its page for everything wants a sign-in with a browser', async () => {
      const here = await site(readyToken);
      for (const portal of [
        proxyPage(200, 'Hotel Wi-Fi'),
        { status: 302, headers: { location: 'http://portal.example/login?u=1' } },
      ]) {
        const gate = await gateway(here.simulator, () => portal);
        const found = await diagnosis(here, { RETARGET_GRAPH_URL: gate.url });
        expect(found.failed).toEqual(['graph']);
        expect(found.check('graph').message).toMatch(
          /Hotel Wi-Fi|HTTP 302, to http:\/\/portal.example\/login\)/,
        );
        expect(found.check('graph').remedy).toContain('Sign in to this network with a browser');
      }
    });

    test.each([403, 407])('that refuses with a page (%i) is no matter of permissions', async (status) => {
      const here = await site(readyToken);
      const gate = await gateway(here.simulator, () => proxyPage(status));
      const found = await diagnosis(here, { RETARGET_GRAPH_URL: gate.url });
      expect(found.failed).toEqual(['graph']);
      expect(found.check('graph').message).toContain(
        `HTTP ${status}, text/html, from gate/1.0, "Access Denied"`,
      );
      expect(found.check('graph').remedy).toContain('$batch through');
    });

    test.each([
      [407, 'wants a sign-in of its own', 'user and password'],
      [403, 'does not let graph.example through', 'CONNECT to graph.example'],
    ])('whose proxy answers %i is named', async (status, message, remedy) => {
      const here = await site(readyToken);
      const proxy = await connectProxy({ status });
      const env = { RETARGET_GRAPH_URL: 'https://graph.example', HTTPS_PROXY: proxy.url };
      const found = await diagnosis(here, env);
      expect(found.failed).toEqual(['graph']);
      expect(found.check('proxy').message).toBe(`Graph is reached through ${proxy.url} (HTTPS_PROXY).`);
      expect(found.check('graph').message).toContain(message);
      expect(found.check('graph').remedy).toContain(remedy);
    });

    test('whose proxy is not there is told apart from Graph', async () => {
      const here = await site(readyToken);
      const env = { RETARGET_GRAPH_URL: 'https://graph.example', HTTPS_PROXY: 'http://127.0.0.1:1' };
      const found = await diagnosis(here, env);
      expect(found.check('graph').message).toContain(
        "The proxy http://127.0.0.1:1 of HTTPS_PROXY can't be reached",
      );
      const exempt = await diagnosis(here, { ...env, NO_PROXY: 'graph.example' });
      expect(exempt.check('proxy').message).toBe('Graph is reached directly.');
      expect(exempt.check('graph').message).toContain('graph.example could not be looked up');
    });

    test('that inspects TLS is named with what makes Node trust it', async () => {
      const here = await site(readyToken);
      const graph = await untrustedGraph(directory);
      const found = await diagnosis(here, { RETARGET_GRAPH_URL: graph.url });
      expect(found.check('graph').message).toMatch(/certificate of 127.0.0.1:\d+ is not trusted/);
      expect(found.check('graph').remedy).toContain('NODE_EXTRA_CA_CERTS');
    });
  });

  test('warns of a clock that is off, in either direction, and of a tenant that is not the one meant', async () => {
    const here = await site(signedIn());
    for (const [dateOffMs, words] of [
      [-300_000, 'ahead of'],
      [300_000, 'behind'],
    ] as const) {
      const proxy = await graphProxy(here.simulator, { dateOffMs });
      const found = await diagnosis(here, { RETARGET_GRAPH_URL: proxy.url });
      expect(found.warned).toEqual(['clock']);
      expect(found.check('clock').message).toContain(words);
    }
    const proxy = await graphProxy(here.simulator, { domains: ['contoso.com'] });
    const env = {
      RETARGET_GRAPH_URL: proxy.url,
      RETARGET_ACCESS_TOKEN: reader({ roles: ['DeviceManagementConfiguration.ReadWrite.All'] }),
    };
    expect((await diagnosis(here, { ...env, AZURE_TENANT_ID: 'fabrikam.com' })).failed).toEqual(['tenant']);
    expect((await diagnosis(here, { ...env, AZURE_TENANT_ID: 'Contoso.com' })).failed).toEqual([]);
  });
});
