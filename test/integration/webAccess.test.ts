import fastify, { type FastifyInstance } from 'fastify';
import formbody from '@fastify/formbody';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openIdOf } from '../../src/app/openId.ts';
import { SecretsInRedis } from '../../src/runs/webSessions.ts';
import { guardAccess } from '../../src/web/access/access.ts';
import { webAddress, type WebAddress, type WebFlags } from '../../src/web/access/address.ts';
import { OneTimeLink } from '../../src/web/access/oneTimeLink.ts';
import { IDLE_MS, SecretsInMemory, SESSION_MS } from '../../src/web/access/sessions.ts';
import { Browser, type Answered, type Asking } from '../support/browser.ts';
import { freePort } from '../support/servedSite.ts';
import { guid } from '../support/guid.ts';
import { recordForTests } from '../support/record.ts';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  hostileProvider,
  webProvider,
  type WebProvider,
} from '../support/webProvider.ts';

const record = recordForTests();
const TENANT = guid('the tenant');

/** Pages that say who looks, and an act. */
function pages(app: FastifyInstance): readonly string[] {
  const done: string[] = [];
  app.get('/', (request) => request.viewer);
  app.get('/runs/r1', (request) => request.viewer);
  app.get('/form', async (_request, reply) => ({ token: await reply.generateCsrf() }));
  app.post('/act', (request) => {
    done.push(request.viewer.name);
    return { done: true };
  });
  app.get('/healthz', () => 'well');
  app.get('/events', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    reply.raw.write('data: first\n\n');
  });
  return done;
}

interface Site {
  readonly url: string;
  readonly done: readonly string[];
  clock(ms: number): void;
}

async function opened(
  address: WebAddress,
  door: Parameters<typeof guardAccess>[1]['door'],
  { port = 0, store }: { readonly port?: number; readonly store?: SecretsInRedis } = {},
): Promise<Site> {
  const trustProxy = address.kind === 'openid' ? [...(address.proxies?.addresses ?? [])] : [];
  const app = fastify({ forceCloseConnections: true, ...(trustProxy.length > 0 && { trustProxy }) });
  let offset = 0;
  const now = (): number => Date.now() + offset;
  await app.register(formbody);
  await guardAccess(app, {
    ...{ address, door, now, streamCheckMs: 20 },
    store: store ?? new SecretsInMemory(now),
  });
  const done = pages(app);
  await app.listen({ port, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  const { port: at } = app.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${at}`, done, clock: (ms) => void (offset += ms) };
}

const noFlags: WebFlags = { port: 0 };
const plain = (flags: Partial<WebFlags> = {}, env: Record<string, string> = {}): WebAddress =>
  webAddress({ ...noFlags, ...flags }, { env, cloud: 'global', tenant: TENANT }, () => undefined);

async function linkSite(): Promise<Site & { readonly link: OneTimeLink; readonly address: string }> {
  const link = new OneTimeLink();
  const secret = link.make();
  const site = await opened(plain(), { kind: 'link', link, name: 'ada@desk' });
  return { ...site, link, address: `${site.url}/sign-in/link?secret=${secret}` };
}

async function inside(site: { readonly url: string; readonly address: string }): Promise<Browser> {
  const browser = new Browser();
  const came = await browser.ask(site.address);
  expect((await browser.refreshed(came)).status).toBe(200);
  return browser;
}

const json = ({ body }: Answered): Record<string, unknown> => JSON.parse(body) as Record<string, unknown>;

/** Presses a button of a page. */
async function act(site: Site, browser: Browser, more: Asking = {}): Promise<Answered> {
  const { token } = json(await browser.ask(`${site.url}/form`, { from: site.url }));
  return browser.ask(`${site.url}/act`, {
    method: 'POST',
    from: site.url,
    form: { _csrf: String(token) },
    ...more,
  });
}

describe('the link', () => {
  test('lets in whoever opens it first, as the account that the server runs as, who may act', async () => {
    const site = await linkSite();
    const browser = await inside(site);
    expect(json(await browser.ask(site.url))).toEqual({
      name: 'ada@desk',
      oid: null,
      role: 'operator',
      how: 'link',
    });
    expect(browser.jar).toEqual([['retarget', 'strict']]);
    expect(await act(site, browser)).toMatchObject({ status: 200 });
    expect(site.done).toEqual(['ada@desk']);
  });

  test('is void once it was used, replaced, or too old; who only looks where it leads does not use it', async () => {
    const site = await linkSite();
    const head = await new Browser().ask(site.address, { method: 'HEAD' });
    expect(head.status).toBe(401);
    await inside(site);
    const thief = new Browser();
    expect(await thief.ask(site.address)).toMatchObject({ status: 403 });
    expect(thief.jar).toEqual([]);
    const [older, newer] = [site.link.make(), site.link.make()];
    expect((await thief.ask(`${site.url}/sign-in/link?secret=${older}`)).status).toBe(403);
    expect((await thief.ask(`${site.url}/sign-in/link?secret=${newer}&secret=${newer}`)).status).toBe(403);
    expect((await thief.ask(`${site.url}/sign-in/link`)).status).toBe(403);
    expect((await thief.ask(`${site.url}/sign-in/link?secret=${newer}`)).status).toBe(200);
  });

  test('is the only way in: pages lead to where it is explained, scripts get 401', async () => {
    const site = await linkSite();
    const stranger = new Browser();
    const page = await stranger.ask(`${site.url}/runs/r1`);
    expect(page).toMatchObject({ status: 401, url: `${site.url}/sign-in?to=%2Fruns%2Fr1` });
    expect(page.body).toContain('retarget serve');
    for (const path of ['/', '/runs/r1', '/nothing', '/form', '/%2e/form', '//form', '/FORM'])
      expect((await stranger.ask(`${site.url}${path}`, { isFetch: true })).status, path).toBe(401);
    expect((await stranger.ask(`${site.url}/act`, { method: 'POST' })).status).toBe(401);
    expect((await stranger.ask(`${site.url}/healthz`)).body).toBe('well');
    stranger.put(site.url, 'retarget', 'a'.repeat(43));
    expect((await stranger.ask(site.url, { isFetch: true })).status).toBe(401);
  });

  test('leaves no secret in a page, and every answer says what a browser may do with it', async () => {
    const site = await linkSite();
    const browser = new Browser();
    const came = await browser.ask(site.address);
    const secret = browser.cookie(site.url, 'retarget') ?? '';
    expect(secret).toMatch(/^[\w-]{43}$/);
    for (const answer of [came, await browser.ask(site.url), await browser.ask(`${site.url}/sign-in`)]) {
      expect(answer.body).not.toContain(secret);
      expect(answer.headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
      });
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
      expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(answer.headers['content-security-policy']).not.toContain('unsafe');
    }
    expect([came.headers['set-cookie']].flat()[0]).toMatch(/HttpOnly.*SameSite=Strict/);
  });
});

describe('another site in the same browser', () => {
  test.each([
    ['a form of a site on the internet', 'https://evil.example', false],
    ['a script of a site on the internet', 'https://evil.example', true],
    ['a page that has no origin', 'null', false],
    ['a page on another port of this machine', 'http://127.0.0.1:1', false],
    ['a script on another port of this machine', 'http://127.0.0.1:1', true],
  ])('does nothing: %s', async (_who, from, isFetch) => {
    const site = await linkSite();
    const browser = await inside(site);
    const { token } = json(await browser.ask(`${site.url}/form`, { from: site.url }));
    // Even if it knew the token.
    const forged = await act(site, browser, { from, isFetch, form: { _csrf: String(token) } });
    expect(forged.status).toBe(403);
    expect(site.done).toEqual([]);
    if (isFetch) expect((await browser.ask(site.url, { from, isFetch })).status).toBe(403);
  });

  test('may link to a page: whoever follows it is shown that page if he is in, and nothing else', async () => {
    const site = await linkSite();
    const browser = await inside(site);
    const evil = 'https://evil.example';
    const came = await browser.ask(`${site.url}/runs/r1`, { from: evil });
    expect(came.status).toBe(200);
    expect(came.body).not.toContain('ada@desk');
    expect(json(await browser.refreshed(came))).toMatchObject({ name: 'ada@desk' });
    const stranger = new Browser();
    const other = await stranger.ask(`${site.url}/runs/r1`, { from: evil });
    expect(await stranger.refreshed(other)).toMatchObject({ status: 401 });
    for (const path of ['//evil.example', '/\\evil.example', '/sign-out']) {
      const led = await stranger.ask(`${site.url}${path}`, { from: evil });
      const [, to = '/'] = /content="0;url=([^"]*)"/.exec(led.body) ?? [];
      expect(new URL(to, site.url).href, path).toBe(`${site.url}/`);
    }
  });

  test('does nothing from an older browser that says less: the origin is enough to know it', async () => {
    const site = await linkSite();
    const browser = await inside(site);
    const cookie = `retarget=${browser.cookie(site.url, 'retarget')}`;
    const { token } = json(await browser.ask(`${site.url}/form`, { from: site.url }));
    const ask = async (headers: Record<string, string>): Promise<number> => {
      const answer = await fetch(`${site.url}/act`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: `_csrf=${String(token)}`,
      });
      return answer.status;
    };
    expect(await ask({ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' })).toBe(403);
    expect(await ask({ origin: site.url })).toBe(200);
    expect(site.done).toHaveLength(1);
  });

  test('does nothing with a token of its own, an old one, or none', async () => {
    const site = await linkSite();
    const browser = await inside(site);
    const other = await inside({ ...site, address: `${site.url}/sign-in/link?secret=${site.link.make()}` });
    const { token } = json(await other.ask(`${site.url}/form`, { from: site.url }));
    for (const form of [{}, { _csrf: '' }, { _csrf: 'x' }, { _csrf: String(token) }])
      expect((await act(site, browser, { form })).status).toBe(403);
    expect((await act(site, browser, { form: {}, headers: { 'x-csrf-token': String(token) } })).status).toBe(
      403,
    );
    expect(site.done).toEqual([]);
  });

  test.each([
    'evil.example',
    'evil.example:80',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '127.0.0.1@evil.example',
    '2130706433',
    '0.0.0.0',
    '[::]',
    '169.254.1.1',
    '',
  ])('is not this machine because its name leads here: Host %j', async (host) => {
    const site = await linkSite();
    const browser = await inside(site);
    const answer = await browser
      .ask(site.url, { headers: { host }, isFetch: true, from: `http://${host}` })
      .catch(() => ({ status: 400 }));
    expect([400, 421]).toContain(answer.status);
    const signIn = await browser
      .ask(`${site.url}/sign-in`, { headers: { host } })
      .catch(() => ({ status: 400 }));
    expect([400, 421]).toContain(signIn.status);
  });

  test.each(['localhost', 'LOCALHOST:8900', '127.0.0.1:1', '[::1]:9'])(
    'is this machine as %s, as through a tunnel',
    async (host) => {
      const site = await linkSite();
      expect((await new Browser().ask(`${site.url}/sign-in`, { headers: { host } })).status).toBe(401);
    },
  );
});

describe('a session', () => {
  test('ends by itself: idle after two hours, and after twelve whatever happens', async () => {
    const site = await linkSite();
    const idle = await inside(site);
    site.clock(IDLE_MS - 1_000);
    expect((await idle.ask(site.url)).status).toBe(200);
    site.clock(IDLE_MS + 1_000);
    expect((await idle.ask(site.url, { isFetch: true })).status).toBe(401);
    const busy = await inside({ ...site, address: `${site.url}/sign-in/link?secret=${site.link.make()}` });
    for (let at = 0; at + IDLE_MS / 2 < SESSION_MS; at += IDLE_MS / 2) {
      site.clock(IDLE_MS / 2);
      expect((await busy.ask(site.url)).status, String(at)).toBe(200);
    }
    site.clock(IDLE_MS / 2 + 1);
    expect((await busy.ask(site.url, { isFetch: true })).status).toBe(401);
  });

  test('ends when somebody signs out, for whoever has copied its cookie as well', async () => {
    const site = await linkSite();
    const browser = await inside(site);
    const copied = browser.cookie(site.url, 'retarget') ?? '';
    const { token } = json(await browser.ask(`${site.url}/form`, { from: site.url }));
    expect((await browser.ask(`${site.url}/sign-out`, { method: 'POST', from: site.url })).status).toBe(403);
    const out = await browser.ask(`${site.url}/sign-out`, {
      ...{ method: 'POST', from: site.url, form: { _csrf: String(token) } },
    });
    expect(out.body).toContain('You are signed out');
    expect(browser.jar).toEqual([]);
    browser.put(site.url, 'retarget', copied);
    expect((await browser.ask(site.url, { isFetch: true })).status).toBe(401);
  });

  test('takes its streams with it when it ends, however long they are open', async () => {
    const site = await linkSite();
    const browser = await inside(site);
    const cookie = `retarget=${browser.cookie(site.url, 'retarget')}`;
    const stream = await fetch(`${site.url}/events`, { headers: { cookie, accept: 'text/event-stream' } });
    const reader = stream.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toContain('first');
    const ended = reader?.read().then(
      () => 'ended',
      () => 'ended',
    );
    expect(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 100, 'open'))])).toBe(
      'open',
    );
    const { token } = json(await browser.ask(`${site.url}/form`, { from: site.url }));
    await browser.ask(`${site.url}/sign-out`, {
      ...{ method: 'POST', from: site.url, form: { _csrf: String(token) } },
    });
    expect(await ended).toBe('ended');
  });

  test('is never one that the browser brought along', async () => {
    const site = await linkSite();
    const browser = new Browser();
    const planted = 'p'.repeat(43);
    browser.put(site.url, 'retarget', planted);
    await browser.refreshed(await browser.ask(site.address));
    expect(browser.cookie(site.url, 'retarget')).not.toBe(planted);
    const attacker = new Browser();
    attacker.put(site.url, 'retarget', planted);
    expect((await attacker.ask(site.url, { isFetch: true })).status).toBe(401);
  });

  test('acts sixty times a minute, and signing in is tried twenty times', async () => {
    const site = await linkSite();
    const browser = await inside(site);
    const { token } = json(await browser.ask(`${site.url}/form`, { from: site.url }));
    const press = (): Promise<Answered> => act(site, browser, { form: { _csrf: String(token) } });
    for (let n = 0; n < 60; n += 1) await press();
    expect((await press()).status).toBe(429);
    expect(site.done).toHaveLength(60);
    const statuses: number[] = [];
    for (let n = 0; n < 25; n += 1)
      statuses.push((await new Browser().ask(`${site.url}/sign-in/link?secret=${n}`)).status);
    expect(statuses.slice(0, 15)).toEqual(Array(15).fill(403));
    expect(statuses.at(-1)).toBe(429);
  });
});

const OPERATOR = {
  ...{ sub: 'ada', tid: TENANT, oid: guid('ada').toUpperCase(), preferred_username: 'ada@example.com' },
  roles: ['retarget.operator'],
};
const GROUP = guid('the readers');

interface SignInSite extends Site {
  readonly provider: WebProvider;
  readonly store: SecretsInRedis;
}

let stores = 0;

async function openIdSite(
  env: Record<string, string> = {},
  provider?: (redirectUri: string) => Promise<WebProvider>,
): Promise<SignInSite> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const found = await (provider ?? webProvider)(`${origin}/sign-in/callback`);
  const kept: string[] = [];
  const address = webAddress(
    { port, url: origin },
    {
      env: {
        ...{ RETARGET_OIDC_ISSUER: found.issuer, RETARGET_OIDC_CLIENT_ID: CLIENT_ID },
        RETARGET_OIDC_CLIENT_SECRET: CLIENT_SECRET,
        ...env,
      },
      ...{ cloud: 'global', tenant: TENANT },
    },
    (secret) => kept.push(secret),
  );
  if (address.kind !== 'openid') throw new Error('no sign-in');
  expect(kept).toEqual([CLIENT_SECRET]);
  stores += 1;
  const store = new SecretsInRedis(record.redis, `pages-${stores}`);
  const openId = await openIdOf({ ...address.openId, tenant: TENANT }, {});
  const site = await opened(address, { kind: 'openid', openId }, { port, store });
  return { ...site, provider: found, store };
}

/** Somebody signs in at the provider; answers where the pages let him arrive. */
async function signedIn(
  site: SignInSite,
  account: WebProvider['account'],
  to = '/runs/r1',
  browser = new Browser(),
) {
  site.provider.account = account;
  const came = await browser.ask(`${site.url}/sign-in/openid?to=${encodeURIComponent(to)}`);
  return { browser, came };
}

describe('who signs in with OpenID Connect', () => {
  test('arrives where he wanted to, with his name, his id in Entra and his role, and acts', async () => {
    const site = await openIdSite();
    const { browser, came } = await signedIn(site, OPERATOR);
    expect(came.status, came.body).toBe(200);
    const page = await browser.refreshed(came);
    expect(page.url).toBe(`${site.url}/runs/r1`);
    expect(json(page)).toEqual({
      name: 'ada@example.com',
      oid: guid('ada'),
      role: 'operator',
      how: 'openid',
    });
    expect(await act(site, browser)).toMatchObject({ status: 200 });
    expect(site.done).toEqual(['ada@example.com']);
    // The way back was good once.
    expect(browser.jar).toEqual(expect.arrayContaining([['retarget', 'strict']]));
    expect((await browser.ask(came.url)).status).toBe(400);
    // Who reads Redis finds nothing to come in with.
    const secret = browser.cookie(site.url, 'retarget') ?? 'none';
    for (const key of await record.redis.keys(`*pages-${stores}*`)) {
      expect(key).not.toContain(secret);
      expect(await record.redis.get(key)).not.toContain(secret);
      expect(await record.redis.pttl(key)).toBeGreaterThan(0);
    }
  });

  test('is a reader by a group, and changes nothing', async () => {
    const site = await openIdSite({ RETARGET_OIDC_READERS: `${GROUP}, auditors` });
    const { browser, came } = await signedIn(site, { ...OPERATOR, roles: [], groups: [guid('x'), GROUP] });
    expect(json(await browser.refreshed(came))).toMatchObject({ role: 'reader' });
    const refused = await act(site, browser);
    expect(refused.status).toBe(403);
    expect(refused.body).toContain('change nothing');
    expect(site.done).toEqual([]);
  });

  test.each([
    ['has no role', { roles: [] }, 'retarget.operator'],
    ['has another role', { roles: ['retarget.operator.not', 'Retarget.Operator'] }, 'none of the roles'],
    ['has a role as text', { roles: 'retarget.operator' }, 'none of the roles'],
    ['has a role among his groups', { roles: [], groups: ['retarget.operator'] }, 'none of the roles'],
    ['has a group’s id among his roles', { roles: [GROUP] }, 'none of the roles'],
    ['has too many groups', { roles: [], _claim_names: { groups: 'src1' } }, 'so many groups'],
    ['is of another tenant', { tid: guid('elsewhere') }, 'another tenant'],
  ])('gets nowhere when he %s', async (_what, claims, words) => {
    const site = await openIdSite({ RETARGET_OIDC_READERS: GROUP });
    const { browser, came } = await signedIn(site, { ...OPERATOR, ...claims });
    expect(came.status).toBe(403);
    expect(came.body).toContain(words);
    expect(browser.jar.map(([name]) => name)).not.toContain('retarget');
  });

  test('is a person in Entra only when the provider says of which tenant: else nobody approves as him', async () => {
    const site = await openIdSite();
    const { tid: _tid, ...account } = OPERATOR;
    const { browser, came } = await signedIn(site, account);
    expect(json(await browser.refreshed(came))).toMatchObject({ oid: null, role: 'operator' });
  });

  test('reads no words of whoever sent him back', async () => {
    const site = await openIdSite();
    const { came } = await signedIn(site, undefined);
    expect(came.status).toBe(403);
    expect(came.body).toContain('did not let you in');
    expect(came.body).not.toContain('alert');
  });

  test.each([
    ...[
      'https://evil.example/',
      '//evil.example/',
      '/\\evil.example',
      '/\t/evil.example',
      'javascript:alert(1)',
    ],
    ...[
      '/%5cevil.example/..//evil.example',
      '\\\\evil.example',
      'http:evil.example',
      '/.//evil.example',
      '/x/..//evil.example',
    ],
    ...[
      'data:text/html,x',
      '/a\r\nset-cookie: a=b',
      ' /',
      '',
      '/sign-out',
      '/sign-in/openid',
      '/"><script>x</script>',
    ],
  ])('goes on nowhere else: %j', async (to) => {
    const site = await openIdSite();
    const { browser, came } = await signedIn(site, OPERATOR, to);
    expect(came.body).not.toContain('<script');
    const [, next = ''] = /content="0;url=([^"]*)"/.exec(came.body) ?? [];
    expect(new URL(next, site.url).origin).toBe(site.url);
    expect(next.startsWith('/')).toBe(true);
    expect(next.startsWith('//')).toBe(false);
    expect((await browser.refreshed(came)).url.startsWith(site.url)).toBe(true);
  });

  test('is let in only in the browser that began, with what it began with', async () => {
    const site = await openIdSite();
    site.provider.account = OPERATOR;
    // The way back of an attacker, given to somebody else: he would work in the attacker's name.
    const attacker = new Browser();
    let step = await attacker.ask(`${site.url}/sign-in/openid`, { follow: false });
    while (!String(step.headers['location']).startsWith(`${site.url}/sign-in/callback`))
      step = await attacker.ask(new URL(String(step.headers['location']), step.url).href, { follow: false });
    const callback = String(step.headers['location']);
    const victim = new Browser();
    expect((await victim.ask(callback)).status).toBe(400);
    await victim.ask(`${site.url}/sign-in/openid`, { follow: false });
    const forged = await victim.ask(callback);
    expect(forged.status).toBe(403);
    expect(victim.jar.map(([name]) => name)).not.toContain('retarget');
    // And the flow that was used up is none any more, with whatever state.
    expect((await victim.ask(callback)).status).toBe(400);
  });

  test('is not signed in by another server that has another store, and is by one with the same', async () => {
    const site = await openIdSite();
    const { browser, came } = await signedIn(site, OPERATOR);
    await browser.refreshed(came);
    const port = await freePort();
    const address = plain(
      { port, url: `http://127.0.0.1:${port}` },
      {
        ...{ RETARGET_OIDC_ISSUER: site.provider.issuer, RETARGET_OIDC_CLIENT_ID: CLIENT_ID },
      },
    );
    if (address.kind !== 'openid') throw new Error('no sign-in');
    const door = {
      kind: 'openid',
      openId: await openIdOf({ ...address.openId, tenant: TENANT }, {}),
    } as const;
    const second = await opened(address, door, { port, store: site.store });
    expect((await browser.ask(second.url, { isFetch: true })).status).toBe(200);
    const strange = await opened({ ...address, origin: `http://127.0.0.1:${await freePort()}` }, door, {
      store: new SecretsInRedis(record.redis, 'another'),
    });
    expect((await browser.ask(strange.url, { isFetch: true })).status).toBe(421);
  });
});

describe('a provider that is not what it says', () => {
  const honest = (): object => ({});
  test.each([
    ['is honest', honest, 'own', 200],
    ['names another audience', () => ({ aud: 'another-app' }), 'own', 403],
    ['names a second audience beside ours', () => ({ aud: [CLIENT_ID, 'x'], azp: 'x' }), 'own', 403],
    ['names another issuer', () => ({ iss: 'https://login.evil.example/v2.0' }), 'own', 403],
    ['has another nonce', () => ({ nonce: 'n' }), 'own', 403],
    ['has no nonce', () => ({ nonce: undefined }), 'own', 403],
    ['is of yesterday', () => ({ iat: 1_000, exp: 2_000 }), 'own', 403],
    ['is signed with a strange key', honest, 'strange', 403],
    ['is not signed', honest, 'none', 403],
  ] as const)('lets in nobody, unless its token %s', async (_what, change, signature, status) => {
    const hostile = await hostileProvider(OPERATOR);
    hostile.signature = signature;
    hostile.claims = (claims) => ({ ...claims, ...change() });
    const site = await openIdSite({}, async () => ({ issuer: hostile.issuer, account: undefined }));
    const browser = new Browser();
    const came = await browser.ask(`${site.url}/sign-in/openid`);
    expect(came.status, came.body).toBe(status);
    expect(hostile.verified).toBe(true);
    expect(browser.jar.some(([name]) => name === 'retarget')).toBe(status === 200);
    expect(came.body).not.toContain('evil');
  });

  test('is refused at once when it calls itself otherwise, or is not there', async () => {
    const hostile = await hostileProvider(OPERATOR);
    const settings = {
      clientId: CLIENT_ID,
      redirectUri: 'http://127.0.0.1:1/sign-in/callback',
      tenant: TENANT,
    };
    const other = hostile.issuer.replace('127.0.0.1', 'localhost');
    for (const issuer of [other, 'http://127.0.0.1:1'])
      await expect(openIdOf({ ...settings, issuer }, {})).rejects.toMatchObject({ exitCode: 4 });
  });
});

describe('behind a proxy', () => {
  const behind = async (proxies: string): Promise<Site> => {
    const hostile = await hostileProvider(OPERATOR);
    const address = plain(
      { url: 'https://pages.example.com', trustedProxy: proxies },
      {
        ...{ RETARGET_OIDC_ISSUER: hostile.issuer, RETARGET_OIDC_CLIENT_ID: CLIENT_ID },
      },
    );
    if (address.kind !== 'openid') throw new Error('no sign-in');
    const openId = await openIdOf({ ...address.openId, tenant: TENANT }, {});
    return opened(address, { kind: 'openid', openId });
  };
  const host = 'pages.example.com';

  test('answers what came by https through it, under its own name, with cookies that only https carries', async () => {
    const site = await behind('127.0.0.1');
    const browser = new Browser();
    const good = { host, 'x-forwarded-proto': 'https' };
    expect((await browser.ask(`${site.url}/sign-in`, { headers: good })).status).toBe(401);
    expect(
      (await browser.ask(`${site.url}/sign-in`, { headers: { ...good, host: `${host}:443` } })).status,
    ).toBe(401);
    for (const headers of [
      { host },
      { host, 'x-forwarded-proto': 'http' },
      { host, 'x-forwarded-proto': 'https, http' },
      { host: 'evil.example', 'x-forwarded-proto': 'https' },
      { host: 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-host': host },
      { host: `${host}:8443`, 'x-forwarded-proto': 'https' },
    ])
      expect((await browser.ask(`${site.url}/sign-in`, { headers })).status, JSON.stringify(headers)).toBe(
        421,
      );
    const begun = await browser.ask(`${site.url}/sign-in/openid`, { headers: good, follow: false });
    expect(begun.status).toBe(303);
    expect(String(begun.headers['location'])).toContain(
      `redirect_uri=${encodeURIComponent('https://pages.example.com/sign-in/callback')}`,
    );
    expect([begun.headers['set-cookie']].flat()[0]).toMatch(/^__Secure-.*HttpOnly; Secure; SameSite=Lax/);
    expect(begun.headers['strict-transport-security']).toContain('max-age');
  });

  test('answers nobody who comes past it', async () => {
    const site = await behind('10.0.0.0/8');
    const headers = { host, 'x-forwarded-proto': 'https' };
    expect((await new Browser().ask(`${site.url}/sign-in`, { headers })).status).toBe(421);
  });
});
