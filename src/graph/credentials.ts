import { isJsonObject } from '../assignments/json.ts';
import type { JsonObject } from '../assignments/json.ts';
import { EXIT, UserError } from '../errors.ts';
import { parsedJson } from './parsedJson.ts';
import { SERVICE_PRINCIPAL_LOGIN } from './permission.ts';

/** Where the access token comes from. */
export interface Credentials {
  /** The token for the next request. Throws a UserError (exit 4) when there is none. */
  token(signal?: AbortSignal): Promise<string>;
  /** Call it when Graph answered 401. True when the next `token()` is another one than was refused. */
  renew(signal?: AbortSignal): Promise<boolean>;
  /** What the token says about itself, or undefined when it can't be read. */
  claims(): Promise<TokenClaims | undefined>;
}

/** Read from the token, not verified: for identity and for hints, never for trust. Graph is who verifies. */
export interface TokenClaims {
  readonly tenantId?: string | undefined;
  readonly appId?: string | undefined;
  /** Application permissions. */
  readonly roles: readonly string[];
  /** Delegated permissions. */
  readonly scopes: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAtMs?: number | undefined;
  /** The signed-in person; none in an app's token. */
  readonly user?: string | undefined;
}

/** True when the token is known to end before `whenMs` (milliseconds since 1970), as after the estimated end of a run. */
export const endsBefore = (claims: TokenClaims | undefined, whenMs: number): boolean =>
  claims?.expiresAtMs !== undefined && claims.expiresAtMs < whenMs;

const REMEDY = `Run \`${SERVICE_PRINCIPAL_LOGIN} && export RETARGET_ACCESS_TOKEN=$(az account get-access-token --resource https://graph.microsoft.com --query accessToken -o tsv)\`, then try again.`;

/** What a bearer token may consist of (RFC 6750, 2.1). Anything else would break the header. */
const BEARER_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** The ready token in RETARGET_ACCESS_TOKEN. Throws a UserError (exit 4) when there is none or it can't be one. */
export function accessTokenCredentials(env: Readonly<Record<string, string | undefined>>): Credentials {
  const token = env['RETARGET_ACCESS_TOKEN']?.trim() ?? '';
  if (token === '') {
    throw new UserError('There is no access token for Microsoft Graph.', {
      remedy: REMEDY,
      exitCode: EXIT.environment,
    });
  }
  if (!BEARER_TOKEN.test(token)) {
    throw new UserError(
      'RETARGET_ACCESS_TOKEN holds characters that no token has: a quote, a space, a line break or "Bearer"?',
      { remedy: REMEDY, exitCode: EXIT.environment },
    );
  }
  return {
    token: async () => token,
    // A ready token stays what it is until somebody sets another one.
    renew: async () => false,
    claims: async () => tokenClaims(token),
  };
}

/** The claims of a JWT, or undefined for an opaque token. */
export function tokenClaims(token: string): TokenClaims | undefined {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return undefined;
  const claims = parsedJson(Buffer.from(payload, 'base64url').toString('utf8'));
  if (!isJsonObject(claims)) return undefined;
  const { roles, exp } = claims;
  return {
    tenantId: textIn(claims, 'tid'),
    appId: textIn(claims, 'appid', 'azp'),
    roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [],
    scopes: textIn(claims, 'scp')?.split(' ').filter(Boolean) ?? [],
    expiresAtMs: typeof exp === 'number' ? exp * 1000 : undefined,
    user: textIn(claims, 'upn', 'preferred_username', 'unique_name'),
  };
}

/** The first of these claims that is text. */
const textIn = (claims: JsonObject, ...names: readonly string[]): string | undefined =>
  names
    .map((name) => claims[name])
    .find((value): value is string => typeof value === 'string' && value !== '');
