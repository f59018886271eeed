import { morph } from './morph.js';

/** Renews what changes of a page as the server tells it, and says so when it does not. */

/** The server says something every 5 s at least. */
const SILENT_MS = 15_000;
const AGAIN_MS = 2_000;

const main = document.querySelector<HTMLElement>('main[data-live]');
const connection = document.getElementById('connection');

let have = main?.dataset['have'] ?? '';
let source: EventSource | undefined;
let heardAt = Date.now();
let isAway = false;

function connect(): void {
  source?.close();
  const path = main?.dataset['live'] ?? '';
  source = new EventSource(`${path}?have=${encodeURIComponent(have)}`);
  source.addEventListener('parts', (event) => {
    have = event.lastEventId;
    show(JSON.parse(event.data as string) as Record<string, string>);
    heard();
  });
  source.addEventListener('beat', heard);
  source.addEventListener('open', heard);
  source.addEventListener('away', (event) => {
    heardAt = Date.now();
    const { since } = JSON.parse(event.data as string) as { since: number };
    away(`The server has not reached Redis since ${clock(since)}: what is shown is of then.`);
  });
  source.addEventListener('gone', () => {
    source?.close();
    source = undefined;
    away('This run is gone from Redis: what is shown is of before.');
  });
  source.addEventListener('error', () => {
    lost();
    // The browser comes again by itself, but for what the server has refused.
    if (source?.readyState === EventSource.CLOSED) void refused();
  });
}

/** It may be that the server does not know any more who looks, as one that has started anew: then nobody comes in by trying on. */
async function refused(): Promise<void> {
  const answer = await fetch(location.pathname, { headers: { accept: 'application/json' } }).catch(
    () => undefined,
  );
  if (answer?.status !== 401) {
    setTimeout(connect, AGAIN_MS);
    return;
  }
  source = undefined;
  isAway = false;
  away('The server does not know you any more: sign in again. What is shown is of before. ');
  const link = document.createElement('a');
  link.href = `/sign-in?to=${encodeURIComponent(location.pathname + location.search)}`;
  link.textContent = 'Sign in';
  connection?.append(link);
}

function show(parts: Readonly<Record<string, string>>): void {
  for (const [name, markup] of Object.entries(parts)) {
    const part = document.getElementById(name);
    if (part !== null) morph(part, markup);
  }
  document.dispatchEvent(new Event('parts'));
}

function heard(): void {
  heardAt = Date.now();
  document.documentElement.classList.remove('away');
  document.documentElement.classList.add('live');
  if (!isAway) return;
  isAway = false;
  if (connection !== null) connection.textContent = '';
}

function lost(): void {
  away(`Connection lost since ${clock(heardAt)}: what is shown is of then.`);
}

function away(words: string): void {
  // Said once: whoever listens to the page is not told each time it tries again.
  if (isAway) return;
  isAway = true;
  document.documentElement.classList.remove('live');
  document.documentElement.classList.add('away');
  if (connection !== null) connection.textContent = words;
}

const clock = (at: number): string =>
  new Date(at).toLocaleTimeString('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  });

function rest(): void {
  source?.close();
  source = undefined;
  document.documentElement.classList.replace('live', 'away');
}

/** A connection that a proxy or a sleeping phone has dropped without a word. */
function watch(): void {
  if (source === undefined || Date.now() - heardAt < SILENT_MS) return;
  lost();
  connect();
  heardAt = Date.now();
}

if (main !== null) {
  connect();
  setInterval(watch, 1_000);
  // Nobody sees a page that is hidden: what it shows is of then, until it has heard of now.
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') connect();
    else rest();
  });
  // One that comes back out of the browser's memory is as old as it was when it was left.
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) connect();
  });
}
