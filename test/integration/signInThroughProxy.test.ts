import { afterEach, expect, test, vi } from 'vitest';
import { openIdOf } from '../../src/app/openId.ts';
import { azureTokens } from '../../src/graph/auth/azureTokens.ts';
import type { SignInError } from '../../src/graph/auth/signInError.ts';
import { connectProxy } from '../support/connectProxy.ts';

const APP = {
  AZURE_AUTHORITY_HOST: 'https://login.example',
  AZURE_TENANT_ID: '5c0a1f3e-2f58-4a0c-9b1e-7c1d2b3a4f50',
  AZURE_CLIENT_ID: '9e6d1c1a-52c4-4a4f-8f3a-0d1b2c3d4e5f',
  AZURE_CLIENT_SECRET: 'one~secret',
};

afterEach(() => {
  vi.unstubAllEnvs();
});

/** How a sign-in with a secret fails. */
const failureWith = (env: Record<string, string>): Promise<SignInError> =>
  azureTokens({
    env: { ...APP, ...env },
    ...{ cloud: 'global', tenant: undefined, signIn: 'default', prompt: () => undefined },
  })
    .acquire(new AbortController().signal, undefined)
    .then(
      () => {
        throw new Error('it signed in');
      },
      (error: unknown) => error as SignInError,
    );

test('a sign-in goes through the proxy of our settings, and names it when that wants a sign-in first', async () => {
  const proxy = await connectProxy({ status: 407 });
  const { message, remedy } = await failureWith({ HTTPS_PROXY: proxy.url });
  expect(proxy.asked[0]?.target).toBe('login.example:443');
  expect(message).toContain(`The proxy ${proxy.url} of HTTPS_PROXY wants a sign-in of its own`);
  expect(remedy).toContain('user and password');
});

test('a proxy that is not there is named', async () => {
  const { message } = await failureWith({ HTTPS_PROXY: 'http://ann:secret@127.0.0.1:1' });
  expect(message).toContain('through the proxy http://127.0.0.1:1 of HTTPS_PROXY (ECONNREFUSED)');
});

// The libraries know only exact names and those with a dot before them.
test('what NO_PROXY names is not asked of a proxy, though the environment of the process names one', async () => {
  const proxy = await connectProxy({ status: 407 });
  vi.stubEnv('HTTPS_PROXY', proxy.url);
  const { message } = await failureWith({ HTTPS_PROXY: proxy.url, NO_PROXY: 'example' });
  expect(proxy.asked).toEqual([]);
  expect(message).toContain('login.example is out of reach (');
});

test('people who sign in to the pages do so at a provider that is asked through it, too', async () => {
  const proxy = await connectProxy({ status: 403 });
  const settings = {
    ...{ issuer: 'https://login.example/t/v2.0', clientId: APP.AZURE_CLIENT_ID, clientSecret: undefined },
    ...{ redirectUri: 'https://pages.example/sign-in/callback', tenant: APP.AZURE_TENANT_ID },
  };
  const asked = openIdOf(settings, { HTTPS_PROXY: proxy.url });
  await expect(asked).rejects.toThrow('https://login.example/t/v2.0');
  expect(proxy.asked.map(({ target }) => target)).toEqual(['login.example:443']);
});
