import { isJsonObject, type JsonObject } from '../../assignments/values/json.ts';
import { parsedJson } from '../client/parsedJson.ts';

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
  /** The person's, or the app's, id in the tenant, in lower case. */
  readonly objectId?: string | undefined;
  /** A person has signed in: it has delegated permissions, and doesn't say that it is an app's. */
  readonly isDelegated?: boolean;
}

/** True when the token is known to end before `whenMs` (milliseconds since 1970), as after the estimated end of a run. */
export const endsBefore = (claims: TokenClaims | undefined, whenMs: number): boolean =>
  claims?.expiresAtMs !== undefined && claims.expiresAtMs < whenMs;

/** The claims of a JWT, or undefined for an opaque token. */
export function tokenClaims(token: string): TokenClaims | undefined {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return undefined;
  const claims = parsedJson(Buffer.from(payload, 'base64url').toString('utf8'));
  if (!isJsonObject(claims)) return undefined;
  const { roles, exp, idtyp } = claims;
  const scopes = textIn(claims, 'scp')?.split(' ').filter(Boolean) ?? [];
  return {
    tenantId: textIn(claims, 'tid'),
    appId: textIn(claims, 'appid', 'azp'),
    roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [],
    scopes,
    expiresAtMs: typeof exp === 'number' ? exp * 1000 : undefined,
    user: textIn(claims, 'upn', 'preferred_username', 'unique_name'),
    objectId: textIn(claims, 'oid')?.toLowerCase(),
    isDelegated: scopes.length > 0 && (idtyp === undefined || idtyp === 'user'),
  };
}

/** The first of these claims that is text. */
const textIn = (claims: JsonObject, ...names: readonly string[]): string | undefined =>
  names
    .map((name) => claims[name])
    .find((value): value is string => typeof value === 'string' && value !== '');
