import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { redactorOf, type Host } from '../../src/app/host.ts';
import { identify } from '../../src/app/identity.ts';
import { openServices } from '../../src/app/services.ts';
import { createEvents } from '../../src/events.ts';
import { NO_LOG } from '../../src/log.ts';
import { openAccess } from '../../src/web/access/openAccess.ts';
import { openWeb } from '../../src/web/server.ts';
import { Browser, type Answered } from '../support/browser.ts';
import { ALLOW_ALL, bench, csv, type Bench, type Ran } from '../support/cli.ts';
import { freePort } from '../support/servedSite.ts';
import { guid } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';
import { jwt, secondsFromNow } from '../support/token.ts';
import { CLIENT_ID, CLIENT_SECRET, webProvider, type Account } from '../support/webProvider.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ tcp: true });
});
afterAll(() => redis.stop());

interface Site extends Bench {
  readonly url: string;
  readonly runId: string;
  readonly plan: string;
  as(name: string, argv: readonly string[]): Promise<Ran>;
  /** Somebody who has signed in at the pages. */
  signedIn(name: string, more?: Readonly<Record<string, unknown>>): Promise<Browser>;
  status(): Promise<Readonly<Record<string, unknown>>>;
}

let sites = 0;

/** The pages of a tenant that demands approval, with a run of Ada's that waits for it. */
async function site(): Promise<Site> {
  sites += 1;
  const tenant = guid(`pages ${sites}`);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const provider = await webProvider(`${url}/sign-in/callback`);
  const here = await bench(
    redis.url,
    {
      tenant: {
        policies: [
          { id: 'p1', type: 'deviceConfiguration', assignments: [{ id: 'a1', target: groupTarget('old') }] },
        ],
      },
    },
    { AZURE_TENANT_ID: tenant },
  );
  const tokenOf = (name: string): string =>
    jwt({
      ...{ tid: tenant, oid: guid(name), upn: `${name}@example.com`, exp: secondsFromNow(3600) },
      scp: 'User.Read DeviceManagementConfiguration.ReadWrite.All',
    });
  const as = (name: string, argv: readonly string[]): Promise<Ran> =>
    here.run(argv, { env: { RETARGET_ACCESS_TOKEN: tokenOf(name) } });
  const row = { policyType: 'deviceConfiguration', policyId: 'p1', assignmentId: 'a1' };
  const file = here.file('changes.csv', csv([{ ...row, targetType: 'group', groupId: 'new' }]));
  expect((await as('ada', ['approval', '--require', '--reason', 'CHG-1'])).exitCode).toBe(0);
  const runId = (await as('ada', ['submit', file, ...ALLOW_ALL])).stdout.trim();
  const status = async (): Promise<Readonly<Record<string, unknown>>> =>
    JSON.parse((await here.run(['status', runId, '--json'])).stdout);

  const env = {
    ...Object.fromEntries(Object.entries(here.env).filter(([, value]) => value !== undefined)),
    ...{ RETARGET_OIDC_ISSUER: provider.issuer, RETARGET_OIDC_CLIENT_ID: CLIENT_ID },
    RETARGET_OIDC_CLIENT_SECRET: CLIENT_SECRET,
  } as Record<string, string>;
  const host: Host = {
    ...{ env, cwd: here.dir, user: { name: 'svc', host: 'desk' }, redactor: redactorOf(env) },
    interrupted: new AbortController().signal,
    ...{ argv: ['serve'], log: NO_LOG, events: createEvents(), redisInUse: {} },
  };
  const services = await openServices(identify({}, host), host);
  const access = await openAccess({ port, url }, services);
  const web = await openWeb(services, access);
  await web.listen({ port, host: '127.0.0.1' });
  onTestFinished(async () => {
    await web.close();
    await services[Symbol.asyncDispose]();
  });
  return {
    ...{ ...here, url, runId, as, status, plan: String((await status())['planFingerprint']) },
    async signedIn(name, more = {}) {
      const account: Account = {
        ...{ sub: name, tid: tenant, oid: guid(name), preferred_username: `${name}@example.com` },
        ...{ roles: ['retarget.operator'], ...more },
      };
      provider.account = account;
      const browser = new Browser();
      await browser.refreshed(await browser.ask(`${url}/sign-in/openid?to=/`));
      return browser;
    },
  };
}

const hidden = ({ body }: Answered, name: string): string =>
  new RegExp(`<input type="hidden" name="${name}" value="([^"]*)"`).exec(body)?.[1] ?? '';

/** What somebody sees who wants to approve, and what comes of his yes. */
async function approve(
  here: Site,
  browser: Browser,
  more: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  const path = `${here.url}/runs/${here.runId}/approve`;
  // Any page has a token, and the plan is no secret: whether the form was shown is no matter.
  const page = await browser.ask(here.url, { from: here.url });
  const form = { _csrf: hidden(page, '_csrf'), plan: here.plan, reason: 'compared', ...more };
  return browser.ask(path, { method: 'POST', from: here.url, form });
}

const WORK = ['worker', '--until-idle'];

test('another person approves the plan on the page, and the log names that person and the id', async () => {
  const here = await site();
  const bob = await here.signedIn('bob');
  expect((await bob.ask(`${here.url}/runs/${here.runId}`, { from: here.url })).body).toContain(
    'ada@example.com',
  );
  const shown = await bob.ask(`${here.url}/runs/${here.runId}/approve`, { from: here.url });
  expect(hidden(shown, 'plan')).toBe(here.plan);
  const done = await approve(here, bob);
  expect(done.status, done.body).toBe(200);
  expect(await here.status()).toMatchObject({
    reason: 'noWorker',
    approval: { by: 'bob@example.com', why: 'compared' },
  });
  expect((await here.as('app', WORK)).exitCode).toBe(0);
  expect(here.simulator.stats().writesDone).toBe(1);
  const log = JSON.parse((await here.run(['log', here.runId, '--json'])).stdout) as Record<string, unknown>[];
  expect(log.find(({ action }) => action === 'approve')).toMatchObject({
    ...{ operator: 'bob@example.com', reason: 'compared', details: { oid: 'bob', plan: here.plan } },
  });
});

test.each([
  ['who made it', 'ada', {}, {}, 409],
  [
    'who made it, by another name',
    'ada',
    { sub: 'mallory', preferred_username: 'mallory@example.com' },
    {},
    409,
  ],
  ['a reader', 'cy', { roles: ['retarget.reader'] }, {}, 403],
  ['somebody whose id in Entra is not known', 'cy', { oid: undefined }, {}, 409],
  ['somebody of whom nobody knows the tenant', 'cy', { tid: undefined }, {}, 409],
  ['somebody who saw another plan', 'cy', {}, { plan: 'f'.repeat(64) }, 409],
  ['somebody who saw no plan', 'cy', {}, { plan: '' }, 409],
  ['somebody who does not say why', 'cy', {}, { reason: ' ' }, 400],
  ['a form of another site', 'cy', {}, { _csrf: 'x' }, 403],
])('nobody approves on the page as %s', async (_who, name, claims, form, status) => {
  const here = await site();
  const browser = await here.signedIn(name, claims);
  const done = await approve(here, browser, form);
  expect(done.status, done.body).toBe(status);
  await here.as('app', WORK);
  expect(await here.status()).toMatchObject({ reason: 'approval', approval: { by: null } });
  expect(here.simulator.stats().writesDone).toBe(0);
});
