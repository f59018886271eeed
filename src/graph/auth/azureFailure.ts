import type { Authority, CredentialIdentity } from './credentialSource.ts';
import type { SignInRefusal, Witness } from './requestObserver.ts';
import type { Proxy } from '../client/proxy.ts';
import { SERVICE_PRINCIPAL_LOGIN } from './permission.ts';
import { withoutSecretShapes } from './redact.ts';
import { SignInError } from './signInError.ts';
import { wordsOfProxy } from '../client/unreached.ts';

/** What was tried, for the words about why it failed. */
export interface Attempt {
  readonly identity: CredentialIdentity;
  readonly authority: Authority;
  readonly witness: Pick<Witness, 'refusal' | 'unreached'>;
  readonly proxy?: Proxy | undefined;
}

/** A failed attempt in words, with the remedy for its cause. What is no failure of a sign-in comes out as it went in. */
export function azureFailure(error: unknown, attempt: Attempt): unknown {
  if (error instanceof SignInError || error instanceof TypeError || error instanceof ReferenceError)
    return error;
  const { identity, witness } = attempt;
  if (identity.kind === 'surroundings') return nothingFound(identity.sources);
  if (witness.refusal !== undefined) return refused(witness.refusal, attempt);
  if (witness.unreached !== undefined) return unreached(witness.unreached, attempt);
  const message = error instanceof Error ? error.message : String(error);
  return new SignInError(`The sign-in failed: ${firstSentence(message)}`, {
    remedy:
      identity.kind === 'person' && identity.way === 'browser'
        ? 'Where no browser can be opened, use --sign-in device-code.'
        : 'Check the AZURE_* settings, then try again.',
  });
}

const APP_SECRETS = 'Entra admin center > App registrations > Certificates & secrets';

function refused(refusal: SignInRefusal, { identity, authority, proxy }: Attempt): SignInError {
  const { tenant, clientId } = identity;
  if (refusal.status === 407 && proxy !== undefined) {
    const { message, remedy } = wordsOfProxy({ code: '', status: 407, proxy }, authority.host);
    return new SignInError(message, { remedy });
  }
  const app = `app ${clientId ?? 'of this sign-in'}`;
  const code = refusal.codes[0];
  const said = code === undefined ? `HTTP ${refusal.status}` : `AADSTS${code}`;
  const fail = (message: string, remedy: string): SignInError =>
    new SignInError(`${message} (${said}).`, { remedy });

  // Entra's numbers. Source: learn.microsoft.com/entra/identity-platform/reference-error-codes.
  switch (code) {
    case 7000215:
      return fail(`The client secret of ${app} is wrong`, secretRemedy(identity));
    case 7000222:
      return fail(
        `The client secret of ${app} has expired`,
        `Make a new one under ${APP_SECRETS} and put its value into ${secretSetting(identity)}.`,
      );
    case 700016:
    case 7000229:
      return fail(
        `The ${app} is not known in tenant ${tenant}`,
        'Check AZURE_CLIENT_ID and AZURE_TENANT_ID; an administrator has to consent to an app of another tenant first.',
      );
    case 7000112:
      return fail(`The ${app} is disabled`, 'Enable it under Entra admin center > Enterprise applications.');
    case 90002:
    case 900023:
    case 900021:
      return fail(
        `The tenant ${tenant} is not known at ${authority.host}`,
        'Check --tenant or AZURE_TENANT_ID (id or domain); for a national cloud set RETARGET_CLOUD.',
      );
    case 700027:
    case 700023:
      return fail(
        `The certificate is not one of ${app}, or has expired`,
        `Upload it under ${APP_SECRETS}, or put the right one into ${'path' in identity ? identity.path : 'AZURE_CLIENT_CERTIFICATE_PATH'}.`,
      );
    case 700024:
      return fail(
        'The proof of the sign-in is out of its time',
        "Set this machine's clock right, then try again.",
      );
    case 70021:
    case 700211:
    case 700212:
    case 700213:
      return fail(
        `No federated credential of ${app} fits the token of this workload`,
        `Compare issuer, subject and audience under ${APP_SECRETS} > Federated credentials.`,
      );
    case 500011:
      return fail(
        `Microsoft Graph of this cloud is not known in tenant ${tenant}`,
        'Set RETARGET_CLOUD to the cloud of the tenant: global, usgov, dod or china.',
      );
    case 65001:
      return fail(
        `The ${app} has no consent for Microsoft Graph`,
        'An administrator grants it: Entra admin center > App registrations > API permissions > Grant admin consent.',
      );
    case 53003:
      return fail(
        'Conditional access does not let this sign-in in',
        'Sign in from a device and a network that the policy allows, or use --sign-in browser.',
      );
    default:
      return otherwiseRefused(refusal, said, { identity, authority });
  }
}

function otherwiseRefused(
  { status, error, description }: SignInRefusal,
  said: string,
  { identity, authority }: Pick<Attempt, 'identity' | 'authority'>,
): SignInError {
  if (status === 429 || status >= 500) {
    return new SignInError(`The sign-in service at ${authority.host} is busy or unwell (HTTP ${status}).`, {
      remedy: 'Wait some minutes, then try again; https://azure.status.microsoft shows known trouble.',
      mayPass: true,
    });
  }
  if (error === 'expired_token' || error === 'authorization_declined' || error === 'access_denied') {
    return new SignInError('Nobody signed in with the code in time, or the request was declined.', {
      remedy: 'Start again and use the new code.',
    });
  }
  const why = description === undefined ? (error ?? 'no reason given') : firstSentence(description);
  return new SignInError(`The sign-in at ${authority.host} was refused (${said}): ${why}`, {
    remedy:
      error === 'invalid_client' && (identity.kind === 'secret' || identity.kind === 'secretFile')
        ? secretRemedy(identity)
        : 'Check AZURE_TENANT_ID, AZURE_CLIENT_ID and what proves the app, then try again.',
  });
}

const secretSetting = (identity: CredentialIdentity): string =>
  identity.kind === 'secretFile' ? identity.path : 'AZURE_CLIENT_SECRET';

const secretRemedy = (identity: CredentialIdentity): string =>
  `Put the secret's value, not its id, into ${secretSetting(identity)}; a new one is made under ${APP_SECRETS}.`;

function unreached(
  error: Error,
  { authority: { host }, proxy }: Pick<Attempt, 'authority' | 'proxy'>,
): SignInError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  if (/CERT|UNABLE_TO_/.test(code)) {
    return new SignInError(`The certificate of the sign-in service at ${host} is not trusted (${code}).`, {
      remedy: 'If a proxy inspects TLS, name its CA file in NODE_EXTRA_CA_CERTS.',
    });
  }
  const through = proxy === undefined ? '' : ` through the proxy ${proxy.shown} of ${proxy.setting}`;
  return new SignInError(`The sign-in service at ${host} is out of reach${through} (${code}).`, {
    remedy: 'Check the network, the DNS, HTTPS_PROXY and AZURE_AUTHORITY_HOST, then try again.',
    mayPass: true,
  });
}

const nothingFound = (sources: readonly string[]): SignInError =>
  new SignInError(
    `There is no sign-in for Microsoft Graph: no secret, no certificate, and nothing from ${sources
      .map((source) => SOURCE_NAMES[source] ?? source)
      .join(', ')}.`,
    {
      remedy: `Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, which is enough; or sign in with them outside: \`${SERVICE_PRINCIPAL_LOGIN}\` (a person's \`az login\` has no permission for Intune); or add --sign-in device-code.`,
    },
  );

const SOURCE_NAMES: Readonly<Record<string, string>> = {
  ManagedIdentityCredential: 'a managed identity',
  AzureCliCredential: 'the Azure CLI',
  AzurePowerShellCredential: 'Azure PowerShell',
  AzureDeveloperCliCredential: 'azd',
};

/** Entra goes on with trace ids and times for its support. */
function firstSentence(text: string): string {
  const [line = ''] = text.split(/\r?\n| Trace ID:/);
  const short = line.length > 200 ? `${line.slice(0, 199)}…` : line;
  return withoutSecretShapes(short);
}
