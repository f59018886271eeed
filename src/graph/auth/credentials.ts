import { tokenClaims, type TokenClaims } from './claims.ts';
import { EXIT, UserError } from '../../errors.ts';
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
