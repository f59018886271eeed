/** The seven days as `Date` and ISO 8601 number them from Monday on: 1 to 7. */
const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
const DAY_SECONDS = 86_400;

/** When a run may be at work, again and again, by the clock of its zone: every day, or every week from a day to a day. */
export interface Window {
  /** 1 (Monday) to 7; undefined: every day. */
  readonly fromDay?: number;
  readonly toDay?: number;
  /** Seconds since midnight. */
  readonly from: number;
  /** Seconds since midnight, up to 86,400; not after `from`: of the next day. */
  readonly to: number;
}

const ONE_END = /^(?:([a-z]+)\s+)?(\d{1,2}):(\d{2})(?::(\d{2}))?$/;

/** Reads `22:00-05:00` or `Sat 08:00 - Sun 20:00`, to the second if need be; undefined for what is neither, or has no length. */
export function windowIn(text: string): Window | undefined {
  const ends = text
    .trim()
    .toLowerCase()
    .split(/\s*[-–]\s*/);
  const [first, second] = ends.map(endIn);
  if (ends.length !== 2 || first === undefined || second === undefined) return undefined;
  if (first.seconds === DAY_SECONDS) return undefined;
  if (first.day === undefined && second.day === undefined)
    return first.seconds === second.seconds ? undefined : { from: first.seconds, to: second.seconds };
  if (first.day === undefined || second.day === undefined) return undefined;
  const window = { fromDay: first.day, toDay: second.day, from: first.seconds, to: second.seconds };
  return first.day === second.day && first.seconds === second.seconds ? undefined : window;
}

function endIn(text: string): { readonly day: number | undefined; readonly seconds: number } | undefined {
  const [, name, hours = '', minutes = '', rest = '0'] = ONE_END.exec(text) ?? [];
  if (hours === '' || Number(minutes) > 59 || Number(rest) > 59) return undefined;
  const seconds = Number(hours) * 3_600 + Number(minutes) * 60 + Number(rest);
  const day = name === undefined ? undefined : dayNamed(name);
  return seconds > DAY_SECONDS || (name !== undefined && day === undefined) ? undefined : { day, seconds };
}

/** `sat`, `satur` and `saturday` are one day. */
function dayNamed(name: string): number | undefined {
  const place = WHOLE_NAMES.findIndex((whole) => name.length >= 3 && whole.startsWith(name));
  return place < 0 ? undefined : place + 1;
}

const WHOLE_NAMES = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** As `windowIn` reads it again. */
export const windowInWords = ({ fromDay, toDay, from, to }: Window): string =>
  fromDay === undefined || toDay === undefined
    ? `${clock(from)}-${clock(to)}`
    : `${DAYS[fromDay - 1]} ${clock(from)} - ${DAYS[toDay - 1]} ${clock(to)}`;

function clock(seconds: number): string {
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = seconds % 60 === 0 ? parts.slice(0, 2) : parts;
  return shown.map((part) => String(part).padStart(2, '0')).join(':');
}

/** How many days after its beginning it ends. */
export function daysThrough({ fromDay, toDay, from, to }: Window): number {
  if (fromDay === undefined || toDay === undefined) return to > from ? 0 : 1;
  const days = (toDay - fromDay + 7) % 7;
  return days === 0 && to <= from ? 7 : days;
}
