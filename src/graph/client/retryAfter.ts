import { headerOf } from './headers.ts';

/** No wait that Graph asks for is honoured longer than this: a broken clock must not stop a tenant for a day. */
export const RETRY_AFTER_MAX_MS = 3_600_000;

const DECIMAL_SECONDS = /^(\d+\.?\d*|\.\d+)$/;
/** `Date.parse` also takes "-5" and "7 apples" for dates. All three HTTP forms start with a weekday (RFC 9110, 5.6.7). */
const STARTS_WITH_WEEKDAY = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /i;
const ENDS_WITH_ZONE = /(GMT|UTC|[+-]\d{4})$/i;

/** When a reply arrived: what a Retry-After date is held against. */
export interface Arrival {
  /** The `Date` header that came with the reply, or with the envelope around it. */
  readonly date?: string | undefined;
  /** Our clock, milliseconds since 1970, for a reply without a date. */
  readonly nowMs?: number | undefined;
}

/**
 * The wait a reply's `Retry-After` asks for, in whole milliseconds from 0 to RETRY_AFTER_MAX_MS; undefined when there
 * is none or it can't be read. Whole and decimal seconds are rounded up. A date is held against the reply's own `Date`
 * first, then against `arrival`, so that our clock may be wrong by hours.
 */
export function retryAfterMs(headers: unknown, arrival: Arrival = {}): number | undefined {
  const text = headerOf(headers, 'retry-after')?.trim();
  if (text === undefined) return undefined;
  const waitMs = DECIMAL_SECONDS.test(text)
    ? wholeMs(Number(text))
    : untilDateMs(text, headerOf(headers, 'date'), arrival);
  return waitMs === undefined ? undefined : Math.min(Math.max(waitMs, 0), RETRY_AFTER_MAX_MS);
}

/** Up to the next millisecond, but not because 4.035 × 1000 is 4035.0000000000005. */
const wholeMs = (seconds: number): number => Math.ceil(Math.round(seconds * 1e6) / 1e3);

function untilDateMs(text: string, ownDate: string | undefined, arrival: Arrival): number | undefined {
  const untilMs = httpDateMs(text);
  const fromMs = httpDateMs(ownDate) ?? httpDateMs(arrival.date) ?? arrival.nowMs;
  return untilMs === undefined || fromMs === undefined ? undefined : untilMs - fromMs;
}

function httpDateMs(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? '';
  if (!STARTS_WITH_WEEKDAY.test(trimmed)) return undefined;
  // The asctime form names no zone and would be read as local time; every HTTP date is GMT.
  const ms = Date.parse(ENDS_WITH_ZONE.test(trimmed) ? trimmed : `${trimmed} GMT`);
  return Number.isNaN(ms) ? undefined : ms;
}
