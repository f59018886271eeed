import { describe, expect, test } from 'vitest';
import { EXIT } from '../../../../src/errors.ts';
import { azureFailure, type Attempt } from '../../../../src/graph/auth/azureFailure.ts';
import type { CredentialIdentity } from '../../../../src/graph/auth/credentialSource.ts';
import { SignInError } from '../../../../src/graph/auth/signInError.ts';

const AUTHORITY = { url: 'https://login.example', host: 'login.example', isMicrosoft: false };
const APP = { tenant: 'contoso.example', clientId: 'app-id' };
const SECRET_FILE: CredentialIdentity = { kind: 'secretFile', path: '/run/secrets/client', ...APP };

function failure(witness: Attempt['witness'], identity: CredentialIdentity = SECRET_FILE): SignInError {
  const error = azureFailure(new Error('what the library says'), { identity, authority: AUTHORITY, witness });
  if (!(error instanceof SignInError)) throw error;
  expect(error.exitCode).toBe(EXIT.environment);
  expect(`${error.message}${error.remedy}`).not.toMatch(/\n|undefined/);
  return error;
}

const refused = (code: number, identity?: CredentialIdentity, status = 400): SignInError =>
  failure(
    {
      refusal: { status, error: 'invalid_request', codes: [code], description: `AADSTS${code}: why` },
      unreached: undefined,
    },
    identity,
  );

const unreached = (code: string): SignInError =>
  failure({ refusal: undefined, unreached: Object.assign(new Error(code), { code }) });

describe('a refusal is told by its number', () => {
  test.each([
    [7000215, 'secret of app app-id is wrong', '/run/secrets/client'],
    [7000222, 'secret of app app-id has expired', '/run/secrets/client'],
    [700016, 'not known in tenant contoso.example', 'AZURE_CLIENT_ID'],
    [7000229, 'not known in tenant contoso.example', 'consent'],
    [7000112, 'disabled', 'Enterprise applications'],
    [90002, 'tenant contoso.example is not known at login.example', 'RETARGET_CLOUD'],
    [900023, 'tenant contoso.example is not known at login.example', '--tenant'],
    [700027, 'certificate is not one of app app-id', '/run/secrets/client'],
    [700024, 'out of its time', 'clock'],
    [70021, 'No federated credential', 'issuer, subject'],
    [500011, 'Graph of this cloud', 'RETARGET_CLOUD'],
    [65001, 'no consent', 'Grant admin consent'],
    [53003, 'Conditional access', 'policy'],
  ])('AADSTS%d', (code, message, remedy) => {
    const error = refused(code);
    expect(error.message).toContain(message);
    expect(error.message).toContain(`AADSTS${code}`);
    expect(error.remedy).toContain(remedy);
    expect(error.mayPass).toBe(false);
  });

  test('and one nobody foresaw by its own first sentence, without what is for support only', () => {
    const description =
      'AADSTS12345: Something new with client_secret=hush-hush. Trace ID: 1 Correlation ID: 2\r\nTimestamp: now';
    const refusal = { status: 400, error: 'invalid_request', codes: [12345], description };
    expect(failure({ refusal, unreached: undefined }).message).toBe(
      'The sign-in at login.example was refused (AADSTS12345): AADSTS12345: Something new with client_secret=[redacted]',
    );
  });

  test('where another one is at fault than an app, no app is blamed', () => {
    const person: CredentialIdentity = { kind: 'person', way: 'device-code', scope: 's', ...APP };
    const refusal = { status: 400, error: 'expired_token', codes: [70019], description: 'too late' };
    expect(failure({ refusal, unreached: undefined }, person).message).toContain('Nobody signed in');
  });
});

describe('what may pass is worth another try', () => {
  test.each([429, 500, 503])('HTTP %d', (status) => {
    const refusal = { status, error: undefined, codes: [], description: undefined };
    expect(failure({ refusal, unreached: undefined })).toMatchObject({ mayPass: true });
  });

  test.each(['ENOTFOUND', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EAI_AGAIN'])('%s', (code) => {
    const error = unreached(code);
    expect(error.mayPass).toBe(true);
    expect(error.message).toBe(`The sign-in service at login.example is out of reach (${code}).`);
  });

  test.each(['DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_HAS_EXPIRED', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'])(
    'but not %s',
    (code) => {
      const error = unreached(code);
      expect(error.mayPass).toBe(false);
      expect(error.remedy).toContain('NODE_EXTRA_CA_CERTS');
    },
  );
});

describe('an error that is a mistake of ours', () => {
  test('stays one', () => {
    const bug = new TypeError('x is not a function');
    const witness = { refusal: undefined, unreached: undefined };
    expect(azureFailure(bug, { identity: SECRET_FILE, authority: AUTHORITY, witness })).toBe(bug);
  });
});
