import { badModel, type Refused } from './refused.ts';
import { isObject } from './target.ts';

const DENIED: Refused = {
  status: 403,
  code: 'Authorization_RequestDenied',
  message: 'Insufficient privileges to complete the operation.',
  born: 'gateway',
};

/**
 * What the directory says of the token itself, and of its organization; undefined for any other address. Tokens are believed when they
 * are accepted here at all (`tokens` of the settings), as Graph believes those whose signature it has checked.
 * Source: learn.microsoft.com/graph/api/user-get
 */
export function answerSignedIn(
  { method, url }: { readonly method: string; readonly url: string },
  token: string,
): { readonly status: 200; readonly body: unknown } | { readonly refused: Refused } | undefined {
  const [, what] = /^\/?(me|organization)(?:[/?]|$)/.exec(url) ?? [];
  if (what === undefined || method !== 'GET') return undefined;
  if (what === 'organization') return { refused: DENIED };
  const claims = claimsOf(token);
  if (typeof claims['scp'] !== 'string')
    return { refused: badModel('/me request is only valid with delegated authentication flow.') };
  return { status: 200, body: { id: claims['oid'], userPrincipalName: claims['upn'] } };
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return isObject(claims) ? claims : {};
  } catch {
    return {};
  }
}
