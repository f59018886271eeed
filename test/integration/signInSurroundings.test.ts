import { execFile } from 'node:child_process';
import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { credentialsFrom, type SignInOptions } from '../../src/graph/auth/signIn.ts';
import { makeCertificate } from '../support/certificates.ts';
import { startOpenIdProvider } from '../support/openIdProvider.ts';

const TENANT = '5c0a1f3e-2f58-4a0c-9b1e-7c1d2b3a4f50';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'retarget-surroundings-'));
});
afterAll(() => rm(directory, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

const settings = (env: Record<string, string>): SignInOptions => ({
  env,
  cloud: 'global',
  tenant: TENANT,
  signIn: 'default',
  prompt: (text) => expect.unreachable(`asked a person: ${text}`),
});

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

describe('the Azure CLI', () => {
  /** A program of that name on a path where nothing else is. */
  async function azThat(script: string): Promise<void> {
    await writeFile(join(directory, 'az'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    vi.stubEnv('PATH', directory);
  }

  test('is asked for a token of the tenant and of the cloud, and again for a new one', async () => {
    const answer = JSON.stringify({ accessToken: 'token-$(date +%N)', expires_on: inSeconds(3600) });
    await azThat(
      `echo "$@" > "${directory}/asked"\nPATH=/usr/bin:/bin\necho "${answer.replaceAll('"', '\\"')}"`,
    );
    const credentials = credentialsFrom({
      ...settings({ AZURE_TOKEN_CREDENTIALS: 'AzureCliCredential' }),
      cloud: 'usgov',
    });
    const first = await credentials.token();
    expect(first).toMatch(/^token-\d+$/);
    expect(await credentials.token()).toBe(first);
    expect(await credentials.claims()).toBeUndefined();
    expect(await credentials.renew()).toBe(true);
    const { stdout } = await promisify(execFile)('/bin/cat', [join(directory, 'asked')]);
    expect(stdout.trim()).toBe(
      `account get-access-token --output json --resource https://graph.microsoft.us --tenant ${TENANT}`,
    );
  });

  test.each([
    ['is signed out', `echo "Please run 'az login' to setup account." >&2; exit 1`],
    ['is broken', `echo "Traceback: it's broken" >&2; exit 1`],
  ])('that %s leads to what can be done instead', async (_name, script) => {
    await azThat(script);
    await expect(
      credentialsFrom(settings({ AZURE_TOKEN_CREDENTIALS: 'AzureCliCredential' })).token(),
    ).rejects.toMatchObject({
      exitCode: 4,
      message:
        'There is no sign-in for Microsoft Graph: no secret, no certificate, and nothing from the Azure CLI.',
      remedy: expect.stringContaining('--sign-in device-code'),
    });
  });

  test('that is not installed as well, and nothing of it is a bug', async () => {
    vi.stubEnv('PATH', join(directory, 'nothing-here'));
    await expect(credentialsFrom(settings({ AZURE_TOKEN_CREDENTIALS: 'dev' })).token()).rejects.toMatchObject(
      {
        exitCode: 4,
        message: expect.stringContaining('nothing from the Azure CLI, Azure PowerShell, azd'),
      },
    );
  });
});

describe('a managed identity', () => {
  test('gives its token, and the answer to a renewal is no when it gives the same one again', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.headers['x-identity-header']} ${request.url}`);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          access_token: 'of-the-host',
          expires_on: inSeconds(7200),
          resource: 'https://graph.microsoft.com',
          token_type: 'Bearer',
        }),
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    vi.stubEnv('IDENTITY_ENDPOINT', `http://127.0.0.1:${port}/msi/token`);
    vi.stubEnv('IDENTITY_HEADER', 'of-the-platform');
    try {
      const env = { AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential', AZURE_CLIENT_ID: 'user-assigned' };
      const credentials = credentialsFrom(settings(env));
      expect(await credentials.token()).toBe('of-the-host');
      expect(await credentials.renew()).toBe(false);
      expect(asked[0]).toMatch(/^of-the-platform \/msi\/token\?.*resource=https(%3A|:)/);
      expect(asked[0]).toContain('client_id=user-assigned');
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

describe('a workload identity', () => {
  test('signs in with the token that its platform keeps fresh in a file', async () => {
    const tls = await makeCertificate(directory, 'provider');
    setDefaultCACertificates([...getCACertificates('default'), tls.cert]);
    const provider = await startOpenIdProvider(TENANT, tls);
    try {
      const platform = await makeCertificate(directory, 'platform');
      provider.apps.set('workload', { certificate: platform.cert });
      const path = join(directory, 'federated-token');
      const issue = (): Promise<void> =>
        writeFile(
          path,
          assertion(platform.key, 'workload', `${provider.authorityHost}/${TENANT}/oauth2/v2.0/token`),
        );
      await issue();
      const credentials = credentialsFrom(
        settings({
          AZURE_AUTHORITY_HOST: provider.authorityHost,
          AZURE_CLIENT_ID: 'workload',
          AZURE_FEDERATED_TOKEN_FILE: path,
        }),
      );
      expect(await credentials.claims()).toMatchObject({ appId: 'workload', tenantId: TENANT });
      // The provider takes an assertion once, so this works only if the file is read again.
      await issue();
      expect(await credentials.renew()).toBe(true);
    } finally {
      await provider.stop();
    }
  });
});

function assertion(key: string, app: string, audience: string): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: app, sub: app, aud: audience, jti: randomUUID(), exp: inSeconds(300) };
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), createPrivateKey(key)).toString('base64url')}`;
}

describe("Azure's libraries", () => {
  test('are loaded when the first token is needed, not before', async () => {
    const script = `
      import { registerHooks } from 'node:module';
      const loaded = new Set();
      registerHooks({
        load(url, context, next) {
          const found = /node_modules.(@azure.[^/\\\\]+)/.exec(url);
          if (found) loaded.add(found[1]);
          return next(url, context);
        },
      });
      const { credentialsFrom } = await import(process.argv[1]);
      const credentials = credentialsFrom({
        env: { AZURE_CLIENT_ID: 'app', AZURE_CLIENT_SECRET: 'secret', AZURE_AUTHORITY_HOST: 'https://127.0.0.1:9' },
        cloud: 'global', tenant: 'contoso.example', signIn: 'default', prompt() {},
      });
      console.log(loaded.size);
      await credentials.token(AbortSignal.timeout(1)).catch(() => undefined);
      await import('@azure/identity');
      console.log(loaded.has('@azure/identity'));
      process.exit(0);`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        script,
        new URL('../../src/graph/auth/signIn.ts', import.meta.url).href,
      ],
      { cwd: new URL('../..', import.meta.url).pathname },
    );
    expect(stdout.trim().split('\n')).toEqual(['0', 'true']);
  });
});
