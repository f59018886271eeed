/** What may stand behind a message: ids, what went wrong, what to do about it. */
export type LogFields = Readonly<Record<string, unknown>>;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A log for people and for `grep`: one plain line an event, `time level message (run: …)`. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A log whose least level can be changed on the way, as the settings that decide it are read after it has begun. */
export interface LeveledLog extends Log {
  level: LogLevel;
}

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Fields that are shown behind the message; an `err` is shown as its message. */
const SHOWN = ['run', 'job', 'code', 'remedy'] as const;

/** @param write takes a line without its end */
export function createLog(write: (line: string) => void, level: LogLevel = 'info'): LeveledLog {
  const line =
    (of: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (LEVELS.indexOf(of) < LEVELS.indexOf(log.level)) return;
      const { err } = fields;
      const cause = err instanceof Error ? [err.message] : [];
      const shown = SHOWN.flatMap((field) =>
        fields[field] === undefined ? [] : [`${field}: ${String(fields[field])}`],
      );
      const more = [...cause, ...shown];
      const behind = more.length > 0 ? ` (${more.join('; ')})` : '';
      write(`${new Date().toISOString()} ${of.padEnd(5)} ${message}${behind}`);
    };
  const log: LeveledLog = {
    level,
    ...{ debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
  };
  return log;
}

/** One that nobody reads. */
export const NO_LOG: Log = { debug() {}, info() {}, warn() {}, error() {} };
