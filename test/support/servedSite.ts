import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { Page } from 'playwright-core';
import { command, type Command } from './command.ts';
import { guid } from './guid.ts';
import { CLIENT_ID, CLIENT_SECRET, webProvider } from './webProvider.ts';
import type { Bench } from './cli.ts';

/** `retarget serve` in a process of its own. */
export interface Served {
  readonly url: string;
  /** Whoever opens it is in. */
  readonly link: string;
  readonly process: Command;
}

/** @param port of an earlier one that has ended; left out: whatever is free */
export async function served(
  { env, dir }: Pick<Bench, 'env' | 'dir'>,
  { port = 0, flags = [] }: { readonly port?: number; readonly flags?: readonly string[] } = {},
): Promise<Served> {
  const process = command(['serve', '--port', String(port), ...flags], { env, cwd: dir });
  const line = await process.saidLine('Open this, once: ');
  const link = line.slice(line.indexOf('http'));
  return { url: new URL(link).origin, link, process };
}

/** A port that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Opens the link as somebody does who was given it. */
export async function come(page: Page, { link, url }: Served): Promise<void> {
  await page.goto(link);
  await page.waitForURL(`${url}/`);
}

/** The pages as somebody sees them who signs in: an operator whom the provider calls Bob. */
export interface SignedInSite {
  readonly url: string;
  readonly process: Command;
  /** Starts the same server again, after the one before has ended. */
  again(): Promise<Command>;
}

/** @param here of a tenant that has an id */
export async function servedToBob(here: Pick<Bench, 'env' | 'dir'>): Promise<SignedInSite> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const provider = await webProvider(`${url}/sign-in/callback`);
  provider.account = {
    ...{ sub: 'bob', oid: guid('bob'), tid: here.env['AZURE_TENANT_ID'] },
    ...{ name: 'Bob', roles: ['retarget.operator'] },
  };
  const start = async (): Promise<Command> => {
    const pages = command(['serve', '--port', String(port)], {
      cwd: here.dir,
      env: {
        ...here.env,
        ...{ RETARGET_OIDC_CLIENT_ID: CLIENT_ID, RETARGET_OIDC_CLIENT_SECRET: CLIENT_SECRET },
        ...{ RETARGET_OIDC_ISSUER: provider.issuer, RETARGET_WEB_URL: url },
      },
    });
    await pages.said('The page is at');
    return pages;
  };
  return { url, process: await start(), again: start };
}
