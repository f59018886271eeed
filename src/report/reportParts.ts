import { DateTime } from 'luxon';
import type { Called } from '../assignments/names/calledIds.ts';
import { count } from '../app/words.ts';
import { rowDiff, type PartDiff } from '../view/rowDiff.ts';
import type { Report, ReportFinding } from './report.ts';
import type { ReportRow, RowResult } from './reportRow.ts';

/** Lists in a report are for reading: a file has all rows. */
export const TARGETS_SHOWN = 25;
export const CAUSES_SHOWN = 20;
export const FAILURES_SHOWN = 50;
const LINES_SHOWN = 12;
/** A command line in a log may have any length. */
const DETAILS_CHARS_MAX = 300;

export const shortDetails = (text: string): string =>
  text.length <= DETAILS_CHARS_MAX ? text : `${text.slice(0, DETAILS_CHARS_MAX - 1)}…`;

/** `2026-11-28 22:04:31` */
export const when = (at: number, timeZone: string): string =>
  DateTime.fromMillis(at, { zone: timeZone }).toFormat('yyyy-MM-dd HH:mm:ss');

/** What a row changes; of one that was so before, what it has. */
export function changedParts({ before, after, result }: ReportRow, called: Called): readonly PartDiff[] {
  const parts = rowDiff(before, after, called);
  const isSo = before.kind === 'notRead' && (result === 'skipped' || result === 'alreadySo');
  const told = isSo ? parts.map((part) => ({ ...part, isChanged: false })) : parts;
  return told.some(({ isChanged }) => isChanged) ? told.filter(({ isChanged }) => isChanged) : told;
}

/** `lines 22, 41, 92 …` */
export function linesNamed(rows: readonly { readonly line: number }[], total: number): string {
  const lines = rows.slice(0, LINES_SHOWN).map(({ line }) => String(line));
  return `${total === 1 ? 'line' : 'lines'} ${lines.join(', ')}${total > lines.length ? ` …, ${total} in all` : ''}`;
}

/** The rows of a cause by their policies. */
export const policiesNamed = (
  rows: readonly { readonly line: number; readonly policy: string }[],
): readonly { readonly line: number; readonly policy: string }[] => rows.slice(0, LINES_SHOWN);

/** Who has let a finding through, and when: a sentence. */
export function allowedInWords(
  { allowed, count: found }: ReportFinding,
  { timeZone, log }: Pick<Report, 'timeZone' | 'log'>,
): string {
  if (allowed === undefined) return log.length === 0 ? 'Allowed by nobody yet.' : 'Nobody had to allow it.';
  const others = allowed.count === found || allowed.count === Infinity ? '' : `, ${allowed.count} of them`;
  return `Allowed by ${allowed.by}, ${when(allowed.at, timeZone)}${others}.`;
}

/** What the number of policies is of that change. */
export const policiesLabel = (results: Report['results']): string =>
  results.some(([result]) => result === 'toWrite' || result === 'pending')
    ? 'policies to change'
    : 'policies changed';

/** What became of rows, where that differs from row to row. */
export const resultsApart = ({ results }: Pick<Report, 'results'>): readonly RowResult[] =>
  results.length === 1 ? [] : results.map(([result]) => result);

/** The sentence above the table of rows. */
export const rowsInWords = ({ rows, shown, timeZone }: Report): string =>
  rows > shown.length
    ? `The first ${shown.length.toLocaleString('en-US')} of ${count(rows, 'row')}, those of a policy together. Times are of ${timeZone}. All of them: `
    : `${rows === 1 ? 'The one row' : `All ${count(rows, 'row')}, those of a policy together`}. Times are of ${timeZone}.`;
