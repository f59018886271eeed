import { networkInterfaces } from 'node:os';
import { PassThrough } from 'node:stream';
import { Agent, fetch as fetchBy } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bench, type Bench, type Running } from '../support/cli.ts';
import { makeCertificate } from '../support/certificates.ts';
import { Browser } from '../support/browser.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { SMALL_TENANT } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ tcp: true });
});
afterAll(() => redis.stop());

const site = (): Promise<Bench> => bench(redis.url, { tenant: SMALL_TENANT });

const linkIn = (text: string): string => [...text.matchAll(/Open this, once:\s+(\S+)/g)].at(-1)?.[1] ?? '';

async function served(
  here: Bench,
  ...flags: string[]
): Promise<{ readonly run: Running; readonly link: string }> {
  const run = here.start(['serve', '--port', '0', ...flags]);
  await run.said('It ends with Ctrl-C');
  return { run, link: linkIn(run.text()) };
}

test('serve prints a link that opens the pages once, and is on this machine only', async () => {
  const here = await site();
  const { run, link } = await served(here);
  const browser = new Browser();
  const page = await browser.refreshed(await browser.ask(link));
  expect(page.status).toBe(200);
  expect(page.body).toContain('Sign out');
  expect((await new Browser().ask(link)).status).toBe(403);
  // Who is in already is not told that the link is void.
  expect((await browser.refreshed(await browser.ask(link))).status).toBe(200);
  const nobody = await new Browser().ask(new URL('/static/nothing.js', link).href);
  expect(nobody.status).toBe(404);
  expect(nobody.body).not.toContain(here.env['AZURE_TENANT_ID']);
  const outside = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  if (outside !== undefined) {
    const { port } = new URL(link);
    await expect(fetch(`http://${outside.address}:${port}/sign-in`)).rejects.toThrow('fetch failed');
  }
  run.interrupt('SIGINT');
  expect((await run.ended).exitCode).toBe(0);
});

test('Enter prints another link at a terminal, and the one before is void', async () => {
  const here = await site();
  const stdin = new PassThrough();
  const run = here.start(['serve', '--port', '0'], { stdin, isTerminal: true });
  await run.said('It ends with Ctrl-C');
  const first = linkIn(run.text());
  stdin.write('\n');
  await expect.poll(() => linkIn(run.text())).not.toBe(first);
  expect((await new Browser().ask(first)).status).toBe(403);
  expect((await new Browser().ask(linkIn(run.text()))).status).toBe(200);
  run.interrupt('SIGINT');
  expect((await run.ended).exitCode).toBe(0);
});

test('with a certificate the link goes by https, and its cookie as well', async () => {
  const here = await site();
  const tls = await makeCertificate(here.dir, 'pages');
  const { run, link } = await served(here, '--tls-cert', tls.certPath, '--tls-key', tls.keyPath);
  expect(link).toMatch(/^https:/);
  const dispatcher = new Agent({ connect: { ca: tls.cert } });
  const came = await fetchBy(link, { dispatcher });
  expect(came.status).toBe(200);
  expect(came.headers.get('set-cookie')).toMatch(/^__Host-retarget-[0-9a-f]{8}=.*; Secure; SameSite=Strict/);
  expect(came.headers.get('strict-transport-security')).toContain('max-age');
  await dispatcher.close();
  run.interrupt('SIGINT');
  await run.ended;
});

test.each([
  [['--host', '0.0.0.0'], 2, 'nobody would have to sign in'],
  [['--host', '0.0.0.0', '--tls-cert', 'c', '--tls-key', 'k'], 2, "can't be read"],
  [['--url', 'https://retarget.example.com'], 2, 'nobody would have to sign in'],
] as const)('serve %j is refused', async (flags, exitCode, words) => {
  const here = await site();
  const ran = await here.run(['serve', '--port', '0', ...flags]);
  expect(ran).toMatchObject({ exitCode });
  expect(ran.stderr).toContain(words);
});

test('a provider that is not there is told at once, and no secret with it', async () => {
  const here = await site();
  const ran = await here.run(['serve', '--port', '0', '--url', 'http://127.0.0.1:8900'], {
    env: {
      RETARGET_OIDC_CLIENT_ID: 'pages',
      RETARGET_OIDC_CLIENT_SECRET: 'hunter2hunter2',
      RETARGET_OIDC_ISSUER: 'http://127.0.0.1:1/v2.0',
    },
  });
  expect(ran).toMatchObject({ exitCode: 4 });
  expect(ran.stderr).toContain('RETARGET_OIDC_ISSUER');
  expect(ran.stderr).not.toContain('hunter2');
});
