import * as client from 'openid-client';
import { fetch as undiciFetch, ProxyAgent } from 'undici';
import { EXIT, UserError } from '../errors.ts';
import { CLOUDS, isLoopback, type CloudName } from '../graph/auth/clouds.ts';
import { proxyFor } from '../graph/client/proxy.ts';
import type { Environment } from '../config.ts';

/** An app registration that people sign in to the pages with. */
export interface OpenIdSettings {
  /** As its discovery document says it. */
  readonly issuer: string;
  readonly clientId: string;
  /** Left out: a public client. */
  readonly clientSecret?: string | undefined;
  /** Where the provider sends people back to. */
  readonly redirectUri: string;
  /** Whose pages these are: somebody signed in to another tenant is nobody here. */
  readonly tenant: string;
}

/** Of a tenant in Entra, by its id. */
export const entraIssuer = (cloud: CloudName, tenantId: string): string =>
  `${CLOUDS[cloud].authority}/${tenantId}/v2.0`;

/** What has to come back with a person, and no other. */
export interface SignInFlow {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** What a verified ID token says. */
export interface WebPerson {
  readonly name: string;
  /** In this tenant, in lower case; null: the provider is not of it. */
  readonly oid: string | null;
  readonly roles: readonly string[];
  /** Ids. */
  readonly groups: readonly string[];
  /** Entra leaves groups out when there are too many of them. */
  readonly lacksGroups: boolean;
}

/** Why somebody is not signed in, in words without anything that came from outside. */
export type Refused = { readonly refused: string };

export interface OpenId {
  begin(): Promise<{ readonly url: string; readonly flow: SignInFlow }>;
  /** @param query as the provider sent the person back with it */
  finish(query: URLSearchParams, flow: SignInFlow): Promise<WebPerson | Refused>;
}

/**
 * Asks the provider what it is. Code flow with PKCE, state and nonce; the ID token's signature is checked too, though it comes straight
 * from the provider.
 * @throws UserError (exit 4) when the provider is out of reach or is another one
 */
export async function openIdOf(settings: OpenIdSettings, env: Environment): Promise<OpenId> {
  const { issuer, clientId, clientSecret, redirectUri, tenant } = settings;
  const url = new URL(issuer);
  const isPlain = url.protocol === 'http:' && isLoopback(url.hostname);
  const proxy = proxyFor(issuer, env);
  const agent = proxy === undefined ? undefined : new ProxyAgent(proxy.url.href);
  const config = await client
    .discovery(
      url,
      clientId,
      undefined,
      clientSecret === undefined ? client.None() : client.ClientSecretPost(clientSecret),
      {
        execute: [client.enableNonRepudiationChecks, ...(isPlain ? [client.allowInsecureRequests] : [])],
        timeout: TIMEOUT_S,
        ...(agent !== undefined && {
          // The same function as Node's own, with types of its package.
          [client.customFetch]: ((target: string, init: object) =>
            undiciFetch(target, { ...init, dispatcher: agent })) as unknown as client.CustomFetch,
        }),
      },
    )
    .catch((error: unknown) => {
      throw outOfReach(issuer, error);
    });
  return {
    async begin() {
      const flow = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
      };
      const target = client.buildAuthorizationUrl(config, {
        ...{ redirect_uri: redirectUri, scope: 'openid profile', state: flow.state, nonce: flow.nonce },
        code_challenge: await client.calculatePKCECodeChallenge(flow.verifier),
        code_challenge_method: 'S256',
      });
      return { url: target.href, flow };
    },

    async finish(query, { state, nonce, verifier }) {
      // Of what came in only the query is used: the address is ours, whatever the request said.
      const came = new URL(redirectUri);
      came.search = query.toString();
      try {
        const tokens = await client.authorizationCodeGrant(config, came, {
          ...{ expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier },
          idTokenExpected: true,
        });
        return personIn(tokens.claims(), tenant);
      } catch (error) {
        return { refused: whyRefused(error) };
      }
    },
  };
}

/** Seconds that the provider has to answer. */
const TIMEOUT_S = 15;

type Claims = Readonly<Record<string, unknown>>;

function personIn(claims: Claims | undefined, tenant: string): WebPerson | Refused {
  if (claims === undefined) return { refused: 'the provider sent no ID token' };
  const tid = textOf(claims['tid'])?.toLowerCase();
  if (tid !== undefined && tid !== tenant.toLowerCase())
    return { refused: 'the account is of another tenant than these pages' };
  const oid = textOf(claims['oid'])?.toLowerCase();
  const names = isRecord(claims['_claim_names']) ? claims['_claim_names'] : {};
  return {
    name: textOf(claims['preferred_username']) ?? textOf(claims['name']) ?? String(claims['sub']),
    // Only where it is known that the id is one of this tenant's.
    oid: tid === undefined || oid === undefined ? null : oid,
    roles: textsOf(claims['roles']),
    groups: textsOf(claims['groups']).map((id) => id.toLowerCase()),
    lacksGroups: 'groups' in names || claims['hasgroups'] === true,
  };
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
const isRecord = (value: unknown): value is Claims => typeof value === 'object' && value !== null;

/** Codes only: texts of whoever sent the answer have no place on a page. */
function whyRefused(error: unknown): string {
  if (error instanceof client.AuthorizationResponseError && error.error === 'access_denied')
    return 'the provider did not let you in, or you have cancelled it';
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  return /^[\w-]{1,60}$/.test(code)
    ? `the sign-in could not be verified (${code})`
    : 'the sign-in could not be verified';
}

function outOfReach(issuer: string, error: unknown): UserError {
  const why =
    error instanceof Error
      ? error.cause instanceof Error
        ? error.cause.message
        : error.message
      : String(error);
  return new UserError(`The OpenID provider ${issuer} can't be used: ${why}.`, {
    remedy:
      'Check RETARGET_OIDC_ISSUER (of Entra: https://login.microsoftonline.com/TENANT_ID/v2.0), the network and HTTPS_PROXY, then start again.',
    exitCode: EXIT.environment,
    cause: error,
  });
}
