import type {} from 'fastify';

/**
 * Who looks at the pages. Every route but those of static files, of sign-in and of machines (`/healthz`, `/readyz`,
 * `/metrics`) is reached only with one.
 */
export interface Viewer {
  /** The person, for the log of a run: what the sign-in calls them, or the account of this machine behind a link. */
  readonly name: string;
  /** The person's id in Entra, from a verified ID token; null behind a link, as an account of a machine proves nobody. */
  readonly oid: string | null;
  /** What they may do. A reader sees everything and changes nothing. */
  readonly role: 'reader' | 'operator';
  readonly how: 'link' | 'openid';
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `access/` before any handler of a page or an act runs; asking for it elsewhere is a bug and throws. */
    viewer: Viewer;
    /** Somebody is known: not where people sign in, nor where there is nothing to look at. */
    hasViewer: boolean;
    /** What a form of this session has to bring back, in a field `_csrf`. */
    readonly formToken: string;
  }
}
