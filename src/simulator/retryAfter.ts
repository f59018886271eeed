/**
 * How a throttled reply says when to come back. Graph is seen to use them all: a whole or decimal number of seconds, an HTTP
 * date, any letter case; some services always say 1, and Intune often leaves it out.
 */
export const RETRY_AFTER_STYLES = ['seconds', 'decimal', 'date', 'lowercase', 'one', 'missing'] as const;
export type RetryAfterStyle = (typeof RETRY_AFTER_STYLES)[number];

export interface RetryAfter {
  readonly headers: Readonly<Record<string, string>>;
  /** The wait as the header words it, which rounding makes longer and `one` wrong; undefined when nothing was said. */
  readonly toldMs: number | undefined;
}

/** @param wallMs now, in milliseconds since 1970, for the date. */
export function retryAfter(style: RetryAfterStyle, waitMs: number, wallMs: number): RetryAfter {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  switch (style) {
    case 'seconds':
      return { headers: { 'Retry-After': String(seconds) }, toldMs: seconds * 1000 };
    case 'lowercase':
      return { headers: { 'retry-after': String(seconds) }, toldMs: seconds * 1000 };
    case 'decimal': {
      const toldMs = Math.max(1, Math.ceil(waitMs));
      return { headers: { 'Retry-After': (toldMs / 1000).toFixed(3) }, toldMs };
    }
    case 'date': {
      const endMs = Math.ceil((wallMs + waitMs) / 1000) * 1000;
      return { headers: { 'Retry-After': new Date(endMs).toUTCString() }, toldMs: endMs - wallMs };
    }
    case 'one':
      return { headers: { 'Retry-After': '1' }, toldMs: 1000 };
    case 'missing':
      return { headers: {}, toldMs: undefined };
  }
}
