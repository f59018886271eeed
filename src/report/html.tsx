import { randomUUID } from 'node:crypto';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { capitalized } from '../assignments/kinds/kind.ts';
import { shortCalled, withCalled } from '../assignments/names/calledIds.ts';
import { visible } from '../assignments/values/visible.ts';
import { detailsInWords } from '../app/runs/logInWords.ts';
import { count } from '../app/words.ts';
import { BeforeAfter, DIFF_STYLE } from '../view/beforeAfter.tsx';
import { documentOf } from '../view/document.tsx';
import { PLOT_STYLE } from '../view/plotStyle.ts';
import { targetSide } from '../view/rowDiff.ts';
import { SamplePlot } from '../view/samplePlot.tsx';
import { THEME } from '../view/theme.ts';
import type { ReportFact } from './facts.ts';
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
import { changes, isUnmet, RESULT_WORDS, type ReportRow, type RowResult } from './reportRow.ts';
import type { CountedRows } from './reportTally.ts';
import { REPORT_STYLE } from './reportStyle.ts';

/** Rows that are made into text at a time. */
const ROWS_AT_A_TIME = 200;

/** What a report may load and run, should a name ever get through: nothing. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** A report as one HTML document that needs nothing else, piece by piece. */
export function* htmlOf(report: Report): Generator<string> {
  // Nobody can have written it into a name: it is made up now.
  const place = randomUUID();
  const page = documentOf({
    title: `${report.title}: ${visible(report.name)}`,
    head: (
      <>
        <meta http-equiv="Content-Security-Policy" content={POLICY} />
        <meta name="generator" content={`retarget ${report.version}`} />
        <style dangerouslySetInnerHTML={{ __html: THEME + PLOT_STYLE + DIFF_STYLE + REPORT_STYLE }} />
      </>
    ),
    children: <Whole report={report}>{place}</Whole>,
  });
  const [before = '', after = ''] = page.split(place);
  yield before;
  for (let first = 0; first < report.shown.length; first += ROWS_AT_A_TIME)
    yield renderToString(
      <>
        {report.shown.slice(first, first + ROWS_AT_A_TIME).map((row) => (
          <Row row={row} report={report} />
        ))}
      </>,
    );
  yield after;
}

/** @param children what stands for its rows */
const Whole = ({ report, children }: { readonly report: Report; readonly children: string }): VNode => (
  <main>
    <header class="masthead">
      <h1>{report.title}</h1>
      {report.lead.map((sentence) => (
        <p class="lead">{visible(sentence)}</p>
      ))}
      <p class="quiet">
        Report of {when(report.madeAt, report.timeZone)} ({report.timeZone}), made by retarget{' '}
        {report.version}
      </p>
    </header>
    <Sums report={report} />
    <Facts facts={report.facts} />
    {report.plot !== undefined && (
      <section>
        <h2>How it went</h2>
        <SamplePlot
          id="run"
          plot={report.plot}
          title="Rows done and budget used"
          timeZone={report.timeZone}
        />
      </section>
    )}
    <WhatChanges report={report} />
    <Findings report={report} />
    <Failures report={report} />
    <Log report={report} />
    <section>
      <h2>What to do with it</h2>
      <dl class="facts">
        {report.next.map(([what, command]) => (
          <>
            <dt>{what}</dt>
            <dd>
              <code>{visible(command)}</code>
            </dd>
          </>
        ))}
      </dl>
    </section>
    <section class="rows">
      <h2>Every row</h2>
      <p class="quiet">
        {rowsInWords(report)}
        {report.rows > report.shown.length && <code>{visible(report.restIn)}</code>}
      </p>
      <table class="fixed">
        <thead>
          <tr>
            <th class="line n">Line</th>
            <th class="name">Policy</th>
            <th>Before → after</th>
            <th class="result">Result</th>
            <th class="time">Time</th>
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  </main>
);

const Sums = ({ report: { results, changedPolicies } }: { readonly report: Report }): VNode => (
  <ul class="sums">
    {results.map(([result, rows]) => (
      <li>
        <b>{rows.toLocaleString('en-US')}</b>
        <span class={toneOf(result)}>{RESULT_WORDS[result]}</span>
      </li>
    ))}
    <li>
      <b>{changedPolicies.toLocaleString('en-US')}</b>
      <span class="quiet">{policiesLabel(results)}</span>
    </li>
  </ul>
);

const Facts = ({ facts }: { readonly facts: readonly ReportFact[] }): VNode => (
  <dl class="facts">
    {facts.map(({ label, values, isCode }) => (
      <>
        <dt>{label}</dt>
        <dd>
          {values.map((value) => (isCode ? <code>{visible(value)}</code> : <span>{visible(value)}</span>))}
        </dd>
      </>
    ))}
  </dl>
);

const WhatChanges = ({ report }: { readonly report: Report }): VNode => {
  const { kinds, platforms, ways, targets, called } = report;
  const results = resultsApart(report);
  return (
    <section>
      <h2>What changes</h2>
      <div class="beside">
        <Counted
          heading="By kind of policy"
          first="Kind"
          counted={kinds.map((kind) => ({ ...kind, label: capitalized(kind.label) }))}
          results={results}
        />
        <Counted heading="By platform" first="Platform" counted={platforms} results={results} />
      </div>
      {targets.length > 0 && (
        <>
          <h3>By target</h3>
          <div class="wide">
            <table>
              <thead>
                <tr>
                  <th>Group, or everybody</th>
                  <th class="n">Assigned</th>
                  <th class="n">No longer</th>
                  <th class="n">Changed in place</th>
                </tr>
              </thead>
              <tbody>
                {targets.slice(0, TARGETS_SHOWN).map(({ target, gained, lost, kept }) => {
                  const { words, name, id } = targetSide(target, called);
                  return (
                    <tr>
                      <td>
                        {words}
                        {name !== undefined && <b> {name}</b>}
                        {id !== undefined && <span class="id"> {id}</span>}
                      </td>
                      <Number n={gained} sign="+" />
                      <Number n={lost} sign="−" />
                      <Number n={kept} />
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
          <More shown={TARGETS_SHOWN} of={targets.length} what="targets" />
        </>
      )}
      {ways.length > 0 && (
        <>
          <h3>By what becomes of them</h3>
          <ul class="lines">
            {ways.slice(0, TARGETS_SHOWN).map(({ from, to, filter, isTurned, rows }) => (
              <li>
                {count(rows, 'assignment')}: {from} → {to}
                {filter !== 'none' && `, filter ${filter}`}
                {isTurned && ', intent turned'}
              </li>
            ))}
          </ul>
          <More shown={TARGETS_SHOWN} of={ways.length} what="ways" />
        </>
      )}
    </section>
  );
};

interface CountedProps {
  readonly heading: string;
  readonly first: string;
  readonly counted: readonly CountedRows[];
  readonly results: readonly RowResult[];
}

const Counted = ({ heading, first, counted, results }: CountedProps): VNode => (
  <div>
    <h3>{heading}</h3>
    <div class="wide">
      <table>
        <thead>
          <tr>
            <th>{first}</th>
            <th class="n">Rows</th>
            {results.map((result) => (
              <th class="n">{capitalized(RESULT_WORDS[result])}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {counted.map(({ label, rows, results: of }) => (
            <tr>
              <td>{visible(label)}</td>
              <Number n={rows} />
              {results.map((result) => (
                <Number n={of[result] ?? 0} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  </div>
);

const Number = ({ n, sign = '' }: { readonly n: number; readonly sign?: string }): VNode => (
  <td class={`n${n === 0 ? ' quiet' : ''}`}>{n === 0 ? '–' : sign + n.toLocaleString('en-US')}</td>
);

const More = ({ shown, of, what }: { readonly shown: number; readonly of: number; readonly what: string }) =>
  of > shown ? (
    <p class="quiet">
      … and {(of - shown).toLocaleString('en-US')} more {what}.
    </p>
  ) : null;

const Findings = ({ report }: { readonly report: Report }): VNode => (
  <section>
    <h2>What was found in it</h2>
    {report.findings.length === 0 && <p>Nothing that somebody had to allow.</p>}
    {report.findings.map((finding) => (
      <div class="finding">
        <h3>
          {finding.kind}: {count(finding.count, 'time')}
        </h3>
        <p class="quiet">{visible(allowedInWords(finding, report))}</p>
        <ul class="lines">
          {finding.causes.slice(0, CAUSES_SHOWN).map(({ what, count: n, rows }) => (
            <li>
              {visible(shortCalled(what, report.called))} <span class="quiet">({linesNamed(rows, n)})</span>
            </li>
          ))}
        </ul>
        <More shown={CAUSES_SHOWN} of={finding.causes.length} what="causes" />
      </div>
    ))}
    {report.findingsNote !== undefined && <p class="quiet">{report.findingsNote}</p>}
  </section>
);

const Failures = ({ report }: { readonly report: Report }): VNode | null => {
  const { failures, unmetRows, called } = report;
  if (unmetRows === 0) return null;
  return (
    <section>
      <h2>What did not go as wanted</h2>
      <ul class="lines">
        {failures.slice(0, FAILURES_SHOWN).map(({ code, message, count: n, rows }) => (
          <li>
            {count(n, 'row')}
            {code !== '' && (
              <>
                , <b class="bad">{visible(code)}</b>
              </>
            )}
            {message !== '' && <>: {visible(withCalled(message, called))}</>}
            <span class="small">
              {policiesNamed(rows)
                .map(({ line, policy }) => `${visible(policy)} (line ${line})`)
                .join(', ')}
              {n > policiesNamed(rows).length && ' …'}
            </span>
          </li>
        ))}
      </ul>
      <More shown={FAILURES_SHOWN} of={failures.length} what="causes" />
    </section>
  );
};

const Log = ({ report: { log, timeZone } }: { readonly report: Report }): VNode | null =>
  log.length === 0 ? null : (
    <section>
      <h2>Who did what</h2>
      <div class="wide">
        <table class="log">
          <thead>
            <tr>
              <th>Time ({timeZone})</th>
              <th>Who</th>
              <th>What</th>
              <th>Why, and how</th>
            </tr>
          </thead>
          <tbody>
            {log.map((entry) => (
              <tr>
                <td>{when(entry.at, timeZone)}</td>
                <td>{visible(entry.operator)}</td>
                <td>{visible(entry.action)}</td>
                <td>
                  {entry.reason != null && entry.reason !== '' && <b>{visible(entry.reason)} </b>}
                  <span class="quiet">{visible(shortDetails(detailsInWords(entry)))}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );

const Row = ({ row, report }: { readonly row: ReportRow; readonly report: Report }): VNode => {
  const { line, kind, platform, policy, policyId, result, code, message, at } = row;
  return (
    <tr>
      <td class="line n">{line}</td>
      <td>
        {policy !== undefined && <b>{visible(policy)}</b>}
        <span class="small">
          {[kind.label.one, platform].filter(Boolean).join(', ')} <span class="id">{visible(policyId)}</span>
        </span>
      </td>
      <td>
        <BeforeAfter parts={changedParts(row, report.called)} />
      </td>
      <td>
        <span class={toneOf(result)}>{RESULT_WORDS[result]}</span>
        {code !== '' && <span class="small">{visible(code)}</span>}
        {isUnmet(row) && message !== '' && (
          <span class="small">{visible(withCalled(message, report.called))}</span>
        )}
      </td>
      <td class="time">{at === undefined ? '' : when(at, report.timeZone)}</td>
    </tr>
  );
};

function toneOf(result: RowResult): string {
  if (isUnmet({ result })) return 'bad';
  return changes({ result }) && result !== 'pending' ? 'good' : 'quiet';
}
