import type { ComponentChildren, VNode } from 'preact';
import { documentOf } from '../view/document.tsx';
import { VERSION } from '../version.ts';
import { zoneOfHost } from '../runs/schedule/localTime.ts';
import { secondInWords, zoneInWords } from './clock.tsx';
import type { Viewer } from './viewer.ts';

/** What stands on every page. */
export interface Frame {
  /** As people call it, or its id. */
  readonly tenant: string;
  readonly viewer: Viewer;
  /** Of its forms. */
  readonly formToken: string;
  /** Redis' clock, ms since the epoch. */
  readonly now: number;
}

export interface WebPage extends Frame {
  readonly title: string;
  /** Where what changes of it comes from; left out: nothing does. */
  readonly live?: string;
  /** The state of it that the page shows, as the server calls it. */
  readonly have?: string;
  /** Values can be read off its plots. */
  readonly hasPlots?: boolean;
  readonly children: ComponentChildren;
}

/** A whole page. Without scripts it is a picture of one moment, and says so. */
export const pageOf = ({ title, live, have, hasPlots = false, children, ...frame }: WebPage): string =>
  documentOf({
    title: `${title} · retarget`,
    head: <Head isLive={live !== undefined} hasPlots={hasPlots} />,
    children: (
      <>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <Top {...frame} />
        <div id="connection" class="connection" role="status" />
        <main id="main" tabIndex={-1} data-live={live} data-have={have}>
          {children}
        </main>
        <Foot now={frame.now} isLive={live !== undefined} />
      </>
    ),
  });

const Head = ({ isLive, hasPlots }: { readonly isLive: boolean; readonly hasPlots: boolean }): VNode => (
  <>
    <meta name="color-scheme" content="light dark" />
    <link rel="icon" href="/static/icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="/static/view.css" />
    <link rel="stylesheet" href="/static/page.css" />
    <script type="module" src="/static/page.js" />
    {isLive && <script type="module" src="/static/live.js" />}
    {hasPlots && (
      <>
        <link rel="stylesheet" href="/static/uPlot.min.css" />
        <script defer src="/static/uPlot.iife.min.js" />
        <script type="module" src="/static/plot.js" />
      </>
    )}
  </>
);

const Top = ({ tenant, viewer, formToken }: Frame): VNode => (
  <header class="top">
    <a class="brand" href="/">
      retarget
    </a>
    <span class="tenant" title="The tenant that these runs are of">
      {tenant}
    </span>
    <div class="who">
      <span class="viewer">
        {viewer.name} <span class="quiet">({viewer.role})</span>
      </span>
      <form method="post" action="/sign-out" class="sign-out">
        <input type="hidden" name="_csrf" value={formToken} />
        <button type="submit">Sign out</button>
      </form>
    </div>
  </header>
);

const Foot = ({ now, isLive }: { readonly now: number; readonly isLive: boolean }): VNode => (
  <footer class="foot quiet">
    <p>
      Times are on the clock of this server, <span data-zone={zoneOfHost()}>{zoneInWords(now)}</span>.{' '}
      <span id="your-clock" />
    </p>
    <p class="as-of">
      As of {secondInWords(now)}
      {isLive && <noscript>. Scripts are off: load the page again to see what has changed</noscript>}.
    </p>
    <p>retarget {VERSION}</p>
  </footer>
);
