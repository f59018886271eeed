import { visible } from './visible.ts';

const QUOTED_CHARS_MAX = 60;

/** A piece of the file inside a message: in quotes, on one line, without what could steer a terminal, and not for ever. */
export const quoted = (text: string): string => visible(JSON.stringify(shortened(text)));

/** Any JSON value inside a message, likewise; absent is `undefined`. */
export const shown = (value: unknown): string =>
  typeof value === 'string' ? quoted(value) : visible(shortened(JSON.stringify(value) ?? 'undefined'));

const shortened = (text: string): string =>
  (text.length > QUOTED_CHARS_MAX ? `${text.slice(0, QUOTED_CHARS_MAX)}…` : text).toWellFormed();
