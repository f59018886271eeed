import { isReason, reasonInWords, type ReasonFacts } from '../../runs/reason.ts';
import type { LogEntry } from '../../runs/runReader.ts';
import { commandLine } from '../shellWord.ts';
import { duration } from '../words.ts';
import { sumsInWords } from './sumsInWords.ts';

/** What belongs to an action that a log tells, the command line last. */
export function detailsInWords({ at, action, reason, details = {} }: LogEntry): string {
  const { arguments: argv, state, why, facts, ...others } = details;
  const said =
    action === 'ended' || action === 'cancel'
      ? [[state, sumsInWords(others)].filter(Boolean).join(': ')]
      : action === 'throttled'
        ? [throttledInWords(at, others)]
        : [
            ...(typeof why === 'string' && why !== '' ? [why] : whyInWords(reason, facts)),
            ...Object.entries(others).map(([name, value]) => `${name} ${textOf(name, value)}`),
          ];
  return [...said, ...(Array.isArray(argv) ? [commandLine(argv.map(String))] : [])]
    .filter(Boolean)
    .join('; ');
}

function throttledInWords(at: number, { times, untilMs }: Readonly<Record<string, unknown>>): string {
  const wait = typeof untilMs === 'number' ? `, in all for ${duration((untilMs - at) / 1000)}` : '';
  return `the tenant as a whole was told to wait, ${times === 1 ? 'once' : `${String(times)} times`}${wait}`;
}

const whyInWords = (reason: LogEntry['reason'], facts: unknown): string[] =>
  // The facts are those that the script left with this reason.
  isReason(reason) ? [reasonInWords(reason, (facts ?? {}) as ReasonFacts)] : [];

/** Told as moments, as they stand in the log in ms since the epoch. */
const TIMES: ReadonlySet<string> = new Set(['since', 'startAt', 'deadlineAt', 'revertAt']);

function textOf(name: string, value: unknown): string {
  if (TIMES.has(name) && typeof value === 'number') return new Date(value).toISOString();
  if (value === null || (Array.isArray(value) && value.length === 0)) return 'off';
  if (Array.isArray(value)) return value.map((each) => textOf(name, each)).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
