/** The beginning of a text that may be of any length. */
export const shortened = (text: string, charsMax: number): string =>
  text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`;

export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;

/** `1 h 04 min`, `2 min 10 s`, `8 s` */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`;
}

/** So many of something, when it is spoken of again. */
export const themOf = (n: number): string => (n === 1 ? 'it' : 'them');

const DAY_MS = 86_400_000;
const two = (n: number): string => String(n).padStart(2, '0');

/** A moment on this host's clock, `00:42`; with the day, `2026-11-24 00:05`, when it is a day or more away. */
export function clockTime(at: number, now = Date.now()): string {
  const date = new Date(at);
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
  if (Math.abs(at - now) < DAY_MS) return clock;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
}

/** What a file is called without the directories that it is in, on whatever system it was named. */
export const baseName = (path: string): string => path.split(/[/\\]/).findLast((part) => part !== '') ?? path;
