import type { GetTokenOptions, TokenCredential, TokenCredentialOptions } from '@azure/identity';
import type { Log } from '../../log.ts';
import { azureFailure } from './azureFailure.ts';
import { materialOf } from './credentialFiles.ts';
import {
  authorityFrom,
  identityFrom,
  type Authority,
  type AzureSettings,
  type CredentialIdentity,
  type Person,
  type SurroundingSource,
} from './credentialSource.ts';
import { Witness } from './requestObserver.ts';
import { CLOUDS } from './clouds.ts';
import { proxyFor, type Proxy } from '../client/proxy.ts';
import { withoutSecretShapes, type Redactor } from './redact.ts';
import { SignInError } from './signInError.ts';
import type { TokenSource } from './signInTokens.ts';

/** `az`, `pwsh` and `azd` are programs of their own and may hang. */
const PROCESS_TIMEOUT_MS = 30_000;

type AzureIdentity = typeof import('@azure/identity');

export interface AzureTokensOptions extends AzureSettings {
  /** Shows a person the code to sign in with, and where. */
  readonly prompt: (text: string) => void;
  /** Is told every secret that is read from a file. */
  readonly redactor?: Pick<Redactor, 'keep'> | undefined;
  readonly log?: Pick<Log, 'debug'> | undefined;
}

/** Tokens from Microsoft Entra, or from whatever this machine has to sign in with. */
export function azureTokens(options: AzureTokensOptions): TokenSource {
  const { cloud, signIn, prompt, redactor, log } = options;
  let signedIn: { readonly credential: TokenCredential; readonly witness: Witness } | undefined;

  return {
    asksAPerson: signIn !== 'default',

    async acquire(signal, heldSinceMs) {
      const identity = identityFrom(options);
      const authority = authorityFrom(options);
      const proxy = proxyFor(authority.url, options.env);
      const material = await materialOf(identity);
      if (identity.kind === 'secretFile' && material !== undefined) redactor?.keep(material);
      // Here and not above: it takes a good part of a second, and most commands need no token.
      const azure = await import('@azure/identity');
      const witness = signedIn?.witness ?? new Witness({ isDirect: proxy === undefined });
      witness.watch(signal);
      try {
        const credential =
          signedIn?.credential ??
          credentialOf(
            azure,
            identity,
            { material: material ?? '', prompt },
            commonOptions(authority, proxy, witness),
          );
        // A person's is kept, or there would be a new question each hour.
        if (identity.kind === 'person') signedIn = { credential, witness };
        const scope = identity.kind === 'person' ? identity.scope : CLOUDS[cloud].scope;
        const token = await credential.getToken(scope, {
          abortSignal: signal,
          ...renewing(identity, heldSinceMs),
        });
        if (token === null) throw new Error('no token came');
        redactor?.keep(token.token);
        return {
          token: token.token,
          expiresAtMs: token.expiresOnTimestamp,
          refreshAfterMs: token.refreshAfterTimestamp,
        };
      } catch (error) {
        signal.throwIfAborted();
        log?.debug(
          `Sign-in as it was answered: ${withoutSecretShapes(String(error)).replace(/\s*\n\s*/g, ' | ')}`,
        );
        const failure = azureFailure(error, { identity, authority, witness, proxy });
        throw (await isReplaced(identity, material)) ? worthAnotherTry(failure) : failure;
      }
    },
  };
}

/** Someone rotated the secret between our reading it and the refusal. */
const isReplaced = async (identity: CredentialIdentity, tried: string | undefined): Promise<boolean> =>
  tried !== undefined && (await materialOf(identity).catch(() => tried)) !== tried;

const worthAnotherTry = (failure: unknown): unknown =>
  failure instanceof SignInError
    ? new SignInError(failure.message, { remedy: failure.remedy, mayPass: true })
    : failure;

/**
 * A person's credential answers from its memory, unless the request claims something that the token in memory can't
 * have: to be younger than the one that was held.
 */
function renewing(identity: CredentialIdentity, heldSinceMs: number | undefined): GetTokenOptions {
  if (identity.kind !== 'person' || heldSinceMs === undefined) return {};
  const value = String(Math.floor(heldSinceMs / 1000));
  return { claims: JSON.stringify({ access_token: { nbf: { essential: true, value } } }) };
}

function commonOptions(authority: Authority, proxy: Proxy | undefined, { policies }: Witness) {
  return {
    authorityHost: authority.url,
    // Microsoft can't vouch for an authority that is not its own, and asking it would need the internet.
    disableInstanceDiscovery: !authority.isMicrosoft,
    additionalPolicies: policies,
    ...(proxy !== undefined && { proxyOptions: proxyOptions(proxy) }),
    // Whoever asks for a token tries again; two counts would multiply.
    retryOptions: { maxRetries: 0 },
  } satisfies TokenCredentialOptions & { disableInstanceDiscovery: boolean };
}

/** As Azure's libraries want it said: with the port, and user and password as they stand in the address. */
const proxyOptions = ({ url }: Proxy) => ({
  host: `${url.protocol}//${url.hostname}`,
  port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
  ...(url.username !== '' && { username: url.username, password: url.password }),
});

/** What an identity needs besides its settings. */
interface Means {
  readonly material: string;
  readonly prompt: (text: string) => void;
}

/** A new one for each token: they keep tokens and the secret in memory, and a renewal wants neither. */
function credentialOf(
  azure: AzureIdentity,
  identity: CredentialIdentity,
  { material, prompt }: Means,
  common: ReturnType<typeof commonOptions>,
): TokenCredential {
  switch (identity.kind) {
    case 'secret':
    case 'secretFile':
      return new azure.ClientSecretCredential(identity.tenant, identity.clientId, material, common);
    case 'certificate': {
      const { tenant, clientId, password, sendsChain } = identity;
      const pem = {
        certificate: material,
        ...(password === undefined ? {} : { certificatePassword: password }),
      };
      return new azure.ClientCertificateCredential(tenant, clientId, pem, {
        ...common,
        sendCertificateChain: sendsChain,
      });
    }
    case 'federated':
      return new azure.WorkloadIdentityCredential({
        ...common,
        tenantId: identity.tenant,
        clientId: identity.clientId,
        tokenFilePath: identity.path,
      });
    case 'surroundings':
      return new azure.ChainedTokenCredential(
        ...identity.sources.map((source) => surroundingOf(azure, source, identity)),
      );
    case 'person':
      return personOf(azure, identity, prompt, common);
  }
}

function surroundingOf(
  azure: AzureIdentity,
  source: SurroundingSource,
  { tenant, clientId }: Extract<CredentialIdentity, { kind: 'surroundings' }>,
): TokenCredential {
  const developer = {
    processTimeoutInMs: PROCESS_TIMEOUT_MS,
    ...(tenant === undefined ? {} : { tenantId: tenant }),
  };
  switch (source) {
    case 'ManagedIdentityCredential': {
      // Asks for a sign of life first, as DefaultAzureCredential does: elsewhere than in Azure nobody answers there.
      const probing = { sendProbeRequest: true, ...(clientId === undefined ? {} : { clientId }) };
      return new azure.ManagedIdentityCredential(probing);
    }
    case 'AzureCliCredential':
      return new azure.AzureCliCredential(developer);
    case 'AzurePowerShellCredential':
      return new azure.AzurePowerShellCredential(developer);
    case 'AzureDeveloperCliCredential':
      return new azure.AzureDeveloperCliCredential(developer);
  }
}

function personOf(
  azure: AzureIdentity,
  { way, tenant, clientId }: Person,
  prompt: (text: string) => void,
  common: ReturnType<typeof commonOptions>,
): TokenCredential {
  switch (way) {
    case 'device-code':
      return new azure.DeviceCodeCredential({
        ...common,
        tenantId: tenant,
        clientId,
        userPromptCallback: ({ verificationUri, userCode }) =>
          prompt(`To sign in, open ${verificationUri} and enter the code ${userCode}`),
      });
    case 'browser':
      prompt('Sign in with the browser window that opens now.');
      return new azure.InteractiveBrowserCredential({ ...common, tenantId: tenant, clientId });
  }
}
