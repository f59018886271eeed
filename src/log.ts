import pino, { type Logger } from 'pino';

export type Log = Logger;

/** Fields of a log line that are shown behind its message. */
const SHOWN = ['run', 'job', 'code', 'remedy'] as const;

/**
 * A log of one plain line per event, `time level message (run …)`, for people and for `grep`.
 * @param write takes a line without its end
 */
export function createLog(write: (line: string) => void, level: 'debug' | 'info' | 'warn' = 'info'): Log {
  const stream = {
    write(json: string) {
      const { time, level: number, msg, err, ...rest } = JSON.parse(json) as Record<string, unknown>;
      const shown = SHOWN.flatMap((field) =>
        rest[field] === undefined ? [] : [`${field}: ${String(rest[field])}`],
      );
      const cause = isErrorText(err) ? [err.message] : [];
      const more = [...cause, ...shown];
      const name = pino.levels.labels[Number(number)] ?? 'info';
      write(
        `${new Date(Number(time)).toISOString()} ${name.padEnd(5)} ${String(msg)}${more.length > 0 ? ` (${more.join('; ')})` : ''}`,
      );
    },
  };
  return pino({ level, base: null }, stream);
}

const isErrorText = (value: unknown): value is { message: string } =>
  typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string';
