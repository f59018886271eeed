import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import { makeCertificate } from '../support/certificates.ts';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { graphProxy } from '../support/graphProxy.ts';
import { startOpenIdProvider, type OpenIdProvider } from '../support/openIdProvider.ts';
import { freePort, startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { makeCertificates } from '../support/redisTls.ts';
import { jwt, secondsFromNow } from '../support/token.ts';

const TENANT = '5c0a1f3e-2f58-4a0c-9b1e-7c1d2b3a4f50';
const APP = '9e6d1c1a-52c4-4a4f-8f3a-0d1b2c3d4e5f';
const SECRET = 'one~Secret/that+may&not=leak';

let directory: string;
let provider: OpenIdProvider;
let redis: TestRedis;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'retarget-cli-sign-in-'));
  const tls = await makeCertificate(directory, 'provider');
  setDefaultCACertificates([...getCACertificates('default'), tls.cert]);
  provider = await startOpenIdProvider(TENANT, tls);
});
afterAll(async () => {
  await provider.stop();
  await rm(directory, { recursive: true });
});
// One each: which tenants a Redis knows is what some of these are about.
beforeEach(async () => {
  provider.apps.set(APP, { secret: SECRET });
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
  onTestFinished(() => redis.stop());
});

interface Site extends Bench {
  readonly changes: string;
  readonly rows: number;
  readonly secretFile: string;
}

/** A tenant with a file that changes all of it, and an app that signs in with a secret from a file. */
async function site(
  options: SimulatorOptions = {},
  env: Record<string, string> = {},
  redisUrl = redis.url,
): Promise<Site> {
  const tenant = generateTenant({
    ...{ configurations: 20, compliancePolicies: 5, assignmentsPerPolicy: 4, seed: 7, nested: false },
  });
  const secretFile = join(directory, `secret-${redis.pid}`);
  writeFileSync(secretFile, SECRET);
  const here = await bench(
    redisUrl,
    { tenant, ...options },
    {
      ...{ RETARGET_ACCESS_TOKEN: '', RETARGET_WINDOW_MS: '500', RETARGET_WRITES_PER_WINDOW: '50' },
      ...{ AZURE_AUTHORITY_HOST: provider.authorityHost, AZURE_CLIENT_ID: APP, AZURE_TENANT_ID: TENANT },
      AZURE_CLIENT_SECRET_FILE: secretFile,
      ...env,
    },
  );
  const entries = [...here.simulator.tenant.every()];
  const changes = csv(
    entries.map(({ path }, n) => ({ url: path, targetType: 'group', groupId: `new-${n}` })),
  );
  return { ...here, secretFile, rows: entries.length, changes: here.file('changes.csv', changes) };
}

const statusOf = async (here: Bench, env: Record<string, string> = {}): Promise<Record<string, unknown>> =>
  JSON.parse((await here.run(['status', '@last', '--json'], { env })).stdout);

const written = (here: Bench, atLeast: number): Promise<void> =>
  vi.waitFor(() => expect(here.simulator.stats().writesDone).toBeGreaterThanOrEqual(atLeast), {
    timeout: 30_000,
    interval: 10,
  });

/** No token and no secret, whoever's. */
function expectNoSecret(...texts: string[]): void {
  for (const text of texts) {
    expect(text).not.toContain(SECRET);
    expect(text).not.toMatch(/eyJ[\w-]{8}/);
  }
}

describe('an app that signs in with its secret', () => {
  test('does a whole run; what needs no Graph needs no sign-in either', async () => {
    const here = await site();
    const applied = await here.run(['apply', here.changes, '--yes', ...ALLOW_ALL]);
    expect(applied).toMatchObject({ exitCode: 0 });
    expect(applied.stderr).toContain(`tenant ${TENANT}`);
    const asked = provider.tokenRequests();
    const nowhere = { AZURE_CLIENT_SECRET_FILE: '/nowhere' };
    expect(await statusOf(here, nowhere)).toMatchObject({ tenant: TENANT, succeeded: here.rows });
    expect((await here.run(['results', '@last'], { env: nowhere })).exitCode).toBe(0);
    expect((await here.run(['submit', '--no-plan', here.changes], { env: nowhere })).exitCode).toBe(0);
    for (const act of ['pause', 'resume', 'cancel'])
      expect((await here.run([act, '@last'], { env: nowhere })).exitCode).toBe(0);
    expect(provider.tokenRequests()).toBe(asked);
    expect((await here.run(['retry', '@last', '--work'], { env: nowhere })).exitCode).toBe(4);
  });

  test('is refused before anything is read from the tenant when the secret is wrong', async () => {
    const here = await site();
    writeFileSync(here.secretFile, 'another~Secret~altogether');
    for (const argv of [['plan', here.changes], ['apply', here.changes, '--yes'], ['worker']]) {
      const ran = await here.run(argv);
      expect(ran).toMatchObject({ exitCode: 4, stdout: '' });
      expect(ran.stderr).toContain('AADSTS7000215');
      expect(ran.stderr).not.toContain('another~Secret');
    }
    expect(here.simulator.stats().envelopes).toBe(0);
    // What is wrong with the file comes back whatever becomes of the sign-in.
    const bad = await here.run(['plan', here.file('bad.csv', 'policyType,polcyId\na,b\n')]);
    expect(bad.exitCode).toBe(2);
  });

  test('whose secret is rotated in mid-run, while Graph refuses its tokens, ends without a failed row, over TLS Redis', async () => {
    const certificates = makeCertificates();
    const port = await freePort();
    const tls = await startRedisServer({ args: [...certificates.serverArgs(port), '--appendonly', 'yes'] });
    onTestFinished(() => tls.stop());
    const here = await site({}, { REDIS_TLS_CA_FILE: certificates.ca }, `rediss://localhost:${port}`);
    const applying = here.start(['apply', here.changes, '--yes', ...ALLOW_ALL]);
    await written(here, 20);
    provider.apps.set(APP, { secret: 'the~next~Secret~of~the~app' });
    here.simulator.reconfigure({ tokens: ['none of those that there are'] });
    await applying.said('goes on by itself when the sign-in works again');
    expect(await statusOf(here)).toMatchObject({
      state: 'paused',
      reasonText: expect.stringMatching(/^sign-in: .*AADSTS7000215/),
      failed: 0,
    });
    writeFileSync(here.secretFile, 'the~next~Secret~of~the~app');
    here.simulator.reconfigure({ tokens: null });
    const ran = await applying.ended;
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toContain('The sign-in works again: the run goes on.');
    expect(await statusOf(here)).toMatchObject({ state: 'completed', succeeded: here.rows, failed: 0 });
    expect(here.simulator.stats().writtenAgain).toEqual([]);
    expectNoSecret(ran.stdout, ran.stderr);
  });

  test('works as worker --until-idle too, which does not take a run without a sign-in for done', async () => {
    const here = await site({}, { RETARGET_WINDOW_MS: '200' });
    await here.run(['submit', '--no-plan', here.changes]);
    const working = here.start(['worker', '--until-idle']);
    await written(here, 20);
    here.simulator.reconfigure({ tokens: ['none of those that there are'] });
    await working.said('Run paused. sign-in');
    const { envelopes } = here.simulator.stats();
    // It keeps asking, with reads that cost next to nothing.
    await vi.waitFor(() => expect(here.simulator.stats().envelopes).toBeGreaterThan(envelopes + 1), {
      timeout: 20_000,
    });
    expect(await statusOf(here)).toMatchObject({ state: 'paused' });
    here.simulator.reconfigure({ tokens: null });
    expect((await working.ended).exitCode).toBe(0);
    expect(await statusOf(here)).toMatchObject({ state: 'completed', succeeded: here.rows });
  });

  test('leaves a run alone that somebody paused while it waited for the sign-in', async () => {
    const here = await site();
    await here.run(['submit', '--no-plan', here.changes]);
    const working = here.start(['worker']);
    await written(here, 20);
    here.simulator.reconfigure({ tokens: ['none of those that there are'] });
    await working.said('Run paused. sign-in');
    expect((await here.run(['pause', '@last'])).exitCode).toBe(0);
    expect(await statusOf(here)).toMatchObject({
      state: 'paused',
      reason: 'operator',
      reasonText: 'by ada@desk',
    });
    // Only once: the next one would say that it is paused already.
    expect((await here.run(['pause', '@last'])).exitCode).toBe(2);
    working.interrupt('SIGTERM');
    expect((await working.ended).exitCode).toBe(0);
  });
});

describe('a ready token', () => {
  const token = (claims: object = {}): string =>
    jwt({ tid: TENANT, appid: APP, exp: secondsFromNow(86_400), ...claims });

  test('that is refused in mid-run ends apply with 4; a worker with a new one goes on by itself', async () => {
    const here = await site({}, { RETARGET_ACCESS_TOKEN: token() });
    const applying = here.start(['apply', here.changes, '--yes', ...ALLOW_ALL]);
    await written(here, 20);
    const next = token({ nonce: 'next' });
    here.simulator.reconfigure({ tokens: [next] });
    const applied = await applying.ended;
    expect(applied.exitCode).toBe(4);
    expect(applied.stderr).toMatch(/sign-in: .*\n {2}Go on with: +retarget resume/);
    const idle = await here.run(['worker', '--until-idle']);
    expect(idle.exitCode).toBe(4);
    expect(await statusOf(here)).toMatchObject({ state: 'paused' });
    const working = here.start(['worker'], { env: { RETARGET_ACCESS_TOKEN: next } });
    await working.said('nobody renews it');
    await working.said('The sign-in works again');
    await written(here, here.rows);
    working.interrupt('SIGTERM');
    await working.ended;
    expect(await statusOf(here)).toMatchObject({ state: 'completed', succeeded: here.rows, failed: 0 });
    expect(here.simulator.stats().writtenAgain).toEqual([]);
  });

  test('that ends before the writes can have is refused, and one that may is warned of', async () => {
    const here = await site({}, { RETARGET_WRITES_PER_WINDOW: '99', RETARGET_WINDOW_MS: '100000' });
    // Of so few requests in a window, each group costs three.
    const paths = [...here.simulator.tenant.every()].map(({ path }) => path);
    const changes = paths.map((url, n) => ({ url, targetType: 'group', groupId: `new-${n % 4}` }));
    const file = here.file('four-groups.csv', csv(changes));
    const apply = (seconds: number, ...more: string[]) =>
      here.run(['apply', file, ...ALLOW_ALL, ...more], {
        env: { RETARGET_ACCESS_TOKEN: token({ exp: secondsFromNow(seconds) }) },
        isTerminal: true,
        stdin: 'no\n',
      });
    // 100 rows take 100 s at least: the last one waits for the next window.
    const refused = await apply(60, '--yes');
    expect(refused).toMatchObject({ exitCode: 4, stdout: '' });
    expect(refused.stderr).toContain('AZURE_CLIENT_SECRET');
    expect(refused.stderr).toContain('Nothing was queued.');
    const warned = await apply(300);
    expect(warned.exitCode).toBe(3);
    expect(warned.stderr).toContain('should it end before the run does');
    const quiet = await apply(86_400);
    expect(quiet.exitCode).toBe(3);
    expect(quiet.stderr).not.toContain('should it end');
    expect(await here.run(['status', '--json'])).toMatchObject({ stdout: '[]\n' });
  });
});

describe('the tenant', () => {
  const token = jwt({ tid: TENANT, appid: APP, exp: secondsFromNow(86_400) });

  test('of the token wins over the domain that is given; the record tells it to commands without a sign-in', async () => {
    const here = await site({}, { RETARGET_ACCESS_TOKEN: token, AZURE_TENANT_ID: 'Contoso.com' });
    expect((await here.run(['apply', here.changes, '--yes', ...ALLOW_ALL])).exitCode).toBe(0);
    const bare = { RETARGET_ACCESS_TOKEN: '', AZURE_CLIENT_SECRET_FILE: '', AZURE_CLIENT_ID: '' };
    for (const tenant of ['contoso.com', TENANT, '']) {
      const status = await statusOf(here, { ...bare, AZURE_TENANT_ID: tenant });
      expect(status).toMatchObject({ tenant: TENANT, succeeded: here.rows });
    }
    const other = jwt({ tid: TENANT.replace('5c', '6d'), appid: APP });
    const env = { RETARGET_ACCESS_TOKEN: other, AZURE_TENANT_ID: '' };
    expect((await here.run(['plan', here.changes, ...ALLOW_ALL], { env })).exitCode).toBe(0);
    const unclear = await here.run(['status'], { env: { ...bare, AZURE_TENANT_ID: '' } });
    expect(unclear.exitCode).toBe(2);
    expect(unclear.stderr).toContain(`${TENANT}, ${TENANT.replace('5c', '6d')}`);
  });

  test('is named by its domain, with root, cloud and app, before anything is changed', async () => {
    const here = await site({}, { RETARGET_ACCESS_TOKEN: token });
    const proxy = await graphProxy(here.simulator, { domains: ['contoso.com'] });
    const ask = (env: Record<string, string>) =>
      here.run(['apply', here.changes, ...ALLOW_ALL], { env, isTerminal: true, stdin: 'no\n' });
    const asked = await ask({ RETARGET_GRAPH_URL: proxy.url });
    expect(asked.exitCode).toBe(3);
    expect(asked.stderr).toContain(
      `Change 100 assignments in contoso.com (${proxy.url}, cloud global, app ${APP}), plan `,
    );
    // Where the organization may not be read, its id has to do.
    expect((await ask({})).stderr).toContain(`Change 100 assignments in tenant ${TENANT} (`);
    const other = await ask({ RETARGET_GRAPH_URL: proxy.url, AZURE_TENANT_ID: 'fabrikam.com' });
    expect(other.exitCode).toBe(2);
    expect(other.stderr).toContain('The sign-in is for tenant contoso.com, not for fabrikam.com.');
    expect(here.simulator.stats().writesArrived).toBe(0);
  });

  test('needs no sign-in for submit when its id is given, and one when it is not', async () => {
    const here = await site({}, { AZURE_CLIENT_SECRET_FILE: '/nowhere' });
    expect((await here.run(['submit', '--no-plan', here.changes])).exitCode).toBe(0);
    const refused = await here.run([
      'submit',
      '--no-plan',
      here.changes,
      '--tenant',
      'contoso.com',
      '--again',
    ]);
    expect(refused).toMatchObject({ exitCode: 4, stdout: '' });
    expect(refused.stderr).toContain("Give the tenant's id with --tenant");
  });
});

describe('Graph behind a proxy', () => {
  test('names itself in the links to further pages, which are asked of the proxy all the same', async () => {
    const here = await site({ pageSize: 3 }, { RETARGET_ACCESS_TOKEN: jwt({ tid: TENANT }) });
    const proxy = await graphProxy(here.simulator, { prefix: '/graph' });
    const ran = await here.run(['apply', here.changes, '--yes', ...ALLOW_ALL], {
      env: { RETARGET_GRAPH_URL: proxy.url },
    });
    expect(ran.exitCode).toBe(0);
    expect(proxy.asked.some((url) => url.includes('$skiptoken='))).toBe(true);
    expect(await statusOf(here, { RETARGET_GRAPH_URL: proxy.url })).toMatchObject({ succeeded: here.rows });
  });
});

describe('a person', () => {
  test('is shown the code to sign in with, and the run is hers', async () => {
    const here = await site();
    provider.apps.set(APP, { isPublic: true });
    const planning = here.start(['plan', here.changes, '--sign-in', 'device-code', ...ALLOW_ALL]);
    await planning.said('and enter the code ');
    const code = /enter the code (\S+)/.exec(planning.text())?.[1] ?? '';
    await provider.approve(code);
    expect((await planning.ended).exitCode).toBe(0);
  });

  test('who types another way to sign in is told the ways there are', async () => {
    const here = await site();
    const ran = await here.run(['plan', here.changes, '--sign-in', 'device']);
    expect(ran.exitCode).toBe(2);
    expect(ran.stderr).toContain('default, device-code, browser');
  });
});
