/** Any base: what leads away from it leads away from here. */
const HERE = 'http://here.invalid';

/** Where somebody goes on after signing in: a path of this server, or its first page. */
export function returnPath(asked: unknown): string {
  if (typeof asked !== 'string' || asked.length > 2_000) return '/';
  // Browsers take a backslash for a slash, and drop tabs and line breaks.
  if (!/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(asked)) return '/';
  const url = URL.parse(asked, HERE);
  if (url === null || url.origin !== HERE || url.pathname.startsWith('/sign-')) return '/';
  // What was resolved may begin otherwise than what was asked, as `/.//elsewhere`.
  return /^\/(?!\/)/.test(url.pathname) ? `${url.pathname}${url.search}` : '/';
}
