import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Provider, type Adapter, type AdapterPayload } from 'oidc-provider';
import type { Certificate } from './certificates.ts';

export const GRAPH = 'https://graph.microsoft.com';

/** An app of the tenant. What is changed here counts from the next request on. */
export interface App {
  secret?: string;
  secretHasExpired?: boolean;
  /** PEM. */
  certificate?: string;
  /** Signs people in, with a code. */
  isPublic?: boolean;
}

export interface OpenIdProvider {
  /** For AZURE_AUTHORITY_HOST. */
  readonly authorityHost: string;
  readonly apps: Map<string, App>;
  /** Seconds that the next tokens live. */
  tokenSeconds: number;
  /** HTTP statuses that the next token requests get instead of an answer, first in, first out. */
  readonly troubles: number[];
  /** `POST /oauth2/v2.0/token 200`, in order. */
  readonly requests: readonly string[];
  /** Called for each token request that has come in, before it is answered. */
  beforeToken: (response: ServerResponse) => Promise<void>;
  tokenRequests(): number;
  /** What a person does with the code that was shown. */
  approve(userCode: string): Promise<void>;
  /** Out of reach until `comeBack`. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A real OpenID provider over TLS, at the addresses of Microsoft Entra for one tenant. It checks secrets and signed
 * assertions itself; only the numbers in its refusals are put into Entra's words.
 */
export async function startOpenIdProvider(tenant: string, tls: Certificate): Promise<OpenIdProvider> {
  const apps = new Map<string, App>();
  const requests: string[] = [];
  const server = createServer({ key: tls.key, cert: tls.cert });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const authorityHost = `https://127.0.0.1:${port}`;

  const provider: OpenIdProvider = {
    authorityHost,
    apps,
    tokenSeconds: 3600,
    troubles: [],
    requests,
    beforeToken: async () => undefined,
    tokenRequests: () => requests.filter((request) => request.includes('/token ')).length,
    async approve(userCode) {
      const code = await oidc.DeviceCode.findByUserCode(userCode.replace('-', ''));
      if (code === undefined) throw new Error(`There is no code ${userCode}.`);
      const grant = new oidc.Grant({ accountId: 'jo@example.com', clientId: code.clientId ?? '' });
      grant.addOIDCScope('openid profile offline_access');
      grant.addResourceScope(GRAPH, `${GRAPH}/.default`);
      code.grantId = await grant.save();
      code.accountId = 'jo@example.com';
      code.scope = code.params?.['scope'] as string;
      code.resource = GRAPH;
      await code.save();
    },
    async goAway() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
    async comeBack() {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    async stop() {
      if (server.listening) await provider.goAway();
    },
  };

  const oidc = new Provider(`${authorityHost}/${tenant}/v2.0`, {
    adapter: (model: string) => (model === 'Client' ? clientsFrom(apps) : memoryOf()),
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomUUID()] },
    ttl: {
      ClientCredentials: () => provider.tokenSeconds,
      AccessToken: () => provider.tokenSeconds,
      ...{ DeviceCode: 600, Grant: 3600, IdToken: 3600, RefreshToken: 3600 },
    },
    clientAuthMethods: ['client_secret_post', 'private_key_jwt', 'none'],
    scopes: ['openid', 'offline_access', 'profile', `${GRAPH}/.default`],
    routes: {
      token: '/oauth2/v2.0/token',
      authorization: '/oauth2/v2.0/authorize',
      device_authorization: '/oauth2/v2.0/devicecode',
      jwks: '/discovery/v2.0/keys',
    },
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => GRAPH,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: `${GRAPH}/.default`,
          audience: GRAPH,
          accessTokenTTL: provider.tokenSeconds,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id }) }),
    issueRefreshToken: () => true,
    extraTokenClaims: (_context, token) => ({
      tid: tenant,
      appid: token.clientId,
      ...(token.kind === 'AccessToken'
        ? { upn: token.accountId, scp: 'DeviceManagementConfiguration.ReadWrite.All' }
        : { roles: ['DeviceManagementConfiguration.ReadWrite.All'] }),
    }),
  });
  oidc.use(async (context, next) => {
    const isToken = context.path.endsWith('/token');
    if (isToken) await provider.beforeToken(context.res);
    const trouble = isToken ? provider.troubles.shift() : undefined;
    if (trouble === undefined) await next();
    else {
      context.status = trouble;
      context.body = '<html>unwell</html>';
    }
    inEntrasWords(context, apps);
    requests.push(`${context.method} ${context.path} ${context.status}`);
  });

  const answer = oidc.callback();
  server.on('request', (request, response) => {
    const path = request.url ?? '/';
    if (!path.startsWith(`/${tenant}/`)) {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(entraError('invalid_tenant', 90002, `Tenant '${path.split('/')[1]}' not found.`)),
      );
      return;
    }
    request.url = path.slice(tenant.length + 1).replace('/v2.0/.well-known/', '/.well-known/');
    // The provider takes what is missing from the beginning for the place where it is mounted.
    Object.assign(request, { originalUrl: `/${tenant}${request.url}` });
    void formOf(request).then(
      (body) => answer(Object.assign(request, body === undefined ? {} : { body }), response),
      // The client left in the middle of its request.
      () => response.destroy(),
    );
  });
  return provider;
}

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/** Entra, and so Microsoft's library, knows the grant of device codes by a short name too. */
async function formOf(request: IncomingMessage): Promise<Record<string, string> | undefined> {
  if (request.method !== 'POST') return undefined;
  const form = Object.fromEntries(new URLSearchParams(await text(request)));
  return form['grant_type'] === 'device_code' ? { ...form, grant_type: DEVICE_CODE } : form;
}

const entraError = (error: string, code: number, sentence: string): Record<string, unknown> => ({
  error,
  error_description: `AADSTS${code}: ${sentence} Trace ID: ${randomUUID()} Correlation ID: ${randomUUID()} Timestamp: 2026-01-01 00:00:00Z`,
  error_codes: [code],
  timestamp: '2026-01-01 00:00:00Z',
});

/** What of the provider's context the words are made from. */
interface Answer {
  status: number;
  body: unknown;
  readonly oidc?: { readonly params?: Readonly<Record<string, unknown>> };
}

function inEntrasWords(context: Answer, apps: ReadonlyMap<string, App>): void {
  const { body } = context;
  // Not every provider says how often to ask; Entra does, and Microsoft's library relies on it.
  if (typeof body === 'object' && body !== null && 'device_code' in body)
    context.body = { ...body, interval: 0.05 };
  if (typeof body !== 'object' || body === null || !('error' in body) || body.error !== 'invalid_client')
    return;
  const { client_id: id, client_assertion: assertion } = context.oidc?.params ?? {};
  const app = apps.get(String(id));
  if (app === undefined) {
    context.status = 400;
    context.body = entraError(
      'unauthorized_client',
      700016,
      `Application '${id}' was not found in the directory.`,
    );
  } else if (assertion !== undefined) {
    context.body = entraError(
      'invalid_client',
      700027,
      'The certificate with this identifier is not registered.',
    );
  } else if (app.secretHasExpired) {
    context.body = entraError('invalid_client', 7000222, 'The provided client secret keys are expired.');
  } else {
    context.body = entraError('invalid_client', 7000215, 'Invalid client secret provided.');
  }
}

function clientsFrom(apps: ReadonlyMap<string, App>): Adapter {
  return {
    ...memoryOf(),
    async find(id) {
      const app = apps.get(id);
      if (app === undefined) return undefined;
      const { secret, secretHasExpired, certificate, isPublic } = app;
      return {
        client_id: id,
        redirect_uris: [],
        response_types: [],
        grant_types: isPublic ? [DEVICE_CODE, 'refresh_token'] : ['client_credentials'],
        token_endpoint_auth_method: isPublic ? 'none' : secret ? 'client_secret_post' : 'private_key_jwt',
        ...(secret === undefined ? {} : { client_secret: secret }),
        ...(secretHasExpired ? { client_secret_expires_at: 1 } : {}),
        ...(certificate === undefined
          ? {}
          : { jwks: { keys: [createPublicKey(certificate).export({ format: 'jwk' })] } }),
      } as AdapterPayload;
    },
  };
}

/** Keeps what the provider gives it, for the life of a test. */
export function memoryOf(): Adapter {
  const byId = new Map<string, AdapterPayload>();
  const firstWith = (name: 'uid' | 'userCode', value: string): AdapterPayload | undefined =>
    [...byId.values()].find((payload) => payload[name] === value);
  return {
    upsert: async (id, payload) => void byId.set(id, payload),
    find: async (id) => byId.get(id),
    findByUid: async (uid) => firstWith('uid', uid),
    findByUserCode: async (userCode) => firstWith('userCode', userCode),
    consume: async (id) => {
      const payload = byId.get(id);
      if (payload) payload['consumed'] = Math.floor(Date.now() / 1000);
    },
    destroy: async (id) => void byId.delete(id),
    revokeByGrantId: async () => undefined,
  };
}

const signingKey = () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'test' };
};
