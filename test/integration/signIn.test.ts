import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { azureTokens } from '../../src/graph/auth/azureTokens.ts';
import type { Credentials } from '../../src/graph/auth/credentials.ts';
import { Redactor } from '../../src/graph/auth/redact.ts';
import { credentialsFrom, type SignInOptions } from '../../src/graph/auth/signIn.ts';
import { signInTokens } from '../../src/graph/auth/signInTokens.ts';
import { createLog } from '../../src/log.ts';
import { encryptedKey, makeCertificate } from '../support/certificates.ts';
import { startOpenIdProvider, type OpenIdProvider } from '../support/openIdProvider.ts';

const TENANT = '5c0a1f3e-2f58-4a0c-9b1e-7c1d2b3a4f50';
const APP = '9e6d1c1a-52c4-4a4f-8f3a-0d1b2c3d4e5f';
const SECRET = 'one~Secret/that+may&not=leak';

let directory: string;
let provider: OpenIdProvider;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'retarget-sign-in-'));
  const tls = await makeCertificate(directory, 'provider');
  // For this process what NODE_EXTRA_CA_CERTS is for a worker.
  setDefaultCACertificates([...getCACertificates('default'), tls.cert]);
  provider = await startOpenIdProvider(TENANT, tls);
});

afterAll(async () => {
  await provider.stop();
  await rm(directory, { recursive: true });
});

beforeEach(() => {
  provider.apps.clear();
  provider.apps.set(APP, { secret: SECRET });
  provider.tokenSeconds = 3600;
  provider.troubles.length = 0;
  provider.beforeToken = async () => undefined;
});

const settings = (env: Record<string, string> = {}, more: Partial<SignInOptions> = {}): SignInOptions => ({
  env: { AZURE_AUTHORITY_HOST: provider.authorityHost, AZURE_CLIENT_ID: APP, ...env },
  cloud: 'global',
  tenant: TENANT,
  signIn: 'default',
  prompt: (text) => expect.unreachable(`asked a person: ${text}`),
  ...more,
});

const withSecret = (secret = SECRET): SignInOptions => settings({ AZURE_CLIENT_SECRET: secret });

/** Credentials without long pauses between tries, and with a clock of their own. */
const quick = (options: SignInOptions, now: () => number = Date.now): Credentials =>
  signInTokens(azureTokens(options), { now, log: options.log, retryPauseMs: 1 });

async function failureOf(pending: Promise<unknown>): Promise<UserError> {
  const error: unknown = await pending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UserError)) throw new Error(`no UserError but ${String(error)}`, { cause: error });
  expect(error.exitCode).toBe(4);
  const text = `${error.message}\n${error.remedy}`;
  expect(text).not.toContain(SECRET);
  expect(text.split('\n'), text).toHaveLength(2);
  return error;
}

/** Writes as Kubernetes and compose do: the name always has a whole file behind it. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

describe('an app signs in', () => {
  test('with its client secret, and the token says who it is', async () => {
    const credentials = credentialsFrom(withSecret());
    const claims = await credentials.claims();
    expect(claims).toMatchObject({
      tenantId: TENANT,
      appId: APP,
      roles: ['DeviceManagementConfiguration.ReadWrite.All'],
    });
    const asked = provider.tokenRequests();
    await Promise.all([credentials.token(), credentials.token()]);
    expect(provider.tokenRequests()).toBe(asked);
  });

  test('once, however many ask at the same time', async () => {
    const credentials = credentialsFrom(withSecret());
    const asked = provider.tokenRequests();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => credentials.token()));
    expect(new Set(tokens).size).toBe(1);
    expect(provider.tokenRequests()).toBe(asked + 1);
  });

  test('with a certificate, by a signed assertion', async () => {
    const own = await makeCertificate(directory, 'app');
    provider.apps.set(APP, { certificate: own.cert });
    const path = join(directory, 'app.pem');
    await writeFile(path, own.cert + own.key);
    const credentials = credentialsFrom(settings({ AZURE_CLIENT_CERTIFICATE_PATH: path }));
    expect(await credentials.claims()).toMatchObject({ appId: APP });

    const other = await makeCertificate(directory, 'other');
    provider.apps.set(APP, { certificate: other.cert });
    const refused = await failureOf(credentials.renew());
    expect(refused.message).toContain('AADSTS700027');
    expect(refused.remedy).toContain(path);

    await replaceFile(path, other.cert + other.key);
    expect(await credentials.renew()).toBe(true);
  });

  test('with a certificate whose key has a password', async () => {
    const own = await makeCertificate(directory, 'locked');
    provider.apps.set(APP, { certificate: own.cert });
    const path = join(directory, 'locked.pem');
    await writeFile(path, own.cert + (await encryptedKey(own, 'open sesame')));
    const env = { AZURE_CLIENT_CERTIFICATE_PATH: path };
    const unlocked = settings({ ...env, AZURE_CLIENT_CERTIFICATE_PASSWORD: 'open sesame' });
    expect(await credentialsFrom(unlocked).claims()).toMatchObject({ appId: APP });

    const asked = provider.tokenRequests();
    const wrong = settings({ ...env, AZURE_CLIENT_CERTIFICATE_PASSWORD: 'open barley' });
    expect((await failureOf(credentialsFrom(wrong).token())).remedy).toContain(
      'AZURE_CLIENT_CERTIFICATE_PASSWORD',
    );
    expect((await failureOf(credentialsFrom(settings(env)).token())).remedy).toContain('has a password');
    expect(provider.tokenRequests()).toBe(asked);
  });

  test('at AZURE_AUTHORITY_HOST even when it is written without https://', async () => {
    const AZURE_AUTHORITY_HOST = provider.authorityHost.replace('https://', '');
    const options = settings({ AZURE_CLIENT_SECRET: SECRET, AZURE_AUTHORITY_HOST });
    expect(await credentialsFrom(options).claims()).toMatchObject({ appId: APP });
  });
});

describe('a rotated secret needs no restart', () => {
  test('the file is read again for each token', async () => {
    const path = join(directory, 'rotated');
    await writeFile(path, `${SECRET}\n`);
    const redactor = new Redactor();
    const credentials = credentialsFrom({ ...settings({ AZURE_CLIENT_SECRET_FILE: path }), redactor });
    const first = await credentials.token();

    provider.apps.set(APP, { secret: 'another~secret' });
    const refused = await failureOf(credentials.renew());
    expect(refused.message).toContain('AADSTS7000215');
    expect(refused.remedy).toContain(path);
    expect(await credentials.token()).toBe(first);

    await replaceFile(path, 'another~secret');
    expect(await credentials.renew()).toBe(true);
    expect(await credentials.token()).not.toBe(first);
    expect(redactor.redacted(`${SECRET} another~secret`)).toBe('[redacted] [redacted]');
  });

  test('a file that is replaced while the old secret is on its way is tried again at once', async () => {
    const path = join(directory, 'overtaken');
    await writeFile(path, SECRET);
    provider.beforeToken = async () => {
      provider.apps.set(APP, { secret: 'another~secret' });
      await replaceFile(path, 'another~secret');
    };
    expect(await quick(settings({ AZURE_CLIENT_SECRET_FILE: path })).claims()).toMatchObject({ appId: APP });
  });

  test('a file that is empty or away for a moment is told, and read when it is back', async () => {
    const path = join(directory, 'late');
    const credentials = credentialsFrom(settings({ AZURE_CLIENT_SECRET_FILE: path }));
    expect((await failureOf(credentials.token())).message).toContain(`${path}, can't be read (ENOENT)`);
    await writeFile(path, '\n');
    expect((await failureOf(credentials.token())).message).toContain('is empty');
    await writeFile(path, SECRET);
    expect(await credentials.claims()).toMatchObject({ appId: APP });
  });
});

describe('a token is renewed', () => {
  test('behind the back of the work, five minutes before its end', async () => {
    let nowMs = Date.now();
    const credentials = quick(withSecret(), () => nowMs);
    const first = await credentials.token();
    const asked = provider.tokenRequests();

    nowMs += 54 * 60_000;
    expect(await credentials.token()).toBe(first);
    expect(provider.tokenRequests()).toBe(asked);

    nowMs += 61_000;
    const answered = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    provider.beforeToken = async () => {
      answered.resolve();
      await held.promise;
    };
    expect(await credentials.token()).toBe(first);
    await answered.promise;
    expect(await credentials.token()).toBe(first);
    held.resolve();
    expect(await credentials.renew()).toBe(true);
    expect(provider.tokenRequests()).toBe(asked + 1);
  });

  test('after half its life when that is shorter, and never handed out when it has ended', async () => {
    provider.tokenSeconds = 60;
    let nowMs = Date.now();
    const credentials = quick(withSecret(), () => nowMs);
    const first = await credentials.token();
    nowMs += 50_000;
    expect(await credentials.token()).not.toBe(first);
  });

  test('by force when Graph refused it, and the answer says whether there is another one', async () => {
    const credentials = credentialsFrom(withSecret());
    const first = await credentials.token();
    expect(await credentials.renew()).toBe(true);
    expect(await credentials.token()).not.toBe(first);
  });

  test('later, when the provider is away: the present token serves as long as it lasts', async () => {
    let nowMs = Date.now();
    const warned = Promise.withResolvers<string>();
    const log = {
      debug: () => undefined,
      warn: (text: string) => warned.resolve(text),
    };
    const credentials = quick({ ...withSecret(), log }, () => nowMs);
    const first = await credentials.token();
    await provider.goAway();
    try {
      nowMs += 56 * 60_000;
      expect(await credentials.token()).toBe(first);
      expect(await warned.promise).toContain('the current one lasts until');
      expect(await credentials.token()).toBe(first);

      nowMs += 4 * 60_000;
      const away = await failureOf(credentials.token());
      expect(away.message).toContain(`${provider.authorityHost.slice(8)} is out of reach (ECONNREFUSED)`);
    } finally {
      await provider.comeBack();
    }
    expect(await credentials.token()).not.toBe(first);
  });
});

describe('a sign-in that fails says why, and what to do', () => {
  test.each([
    [
      'wrong secret',
      () => withSecret('wrong-secret-altogether'),
      'AADSTS7000215',
      "secret's value, not its id",
    ],
    [
      'unknown app',
      () => settings({ AZURE_CLIENT_SECRET: SECRET, AZURE_CLIENT_ID: TENANT }),
      'AADSTS700016',
      'AZURE_CLIENT_ID',
    ],
    ['unknown tenant', () => ({ ...withSecret(), tenant: 'elsewhere.example' }), 'AADSTS90002', '--tenant'],
  ])('%s', async (_name, options, message, remedy) => {
    const failure = await failureOf(credentialsFrom(options()).token());
    expect(failure.message).toContain(message);
    expect(failure.remedy).toContain(remedy);
  });

  test('expired secret', async () => {
    provider.apps.set(APP, { secret: SECRET, secretHasExpired: true });
    const failure = await failureOf(credentialsFrom(withSecret()).token());
    expect(failure.message).toBe(`The client secret of app ${APP} has expired (AADSTS7000222).`);
    expect(failure.remedy).toContain('AZURE_CLIENT_SECRET');
  });

  test('refusals are not repeated: a wrong secret would lock the app out', async () => {
    const asked = provider.tokenRequests();
    await failureOf(quick(withSecret('wrong-secret-altogether')).token());
    expect(provider.tokenRequests()).toBe(asked + 1);
  });

  test('the log tells each failure, and no secret', async () => {
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line), 'debug');
    provider.troubles.push(503);
    await quick({ ...withSecret(), log }).token();
    await failureOf(quick({ ...withSecret(`${SECRET}-wrong`), log }).token());
    expect(lines.filter((line) => line.includes('HTTP 503'))).not.toEqual([]);
    expect(lines.filter((line) => line.includes('AADSTS7000215'))).not.toEqual([]);
    expect(lines.filter((line) => line.includes(SECRET) || /eyJ/.test(line))).toEqual([]);
  });

  test('a certificate that nobody vouches for gets no secret', async () => {
    const stranger = await startOpenIdProvider(TENANT, await makeCertificate(directory, 'stranger'));
    try {
      const options = settings({
        AZURE_CLIENT_SECRET: SECRET,
        AZURE_AUTHORITY_HOST: stranger.authorityHost,
      });
      const failure = await failureOf(credentialsFrom(options).token());
      expect(failure.message).toMatch(/is not trusted \(\w*CERT\w*\)/);
      expect(failure.remedy).toContain('NODE_EXTRA_CA_CERTS');
      expect(stranger.requests).toEqual([]);
    } finally {
      await stranger.stop();
    }
  });

  test('a busy service is asked again, and told when it stays so', async () => {
    provider.troubles.push(503, 429);
    const asked = provider.tokenRequests();
    expect(await quick(withSecret()).claims()).toMatchObject({ appId: APP });
    expect(provider.tokenRequests()).toBe(asked + 3);

    provider.troubles.push(503, 503, 503, 503);
    const failure = await failureOf(quick(withSecret()).token());
    expect(failure.message).toContain('HTTP 503');
    expect(provider.troubles).toEqual([]);
  });
});

describe('whoever waits for a sign-in', () => {
  test('may stop waiting, and leaves the others alone', async () => {
    const asked = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    provider.beforeToken = async () => {
      asked.resolve();
      await held.promise;
    };
    const credentials = credentialsFrom(withSecret());
    const leaving = new AbortController();
    const left = credentials.token(leaving.signal);
    const stays = credentials.token();
    await asked.promise;
    leaving.abort(new Error('enough'));
    await expect(left).rejects.toThrow('enough');
    held.resolve();
    expect(await stays).toMatch(/^eyJ/);
  });

  test('ends it by leaving last, and the next one starts anew', async () => {
    const asked = Promise.withResolvers<ServerResponse>();
    const held = Promise.withResolvers<void>();
    provider.beforeToken = async (response) => {
      asked.resolve(response);
      await held.promise;
    };
    const credentials = credentialsFrom(withSecret());
    const leaving = new AbortController();
    const left = credentials.token(leaving.signal);
    const unanswered = await asked.promise;
    const broken = once(unanswered, 'close');
    leaving.abort(new Error('enough'));
    await expect(left).rejects.toThrow('enough');
    await broken;
    expect(unanswered.writableEnded).toBe(false);
    provider.beforeToken = async () => undefined;
    expect(await credentials.token()).toMatch(/^eyJ/);
    held.resolve();
  });
});

describe('a person signs in with a code', () => {
  test('once; later tokens need nobody', async () => {
    provider.apps.set(APP, { isPublic: true });
    const prompts: string[] = [];
    const options = settings(
      { RETARGET_ACCESS_TOKEN: 'a-ready-token' },
      {
        signIn: 'device-code',
        prompt(text) {
          prompts.push(text);
          const [code] = /[A-Z]{4}-[A-Z]{4}/.exec(text) ?? [];
          void provider.approve(code ?? text);
        },
      },
    );
    const credentials = credentialsFrom(options);
    expect(await credentials.claims()).toMatchObject({
      user: 'jo@example.com',
      scopes: ['DeviceManagementConfiguration.ReadWrite.All'],
    });
    expect(await credentials.renew()).toBe(true);
    expect(await credentials.renew()).toBe(true);
    expect(prompts).toHaveLength(1);
  });

  test('and is told what happened last: the service went away while the code was waiting', async () => {
    provider.apps.set(APP, { isPublic: true });
    let polls = 0;
    provider.beforeToken = async () => {
      polls += 1;
      if (polls === 3) await provider.goAway();
    };
    const credentials = credentialsFrom(settings({}, { signIn: 'device-code', prompt: () => undefined }));
    try {
      expect((await failureOf(credentials.token())).message).toContain('is out of reach');
    } finally {
      await provider.comeBack();
    }
  });
});
