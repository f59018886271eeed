import { describe, expect, test } from 'vitest';
import { EXIT, UserError } from '../../../../src/errors.ts';
import {
  authorityFrom,
  identityFrom,
  type AzureSettings,
} from '../../../../src/graph/auth/credentialSource.ts';
import { CLOUDS } from '../../../../src/graph/auth/clouds.ts';
import { WRITE_PERMISSIONS } from '../../../../src/graph/auth/permission.ts';
import { thrownBy } from '../../../support/thrownBy.ts';

const APP = { AZURE_CLIENT_ID: 'app' };

const settings = (env: Record<string, string>, more: Partial<AzureSettings> = {}): AzureSettings => ({
  env,
  cloud: 'global',
  tenant: 'contoso.example',
  signIn: 'default',
  ...more,
});

function userError(action: () => unknown): UserError {
  const error = thrownBy(action);
  if (!(error instanceof UserError)) throw error;
  return error;
}

describe('who signs in', () => {
  test('is the app of a secret, a secret file, a certificate or a workload, in this order', () => {
    const all = {
      ...APP,
      AZURE_CLIENT_SECRET: 'secret',
      AZURE_CLIENT_CERTIFICATE_PATH: '/app.pem',
      AZURE_FEDERATED_TOKEN_FILE: '/token',
    };
    const app = { tenant: 'contoso.example', clientId: 'app' };
    expect(identityFrom(settings(all))).toEqual({ kind: 'secret', secret: 'secret', ...app });
    expect(
      identityFrom(settings({ ...all, AZURE_CLIENT_SECRET: '', AZURE_CLIENT_SECRET_FILE: '/s' })),
    ).toEqual({
      kind: 'secretFile',
      path: '/s',
      ...app,
    });
    expect(identityFrom(settings({ ...all, AZURE_CLIENT_SECRET: ' ' }))).toEqual({
      kind: 'certificate',
      path: '/app.pem',
      password: undefined,
      sendsChain: false,
      ...app,
    });
    expect(identityFrom(settings({ ...APP, AZURE_FEDERATED_TOKEN_FILE: '/token' }))).toEqual({
      kind: 'federated',
      path: '/token',
      ...app,
    });
  });

  test('is what the surroundings offer when nothing is set', () => {
    expect(identityFrom(settings(APP, { tenant: undefined }))).toEqual({
      kind: 'surroundings',
      sources: [
        'ManagedIdentityCredential',
        'AzureCliCredential',
        'AzurePowerShellCredential',
        'AzureDeveloperCliCredential',
      ],
      tenant: undefined,
      clientId: 'app',
    });
  });

  test('is limited by AZURE_TOKEN_CREDENTIALS, in any letter case', () => {
    const withSecret = { ...APP, AZURE_CLIENT_SECRET: 'secret' };
    const sources = (chosen: string): unknown => {
      const identity = identityFrom(settings({ ...withSecret, AZURE_TOKEN_CREDENTIALS: chosen }));
      return identity.kind === 'surroundings' ? identity.sources : identity.kind;
    };
    expect(sources('prod')).toBe('secret');
    expect(sources('EnvironmentCredential')).toBe('secret');
    expect(sources('dev')).toEqual([
      'AzureCliCredential',
      'AzurePowerShellCredential',
      'AzureDeveloperCliCredential',
    ]);
    expect(sources('managedidentitycredential')).toEqual(['ManagedIdentityCredential']);
    expect(userError(() => sources('VisualStudioCodeCredential'))).toMatchObject({ exitCode: EXIT.badInput });
    expect(userError(() => sources('WorkloadIdentityCredential')).message).toContain('nothing is set for it');
  });

  test('is a person when the flag says so, whatever else is set', () => {
    const env = { ...APP, AZURE_CLIENT_SECRET: 'secret' };
    expect(identityFrom(settings(env, { signIn: 'browser', cloud: 'china' }))).toEqual({
      kind: 'person',
      way: 'browser',
      tenant: 'contoso.example',
      clientId: 'app',
      scope: CLOUDS.china.scope,
    });
  });

  test('is a person of any tenant, through an app that may ask for the permission, when nothing is set', () => {
    expect(identityFrom(settings({}, { signIn: 'device-code', tenant: undefined, cloud: 'dod' }))).toEqual({
      kind: 'person',
      way: 'device-code',
      tenant: 'organizations',
      clientId: '14d82eec-204b-4c2f-b7e8-296a70dab67e',
      scope: WRITE_PERMISSIONS.map(({ name }) => `https://dod-graph.microsoft.us/${name}`).join(' '),
    });
  });

  test.each([
    [{ AZURE_CLIENT_SECRET: 'hidden' }, 'AZURE_TENANT_ID and AZURE_CLIENT_ID'],
    [{ AZURE_CLIENT_SECRET: 'hidden', AZURE_TENANT_ID: 't' }, 'AZURE_CLIENT_ID'],
    [{ AZURE_CLIENT_CERTIFICATE_PATH: '/p', ...APP }, 'AZURE_TENANT_ID'],
    [{ AZURE_FEDERATED_TOKEN_FILE: '/p', ...APP }, 'AZURE_TENANT_ID'],
    [{ AZURE_CLIENT_SECRET: 'hidden', AZURE_CLIENT_SECRET_FILE: '/p', ...APP }, 'Unset one'],
  ])('is not guessed from half of it: %j', (env, remedy) => {
    const error = userError(() => identityFrom(settings(env, { tenant: undefined })));
    expect(error.exitCode).toBe(EXIT.environment);
    expect(error.remedy).toContain(remedy);
    expect(error.message).not.toContain('hidden');
  });
});

describe('where the sign-in is', () => {
  test.each(['global', 'usgov', 'dod', 'china'] as const)('is the authority of the cloud %s', (cloud) => {
    expect(authorityFrom({ env: {}, cloud })).toMatchObject({
      url: CLOUDS[cloud].authority,
      isMicrosoft: true,
    });
  });

  test.each([
    ['https://login.microsoftonline.us/', 'https://login.microsoftonline.us', true],
    ['login.windows.net', 'https://login.windows.net', true],
    ['https://127.0.0.1:8443', 'https://127.0.0.1:8443', false],
    ['https://login.microsoftonline.com.example', 'https://login.microsoftonline.com.example', false],
    ['https://adfs.example/oauth/', 'https://adfs.example/oauth', false],
  ])('or AZURE_AUTHORITY_HOST: %s', (written, url, isMicrosoft) => {
    const env = { AZURE_AUTHORITY_HOST: written };
    expect(authorityFrom({ env, cloud: 'global' })).toMatchObject({ url, isMicrosoft });
  });

  test.each([
    'http://login.microsoftonline.com',
    'https://a:hidden@host',
    'https://',
    'ftp://host',
    'https://host/?q',
  ])('but not %s: secrets go there', (written) => {
    const error = userError(() => authorityFrom({ env: { AZURE_AUTHORITY_HOST: written }, cloud: 'usgov' }));
    expect(error.exitCode).toBe(EXIT.badInput);
    expect(error.remedy).toContain('https://login.microsoftonline.us');
    expect(error.message).not.toContain('hidden');
  });
});
