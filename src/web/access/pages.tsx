import type { VNode } from 'preact';
import { documentOf } from '../../view/document.tsx';

interface Shown {
  readonly title: string;
  readonly children: VNode | readonly VNode[];
  /** A path of this server that the browser goes on to by itself. */
  readonly goesOnTo?: string;
}

/** Before anybody is known: nothing of the tenant stands on these. */
const pageOf = ({ title, children, goesOnTo }: Shown): string =>
  documentOf({
    title: `${title} · retarget`,
    head: (
      <>
        <meta name="color-scheme" content="light dark" />
        {goesOnTo !== undefined && <meta http-equiv="refresh" content={`0;url=${goesOnTo}`} />}
        <link rel="stylesheet" href="/static/view.css" />
      </>
    ),
    children: (
      <main id="main">
        <h1>{title}</h1>
        {children}
      </main>
    ),
  });

/**
 * Goes on from here, not by a redirect: a browser that came from elsewhere would leave out the cookie that it has just got, which it
 * keeps for requests from our own pages.
 */
export const signedInPage = (to: string): string =>
  pageOf({
    title: 'Signed in',
    goesOnTo: to,
    children: (
      <p>
        <a href={to}>Go on</a>
      </p>
    ),
  });

/** The same page is asked for again, now from a page of ours. */
export const comingPage = (to: string): string =>
  pageOf({
    title: 'One moment',
    goesOnTo: to,
    children: (
      <p>
        <a href={to}>Go on</a>
      </p>
    ),
  });

export const linkPage = (why: string): string =>
  pageOf({
    title: 'Open the link',
    children: (
      <>
        <p>{why}</p>
        <p>
          <code>retarget serve</code> prints a link that is good once. For another one press Enter where it
          runs, or start it anew.
        </p>
      </>
    ),
  });

/** @param to where somebody goes on afterwards */
export const signInPage = (why: string, to: string): string =>
  pageOf({
    title: 'Sign in',
    children: (
      <>
        <p>{why}</p>
        <p>
          <a href={`/sign-in/openid?to=${encodeURIComponent(to)}`}>Sign in</a>
        </p>
      </>
    ),
  });

export const refusedPage = (title: string, why: string): string =>
  pageOf({
    title,
    children: (
      <>
        <p>{why}</p>
        <p>
          <a href="/sign-in">Sign in as somebody else</a>
        </p>
      </>
    ),
  });

/** Nobody can be known, as sessions are where the server does not reach; what that is says `/readyz`, to whoever asks. */
export const outOfReachPage = (): string =>
  pageOf({
    title: 'Out of reach',
    children: (
      <>
        <p>
          The server can’t find out just now who has signed in, as what keeps that does not answer. Load this
          page again in a moment.
        </p>
        <p>
          <a href="/readyz">What does not answer</a>
        </p>
      </>
    ),
  });
