import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  type KeyObject,
} from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Provider } from 'oidc-provider';
import { onTestFinished } from 'vitest';
import { memoryOf } from './openIdProvider.ts';

/** Who signs in next, and what an ID token says of them. */
export type Account = Readonly<Record<string, unknown>> & { readonly sub: string };

export interface WebProvider {
  readonly issuer: string;
  /** Who sits before the browser; undefined: nobody signs in. */
  account: Account | undefined;
}

export const CLIENT_ID = 'retarget-pages';
export const CLIENT_SECRET = 'a secret of the pages, of some length';

async function listening(): Promise<{ readonly server: Server; readonly origin: string }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Made once: it takes a while. */
const [OWN, STRANGE] = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey) as [
  KeyObject,
  KeyObject,
];

/** A real OpenID provider that lets in whoever sits before the browser. */
export async function webProvider(redirectUri: string): Promise<WebProvider> {
  const { server, origin } = await listening();
  const given: WebProvider = { issuer: origin, account: undefined };
  const accounts = new Map<string, Account>();
  const claims = ['sub', 'oid', 'tid', 'roles', 'groups', 'name', 'preferred_username', '_claim_names'];
  const oidc = new Provider(origin, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    jwks: {
      keys: [{ ...OWN.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'k' }],
    },
    adapter: memoryOf,
    ttl: { Interaction: 600, Grant: 3600, Session: 3600, AccessToken: 3600, IdToken: 3600 },
    cookies: { keys: [randomUUID()] },
    claims: { openid: claims, profile: [] },
    scopes: ['openid', 'profile'],
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, userinfo: { enabled: false } },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_context, id) => ({ accountId: id, claims: () => accounts.get(id) ?? { sub: id } }),
    async loadExistingGrant(context) {
      const grant = new context.oidc.provider.Grant({
        accountId: context.oidc.session?.accountId ?? '',
        clientId: CLIENT_ID,
      });
      grant.addOIDCScope('openid profile');
      grant.addOIDCClaims(claims);
      await grant.save();
      return grant;
    },
  });
  const answer = oidc.callback();
  server.on('request', (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return void answer(request, response);
    const { account } = given;
    if (account !== undefined) accounts.set(account.sub, account);
    const result =
      account === undefined
        ? { error: 'access_denied', error_description: '<script>alert(1)</script>' }
        : { login: { accountId: account.sub } };
    void oidc.interactionFinished(request, response, result);
  });
  return given;
}

/** A provider that sends what a test wants in the place of an ID token. */
export interface HostileProvider {
  readonly issuer: string;
  /** What the next ID token says otherwise, by what it would say. */
  claims: (honest: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  /** It is signed with a key that is none of the provider's, or not at all. */
  signature: 'own' | 'strange' | 'none';
  /** Whether the code was sent with what its PKCE challenge was made of. */
  verified: boolean | undefined;
}

export async function hostileProvider(account: Account): Promise<HostileProvider> {
  const { server, origin } = await listening();
  const given: HostileProvider = {
    issuer: origin,
    claims: (honest) => honest,
    signature: 'own',
    verified: undefined,
  };
  let [nonce, challenge] = ['', ''];
  const answers: Record<string, (url: URL, body: string) => object> = {
    '/.well-known/openid-configuration': () => ({
      ...{ issuer: origin, authorization_endpoint: `${origin}/authorize`, token_endpoint: `${origin}/token` },
      ...{
        jwks_uri: `${origin}/keys`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
      },
      id_token_signing_alg_values_supported: ['RS256'],
    }),
    '/keys': () => ({
      keys: [{ ...createPublicKey(OWN).export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'k' }],
    }),
    '/token'(_url, body) {
      const form = new URLSearchParams(body);
      const made = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      given.verified = made === challenge;
      const now = Math.floor(Date.now() / 1000);
      const honest = { ...account, iss: origin, aud: CLIENT_ID, iat: now, exp: now + 300, nonce };
      const parts = [{ alg: given.signature === 'none' ? 'none' : 'RS256', kid: 'k' }, given.claims(honest)]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
      const key = given.signature === 'own' ? OWN : STRANGE;
      const signature =
        given.signature === 'none' ? '' : sign('RSA-SHA256', Buffer.from(parts), key).toString('base64url');
      return { access_token: 'x', token_type: 'Bearer', id_token: `${parts}.${signature}` };
    },
  };
  server.on('request', (request, response) => {
    const url = new URL(request.url ?? '/', origin);
    if (url.pathname === '/authorize') {
      nonce = url.searchParams.get('nonce') ?? '';
      challenge = url.searchParams.get('code_challenge') ?? '';
      const back = new URL(url.searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('code', 'c');
      back.searchParams.set('state', url.searchParams.get('state') ?? '');
      response.writeHead(302, { location: back.href }).end();
      return;
    }
    void text(request).then((body) => {
      const answer = answers[url.pathname];
      response
        .writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
        .end(JSON.stringify(answer?.(url, body) ?? {}));
    });
  });
  return given;
}
