/** The seven days as `Date` and ISO 8601 number them from Monday on: 1 to 7. */
const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
const DAY_MINUTES = 1_440;

/** When a run may be at work, again and again, by the clock of its zone: every day, or every week from a day to a day. */
export interface Window {
  /** 1 (Monday) to 7; undefined: every day. */
  readonly fromDay?: number;
  readonly toDay?: number;
  /** Minutes since midnight. */
  readonly from: number;
  /** Minutes since midnight, up to 1440; not after `from`: of the next day. */
  readonly to: number;
}

const ONE_END = /^(?:([a-z]+)\s+)?(\d{1,2}):(\d{2})$/;

/** Reads `22:00-05:00` or `Sat 08:00 - Sun 20:00`; undefined for what is neither, or has no length. */
export function windowIn(text: string): Window | undefined {
  const ends = text
    .trim()
    .toLowerCase()
    .split(/\s*[-–]\s*/);
  const [first, second] = ends.map(endIn);
  if (ends.length !== 2 || first === undefined || second === undefined) return undefined;
  if (first.minutes === DAY_MINUTES) return undefined;
  if (first.day === undefined && second.day === undefined)
    return first.minutes === second.minutes ? undefined : { from: first.minutes, to: second.minutes };
  if (first.day === undefined || second.day === undefined) return undefined;
  const window = { fromDay: first.day, toDay: second.day, from: first.minutes, to: second.minutes };
  return first.day === second.day && first.minutes === second.minutes ? undefined : window;
}

function endIn(text: string): { readonly day: number | undefined; readonly minutes: number } | undefined {
  const [, name, hours = '', minutes = ''] = ONE_END.exec(text) ?? [];
  if (hours === '' || Number(minutes) > 59) return undefined;
  const all = Number(hours) * 60 + Number(minutes);
  const day = name === undefined ? undefined : dayNamed(name);
  return all > DAY_MINUTES || (name !== undefined && day === undefined) ? undefined : { day, minutes: all };
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

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

/** How many days after its beginning it ends. */
export function daysThrough({ fromDay, toDay, from, to }: Window): number {
  if (fromDay === undefined || toDay === undefined) return to > from ? 0 : 1;
  const days = (toDay - fromDay + 7) % 7;
  return days === 0 && to <= from ? 7 : days;
}
