import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openBrowser, openPage } from '../support/chromium.ts';
import { bench } from '../support/cli.ts';
import { guid } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { freePort } from '../support/servedSite.ts';
import { SMALL_TENANT } from '../support/simulatorClient.ts';
import { CLIENT_ID, CLIENT_SECRET, webProvider } from '../support/webProvider.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ tcp: true });
});
afterAll(() => redis.stop());

/** Pages of somebody else's, on a port of its own, that ask for ours in all the ways there are. */
async function strangerAt(host: string, ours: string): Promise<string> {
  const server = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end(`<!doctype html>
      <form method="post" action="${ours}/sign-out"></form>
      <iframe src="${ours}/"></iframe><a href="${ours}/">look</a>`),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://${host}:${(server.address() as AddressInfo).port}/`;
}

// For a browser `localhost` and `127.0.0.1` are two sites, and two ports of one are one: so all that matters of sites can be seen here.
test('somebody signs in at another site, is the only one who sees and does anything, and signs out', async () => {
  const tenant = guid('the tenant');
  const port = await freePort();
  const ours = `http://localhost:${port}`;
  const provider = await webProvider(`${ours}/sign-in/callback`);
  const here = await bench(redis.url, { tenant: SMALL_TENANT }, { AZURE_TENANT_ID: tenant });
  const run = here.start(['serve', '--port', String(port), '--host', 'localhost', '--url', ours], {
    env: {
      ...{ RETARGET_OIDC_ISSUER: provider.issuer, RETARGET_OIDC_CLIENT_ID: CLIENT_ID },
      RETARGET_OIDC_CLIENT_SECRET: CLIENT_SECRET,
    },
  });
  await run.said('It ends with Ctrl-C');
  provider.account = {
    ...{ sub: 'ada', tid: tenant, oid: guid('ada'), preferred_username: 'ada@example.com' },
    roles: ['retarget.operator'],
  };
  const page = await openPage(await openBrowser());
  const context = page.context();
  await page.goto(`${ours}/`);
  expect(new URL(page.url()).pathname).toBe('/sign-in');
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.waitForURL(`${ours}/`);
  expect(await page.locator('.viewer').innerText()).toContain('ada@example.com');
  const own = (await context.cookies(ours)).map(({ name, httpOnly, sameSite }) => ({
    name,
    httpOnly,
    sameSite,
  }));
  expect(own).toEqual([{ name: 'retarget', httpOnly: true, sameSite: 'Strict' }]);
  expect(await page.evaluate(() => globalThis.document.cookie)).toBe('');

  for (const stranger of [await strangerAt('127.0.0.1', ours), await strangerAt('localhost', ours)]) {
    const bad = await context.newPage();
    await bad.goto(stranger);
    const asked = (init: object): Promise<string> =>
      bad.evaluate(
        async ([url, how]) =>
          fetch(url, { credentials: 'include', ...how }).then(
            async (answer) => `${answer.type} ${answer.status} ${await answer.text()}`,
            () => 'refused',
          ),
        [`${ours}/`, init] as const,
      );
    expect(await asked({})).toBe('refused');
    expect(['refused', 'opaque 0 ']).toContain(await asked({ mode: 'no-cors' }));
    expect(bad.frames()[1]?.url()).toContain('chrome-error');
    await Promise.all([
      bad.waitForURL(`${ours}/sign-out`),
      bad.evaluate(() => globalThis.document.forms[0]?.submit()),
    ]);
    expect(await bad.locator('h1').innerText()).toBe('Refused');
    await bad.goto(stranger);
    await bad.getByRole('link', { name: 'look' }).click();
    await bad.locator('.viewer').waitFor();
    expect(bad.url()).toBe(`${ours}/`);
    await bad.close();
  }

  // All of that has not signed her out.
  await page.reload();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out here.').waitFor();
  await page.goto(`${ours}/`);
  expect(new URL(page.url()).pathname).toBe('/sign-in');
  run.interrupt('SIGINT');
  await run.ended;
});
