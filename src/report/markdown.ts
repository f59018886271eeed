import { capitalized } from '../assignments/kinds/kind.ts';
import { detailsInWords } from '../app/runs/logInWords.ts';
import { count } from '../app/words.ts';
import { plotInWords } from '../view/plot/runPlot.ts';
import { targetSide, type PartDiff, type Side } from '../view/rowDiff.ts';
import { codeSpan, prose, proseCalled } from './markdownText.ts';
import type { Report } from './report.ts';
import {
  allowedInWords,
  policiesLabel,
  CAUSES_SHOWN,
  FAILURES_SHOWN,
  linesNamed,
  changedParts,
  policiesNamed,
  resultsApart,
  rowsInWords,
  shortDetails,
  TARGETS_SHOWN,
  when,
} from './reportParts.ts';
import { isUnmet, RESULT_WORDS, type ReportRow } from './reportRow.ts';
import type { CountedRows } from './reportTally.ts';

const ROWS_AT_A_TIME = 500;

/** A report as Markdown, as GitHub, GitLab and Azure DevOps show it, piece by piece. What others have written runs, links and mentions nothing. */
export function* markdownOf(report: Report): Generator<string> {
  const { shown } = report;
  yield `${[
    `# ${prose(report.title)}`,
    ...report.lead.map(prose),
    prose(
      `Report of ${when(report.madeAt, report.timeZone)} (${report.timeZone}), made by retarget ${report.version}`,
    ),
    ...sumsOf(report),
    ...factsOf(report),
    ...(report.plot === undefined ? [] : ['## How it went', prose(plotInWords(report.plot))]),
    ...whatChanges(report),
    ...findingsOf(report),
    ...failuresIn(report),
    ...logOf(report),
    ...[
      '## What to do with it',
      report.next.map(([what, command]) => `- ${prose(what)}: ${codeSpan(command)}`).join('\n'),
    ],
    ...[
      '## Every row',
      `${prose(rowsInWords(report))}${report.rows > shown.length ? codeSpan(report.restIn) : ''}`,
    ],
    table(['Line', 'Policy', 'Before → after', 'Result', 'Time'], [], 1),
  ].join('\n\n')}\n`;
  for (let first = 0; first < shown.length; first += ROWS_AT_A_TIME)
    yield shown
      .slice(first, first + ROWS_AT_A_TIME)
      .map((row) => `${line(cellsOf(row, report))}\n`)
      .join('');
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** @param numbers how many of the first columns, or with a minus of the last ones, are numbers */
function table(headings: readonly string[], rows: readonly (readonly string[])[], numbers: number): string {
  const isNumber = (i: number): boolean => (numbers < 0 ? i >= headings.length + numbers : i < numbers);
  return [
    line(headings),
    line(headings.map((_, i) => (isNumber(i) ? '---:' : '---'))),
    ...rows.map(line),
  ].join('\n');
}

const number = (n: number, sign = ''): string => (n === 0 ? '–' : sign + n.toLocaleString('en-US'));

const sumsOf = ({ results, changedPolicies }: Report): string[] => [
  table(
    [...results.map(([result]) => capitalized(RESULT_WORDS[result])), capitalized(policiesLabel(results))],
    [[...results.map(([, rows]) => number(rows)), number(changedPolicies)]],
    -results.length - 1,
  ),
];

const factsOf = ({ facts }: Report): string[] => [
  table(
    ['', ''],
    facts.map(({ label, values, isCode }) => [
      prose(label),
      values.map(isCode ? codeSpan : prose).join(', '),
    ]),
    0,
  ),
];

function whatChanges(report: Report): string[] {
  const { kinds, platforms, targets, ways, called } = report;
  const results = resultsApart(report);
  const counted = (first: string, of: readonly CountedRows[]): string =>
    table(
      [first, 'Rows', ...results.map((result) => capitalized(RESULT_WORDS[result]))],
      of.map(({ label, rows, results: by }) => [
        prose(label),
        ...[number(rows), ...results.map((result) => number(by[result] ?? 0))],
      ]),
      -results.length - 1,
    );
  const byTarget = table(
    ['Group, or everybody', 'Assigned', 'No longer', 'Changed in place'],
    targets
      .slice(0, TARGETS_SHOWN)
      .map(({ target, gained, lost, kept }) => [
        ...[sideOf(targetSide(target, called)), number(gained, '+'), number(lost, '−'), number(kept)],
      ]),
    -3,
  );
  const byWay = ways
    .slice(0, TARGETS_SHOWN)
    .map(({ from, to, filter, isTurned, rows }) =>
      prose(
        `${count(rows, 'assignment')}: ${from} → ${to}${filter === 'none' ? '' : `, filter ${filter}`}${isTurned ? ', intent turned' : ''}`,
      ),
    );
  return [
    ...[
      '## What changes',
      '### By kind of policy',
      counted(
        'Kind',
        kinds.map((kind) => ({ ...kind, label: capitalized(kind.label) })),
      ),
    ],
    ...['### By platform', counted('Platform', platforms)],
    ...(targets.length === 0
      ? []
      : ['### By target', byTarget, ...more(TARGETS_SHOWN, targets.length, 'targets')]),
    ...(byWay.length === 0 ? [] : ['### By what becomes of them', list(byWay)]),
  ];
}

const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n');

const more = (shown: number, of: number, what: string): string[] =>
  of > shown ? [`… and ${(of - shown).toLocaleString('en-US')} more ${what}.`] : [];

function findingsOf(report: Report): string[] {
  const { findings, findingsNote, called } = report;
  return [
    '## What was found in it',
    ...(findings.length === 0 ? ['Nothing that somebody had to allow.'] : []),
    ...findings.flatMap((finding) => [
      `### ${prose(finding.kind)}: ${count(finding.count, 'time')}`,
      prose(allowedInWords(finding, report)),
      ...(finding.causes.length === 0
        ? []
        : [
            list(
              finding.causes
                .slice(0, CAUSES_SHOWN)
                .map(({ what, count: n, rows }) => `${proseCalled(what, called)} (${linesNamed(rows, n)})`),
            ),
          ]),
      ...more(CAUSES_SHOWN, finding.causes.length, 'causes'),
    ]),
    ...(findingsNote === undefined ? [] : [prose(findingsNote)]),
  ];
}

function failuresIn({ failures, unmetRows, called }: Report): string[] {
  if (unmetRows === 0) return [];
  const told = failures.slice(0, FAILURES_SHOWN).map(({ code, message, count: n, rows }) => {
    const named = policiesNamed(rows).map((row) => `${codeSpan(row.policy)} (line ${row.line})`);
    const why = [code === '' ? '' : codeSpan(code), message === '' ? '' : proseCalled(message, called)];
    return `${count(n, 'row')}, ${why.filter(Boolean).join(': ')} ${named.join(', ')}${n > named.length ? ' …' : ''}`;
  });
  return ['## What did not go as wanted', list(told), ...more(FAILURES_SHOWN, failures.length, 'causes')];
}

function logOf({ log, timeZone }: Report): string[] {
  if (log.length === 0) return [];
  const rows = log.map((entry) => [
    ...[when(entry.at, timeZone), codeSpan(entry.operator), prose(entry.action)],
    [entry.reason ?? '', shortDetails(detailsInWords(entry))].filter(Boolean).map(codeSpan).join(' '),
  ]);
  return ['## Who did what', table([`Time (${prose(timeZone)})`, 'Who', 'What', 'Why, and how'], rows, 0)];
}

function cellsOf(row: ReportRow, { called, timeZone }: Report): readonly string[] {
  const { line: number, kind, platform, policy, policyId, result, code, message, at } = row;
  const about = prose([kind.label.one, platform].filter(Boolean).join(', '));
  return [
    String(number),
    `${policy === undefined ? '' : `${codeSpan(policy)} `}${about} ${codeSpan(policyId)}`,
    changedParts(row, called).map(partOf).join('; '),
    [
      prose(RESULT_WORDS[result]),
      ...(code === '' ? [] : [codeSpan(code)]),
      ...(isUnmet(row) && message !== '' ? [proseCalled(message, called)] : []),
    ].join(' '),
    at === undefined ? '' : when(at, timeZone),
  ];
}

function partOf({ part, before, after, isChanged }: PartDiff): string {
  const label = part === 'target' || part === 'filter' ? '' : `${prose(part)} `;
  const becomes = after === undefined ? '–' : sideOf(after);
  if (!isChanged) return `${label}${becomes} stays`;
  return `${label}${before.map(sideOf).join(', ') || '–'} → ${becomes}`;
}

const sideOf = ({ words, name, id }: Side): string =>
  [
    prose(words),
    ...(name === undefined ? [] : [codeSpan(name)]),
    ...(id === undefined ? [] : [codeSpan(id)]),
  ].join(' ');
