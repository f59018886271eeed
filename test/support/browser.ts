import { request } from 'undici';

/** What came back, as far as a browser heeds it. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Where it was at last. */
  readonly url: string;
}

export interface Asking {
  readonly method?: 'GET' | 'POST' | 'HEAD' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  /** Which site's page asks; left out: somebody has typed the address. */
  readonly from?: string;
  /** A script asks, and not somebody who opens a page. */
  readonly isFetch?: boolean;
  readonly follow?: boolean;
}

/** A browser as far as it matters: cookies by host with `SameSite`, and what it says of where a request comes from. */
export class Browser {
  readonly #cookies = new Map<
    string,
    { readonly value: string; readonly sameSite: string; readonly path: string }
  >();

  /** What the last page of each origin wants told of itself. */
  readonly #policies = new Map<string, string>();

  /** Of a host and a name, as it lies in the jar. */
  cookie(url: string, name: string): string | undefined {
    return this.#cookies.get(`${new URL(url).hostname} ${name}`)?.value;
  }

  put(url: string, name: string, value: string): void {
    this.#cookies.set(`${new URL(url).hostname} ${name}`, { value, sameSite: 'lax', path: '/' });
  }

  get jar(): readonly (readonly [name: string, sameSite: string])[] {
    return [...this.#cookies].map(([key, { sameSite }]) => [key.split(' ')[1] ?? '', sameSite] as const);
  }

  async ask(url: string, asking: Asking = {}): Promise<Answered> {
    const { method = 'GET', headers = {}, form, from, isFetch = false, follow = true } = asking;
    const target = new URL(url);
    const site = siteOf(target, from);
    const isWrite = method !== 'GET' && method !== 'HEAD';
    const body = form && new URLSearchParams(form).toString();
    // A page that tells nothing of itself is none, also towards its own site.
    const said = from ?? target.origin;
    const origin = !isFetch && this.#policies.get(said) === 'no-referrer' ? 'null' : said;
    const answer = await request(url, {
      method,
      headers: {
        accept: isFetch ? '*/*' : 'text/html',
        'sec-fetch-site': site,
        'sec-fetch-mode': isFetch ? 'cors' : 'navigate',
        ...((isWrite || (isFetch && site !== 'same-origin')) && { origin }),
        ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
        cookie: this.#sent(target, site, { isWrite, isFetch }),
        ...headers,
      },
      body: body ?? null,
    });
    this.#keep(target, answer.headers['set-cookie']);
    if (!isFetch) this.#policies.set(target.origin, String(answer.headers['referrer-policy']));
    const text = await answer.body.text();
    const { location } = answer.headers;
    if (follow && answer.statusCode >= 300 && answer.statusCode < 400 && typeof location === 'string') {
      const next = new URL(location, url);
      // A way that has led through another site once comes from there.
      const isCross = site === 'cross-site' || next.origin !== target.origin;
      return this.ask(next.href, {
        isFetch,
        headers,
        from: isCross ? 'https://elsewhere.example' : target.origin,
      });
    }
    return { status: answer.statusCode, headers: answer.headers, body: text, url };
  }

  /** Where the page that came goes on by itself. */
  async refreshed(came: Answered): Promise<Answered> {
    const [, to] = /content="0;url=([^"]+)"/.exec(came.body) ?? [];
    if (to === undefined) throw new Error(`it goes on nowhere: ${came.body}`);
    const next = new URL(to.replaceAll('&amp;', '&'), came.url);
    return this.ask(next.href, { from: new URL(came.url).origin });
  }

  #sent({ hostname, pathname }: URL, site: string, how: { isWrite: boolean; isFetch: boolean }): string {
    const isSame = site !== 'cross-site';
    return [...this.#cookies]
      .filter(([key]) => key.startsWith(`${hostname} `))
      .filter(([, { path }]) => pathname.startsWith(path))
      .filter(([, { sameSite }]) => isSame || (sameSite === 'lax' && !how.isWrite && !how.isFetch))
      .map(([key, { value }]) => `${key.split(' ')[1]}=${value}`)
      .join('; ');
  }

  #keep({ hostname }: URL, set: string | string[] | undefined): void {
    for (const line of [set ?? []].flat()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      const key = `${hostname} ${name}`;
      if (/expires=Thu, 01 Jan 1970/i.test(line)) this.#cookies.delete(key);
      else
        this.#cookies.set(key, {
          value,
          sameSite: /samesite=(\w+)/i.exec(line)?.[1]?.toLowerCase() ?? 'lax',
          path: /path=([^;]+)/i.exec(line)?.[1] ?? '/',
        });
    }
  }
}

/** As browsers have it: ports make another origin, and no other site. */
function siteOf(target: URL, from: string | undefined): string {
  if (from === undefined) return 'none';
  if (from === target.origin) return 'same-origin';
  return URL.parse(from)?.hostname === target.hostname ? 'same-site' : 'cross-site';
}
