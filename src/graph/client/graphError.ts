import { isJsonObject } from '../../assignments/values/json.ts';
import type { JsonObject } from '../../assignments/values/json.ts';
import type { GraphError } from '../../assignments/changes/outcome.ts';
import { parsedJson } from './parsedJson.ts';
import { withoutSecretShapes } from '../auth/redact.ts';

/** Characters of Graph's message that are kept, and of its code. One result cell; some services send whole stack traces. */
export const ERROR_TEXT_MAX = 500;
export const ERROR_CODE_MAX = 100;

/** JSON text inside JSON text is followed this deep. Seen in Intune: once. */
const NESTING_MAX = 3;

/**
 * What `{"error":{"code","message"}}` says, or undefined when `body` is no such thing. Both are one line without control
 * characters, and bounded. Intune puts JSON text into the message: then it is the sentence inside.
 */
export function graphError(
  body: unknown,
  hidden: (text: string) => string = withoutSecretShapes,
): GraphError | undefined {
  const error = errorIn(body);
  if (error === undefined) return undefined;
  const code = oneLine(error['code'], ERROR_CODE_MAX, hidden);
  const message = oneLine(sentenceIn(error['message'], NESTING_MAX), ERROR_TEXT_MAX, hidden);
  if (code === '' && message === '') return undefined;
  return { code: code || 'UnknownError', message: message || 'Graph gave no message.' };
}

/** A value of `error.innerError`, where Graph repeats `request-id`, `client-request-id` and `date`. */
export function innerErrorText(body: unknown, name: string): string | undefined {
  const error = errorIn(body);
  const inner = error?.['innerError'] ?? error?.['innererror'];
  const value = isJsonObject(inner) ? inner[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function errorIn(body: unknown): JsonObject | undefined {
  // An inner body that its service did not mark as JSON arrives as text.
  const value = typeof body === 'string' ? parsedJson(body) : body;
  const error = isJsonObject(value) ? value['error'] : undefined;
  return isJsonObject(error) ? error : undefined;
}

function sentenceIn(message: unknown, nestingLeft: number): string {
  if (typeof message !== 'string') return '';
  const nested = nestingLeft > 0 && message.trimStart().startsWith('{') ? parsedJson(message) : undefined;
  if (!isJsonObject(nested)) return withoutTail(message);
  const inside = nested['Message'] ?? nested['message'];
  return sentenceIn(inside, nestingLeft - 1) || sentenceIn(nested['CustomApiErrorPhrase'], 0) || message;
}

/**
 * Intune ends its sentences with ` - Operation ID (for customer support): … - Activity ID: … - Url: …`. The activity is
 * what its support asks for; the rest is the address of an inner machine. This is for reading only: nothing is decided by it.
 */
function withoutTail(sentence: string): string {
  const tail = /\s*[-–]?\s*Operation ID\b/.exec(sentence);
  if (tail === null || tail.index === 0) return sentence;
  const activity = /Activity ID:?\s*([\w-]+)/.exec(sentence.slice(tail.index))?.[1];
  const said = sentence.slice(0, tail.index);
  return activity === undefined ? said : `${said} (Activity ID ${activity})`;
}

/** Control characters would reach the terminal and the cells of a results file, and so would a token that is sent back. */
export function oneLine(
  value: unknown,
  lengthMax: number,
  hidden: (text: string) => string = withoutSecretShapes,
): string {
  if (typeof value !== 'string') return '';
  const text = hidden(value)
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  if (text.length <= lengthMax) return text.toWellFormed();
  // A pair of surrogates that the cut would halve goes as a whole.
  return `${text.slice(0, lengthMax - 1).replace(/[\uD800-\uDBFF]$/, '')}…`.toWellFormed();
}
