import type { VNode } from 'preact';
import { proofLines } from '../app/prove/proofRows.ts';
import type { Proof } from '../app/prove/prove.ts';
import { rehearsalFacts, verdictOf } from '../app/rehearse/rehearsalInWords.ts';
import { isProven, type FailedAlike, type Leg, type Rehearsal } from '../app/rehearse/rehearsal.ts';
import type { ProofKind } from '../assignments/proof/proofItem.ts';
import { documentOf } from '../view/document.tsx';
import { runPlotOf } from '../view/plot/runPlot.ts';
import { PLOT_STYLE } from '../view/plotStyle.ts';
import { SamplePlot } from '../view/samplePlot.tsx';
import { THEME } from '../view/theme.ts';

const STYLE = `
.verdict { border-inline-start: 0.4rem solid; padding: 0.6rem 1rem; background: var(--raised); font-size: 1.15rem; font-weight: 600; }
.verdict.good { border-color: var(--good); } .verdict.bad { border-color: var(--bad); }
.sums { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: 0.75rem; margin: 1.25rem 0; padding: 0; list-style: none; }
.sums li { background: var(--raised); padding: 0.75rem 1rem; border-top: 3px solid var(--line); }
.sums li.good { border-color: var(--good); } .sums li.bad { border-color: var(--bad); } .sums li.plain { border-color: var(--bar); }
.sums b { display: block; font-size: 1.7rem; line-height: 1.15; color: var(--text); } .sums span { color: var(--quiet); font-size: 0.9rem; }
dl.head { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1.25rem; margin: 1rem 0; }
dl.head dt { color: var(--quiet); } dl.head dd { margin: 0; }
table.facts th { font-weight: 600; width: 10.5rem; } table.facts td.fact { width: 33%; }
.bar { display: flex; height: 1.1rem; background: var(--line); margin: 0.4rem 0 0.2rem; overflow: hidden; }
.bar i { display: block; } .bar .planned { background: var(--good); } .bar .untouched { background: var(--bar); opacity: 0.45; }
.bar .others { background: var(--warn); } .bar .failed { background: var(--bad); } .bar .unknown { background: repeating-linear-gradient(45deg, var(--line) 0 4px, var(--quiet) 4px 6px); }
.key { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; margin: 0 0 1rem; padding: 0; list-style: none; font-size: 0.9rem; }
.key i { display: inline-block; width: 0.8rem; height: 0.8rem; margin-inline-end: 0.4rem; vertical-align: -0.1rem; }
.wide th, .wide .word { overflow-wrap: normal; white-space: nowrap; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 1.5rem; } .plots figure { margin: 0; }
footer { margin-top: 2.5rem; padding-block: 1rem; border-top: 1px solid var(--line); }
@media (max-width: 40rem) {
  table.facts, table.facts tbody, table.facts tr, table.facts th, table.facts td { display: block; width: auto !important; border: 0; padding: 0.1rem 0; }
  table.facts tr { border-bottom: 1px solid var(--line); padding: 0.5rem 0; }
  dl.head { grid-template-columns: 1fr; } dl.head dd { margin-bottom: 0.4rem; }
}
@media print { .bar, .bar i, .key i, .sums li, .verdict { print-color-adjust: exact; } }
`;

const KEY: readonly (readonly [ProofKind, string])[] = [
  ['planned', 'as planned'],
  ['others', 'by others'],
  ['failed', 'not as planned'],
  ['untouched', 'untouched'],
  ['unknown', 'not known'],
];

/** What is over at once has no course. */
const PLOT_SECONDS_MIN = 3;

/** Assignments that are shown one by one. */
const LINES_MAX = 200;

/** A rehearsal for a change ticket: one file, without scripts, that prints. */
export function rehearsalPage(rehearsal: Rehearsal): string {
  const { plan, run, undo, proof, undoProof } = rehearsal;
  const isGood = isProven(rehearsal);
  return documentOf({
    title: `Rehearsal of ${plan.header.source.name}`,
    // Style sheets of our own, without anything of a tenant's in them.
    head: <style dangerouslySetInnerHTML={{ __html: THEME + PLOT_STYLE + STYLE }} />,
    children: (
      <>
        <header>
          <h1>Rehearsal of {plan.header.source.name}</h1>
        </header>
        <main>
          <p class={`verdict ${isGood ? 'good' : 'bad'}`}>
            {isGood ? '✓ ' : '✗ '}
            {verdictOf(rehearsal)}
          </p>
          <Sums {...rehearsal} />
          <dl class="head">
            <dt>Tenant</dt>
            <dd>{plan.header.tenant}</dd>
            <dt>Plan</dt>
            <dd>
              {plan.name}, fingerprint <code>{plan.end.fingerprint.slice(0, 12)}</code>, made{' '}
              {moment(plan.header.createdAt)}
            </dd>
            <dt>Rehearsed</dt>
            <dd>
              {moment(rehearsal.rehearsedAt)}, on a stand-in of what the plan has read; nothing was written to
              the tenant
            </dd>
          </dl>
          <h2>What was seen</h2>
          <table class="facts">
            <tbody>
              {rehearsalFacts(rehearsal).map(({ about, fact, more }) => (
                <tr>
                  <th scope="row">{about}</th>
                  <td class="fact">{fact}</td>
                  <td class="quiet">{more}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <h2>Every assignment, after the run</h2>
          <ProofBar proof={proof} />
          <h2>Every assignment, after the undo</h2>
          <ProofBar proof={undoProof} plannedAs="as before again" />
          <Failures title="Rows that did not come through" failures={run.failures} />
          {undo !== undefined && (
            <Failures title="Rows of the undo that did not come through" failures={undo.failures} />
          )}
          <Unplanned title="Not as planned after the run" proof={proof} />
          <Unplanned title="Not as before after the undo" proof={undoProof} />
          <Plots run={run} undo={undo} />
        </main>
        <footer class="quiet">
          What a rehearsal can't show: what others change in the tenant meanwhile, and what Graph itself
          refuses for reasons that no list tells. Each write is held against what the plan saw just before it
          leaves, there as here.
        </footer>
      </>
    ),
  });
}

const moment = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;
const number = (n: number): string => n.toLocaleString('en-US');

function Sums({ proof, undoProof, run, isRunProven, isUndoProven }: Rehearsal): VNode {
  const unmet = run.run.counts.failed + run.run.counts.stale + run.run.counts.unsure;
  const sums: readonly (readonly [value: number, what: string, kind: 'good' | 'bad' | 'plain'])[] = [
    [proof.counts.planned, 'changed as planned', isRunProven ? 'good' : 'plain'],
    [proof.counts.untouched, 'untouched', 'plain'],
    [unmet, 'rows did not come through', unmet === 0 ? 'good' : isRunProven ? 'plain' : 'bad'],
    [run.run.throttled, 'told to wait by 429s', 'plain'],
    [undoProof.counts.planned, 'as before after the undo', isUndoProven ? 'good' : 'bad'],
  ];
  return (
    <ul class="sums">
      {sums.map(([value, what, kind]) => (
        <li class={kind}>
          <b>{number(value)}</b>
          <span>{what}</span>
        </li>
      ))}
    </ul>
  );
}

function ProofBar({ proof, plannedAs }: { readonly proof: Proof; readonly plannedAs?: string }): VNode {
  const all = Math.max(
    1,
    KEY.reduce((sum, [kind]) => sum + proof.counts[kind], 0),
  );
  const shown = KEY.filter(([kind]) => proof.counts[kind] > 0);
  return (
    <>
      <div class="bar" aria-hidden="true">
        {shown.map(([kind]) => (
          <i class={kind} style={{ width: `${(proof.counts[kind] / all) * 100}%`, minWidth: '3px' }} />
        ))}
      </div>
      <ul class="key">
        {shown.map(([kind, words]) => (
          <li>
            <span class="bar" style={{ display: 'inline-flex', height: '0.8rem', margin: 0 }}>
              <i class={kind} style={{ margin: 0 }} />
            </span>{' '}
            {number(proof.counts[kind])} {kind === 'planned' ? (plannedAs ?? words) : words}
          </li>
        ))}
      </ul>
    </>
  );
}

const Head = ({ columns }: { readonly columns: readonly string[] }): VNode => (
  <thead>
    <tr>
      {columns.map((heading) => (
        <th scope="col">{heading}</th>
      ))}
    </tr>
  </thead>
);

function Failures({
  title,
  failures,
}: {
  readonly title: string;
  readonly failures: readonly FailedAlike[];
}): VNode | null {
  if (failures.length === 0) return null;
  return (
    <>
      <h2>{title}</h2>
      <div class="wide">
        <table>
          <Head columns={['Rows', 'Status', 'Code', 'Why', 'Lines']} />
          <tbody>
            {failures.map(({ rows, status, code, message, lines }) => (
              <tr>
                <td>{number(rows)}</td>
                <td class="word">{status}</td>
                <td class="word">{code}</td>
                <td>{message}</td>
                <td>
                  {lines.join(', ')}
                  {rows > lines.length && ', …'}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Unplanned({ title, proof }: { readonly title: string; readonly proof: Proof }): VNode | null {
  const lines = [...proofLines(proof, new Set(['failed', 'others', 'unknown']))];
  if (lines.length === 0) return null;
  const cell = (value: unknown): string => (value === undefined || value === null ? '' : String(value));
  return (
    <>
      <h2>{title}</h2>
      <div class="wide">
        <table>
          <Head columns={['Policy', 'Before', 'Now', 'Line', 'Row']} />
          <tbody>
            {lines.slice(0, LINES_MAX).map(({ policyName, policyId, was, is, row, status, errorCode }) => (
              <tr>
                <td>{cell(policyName ?? policyId)}</td>
                <td>{cell(was)}</td>
                <td>{cell(is)}</td>
                <td>{cell(row)}</td>
                <td>
                  {cell(status)} {cell(errorCode)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {lines.length > LINES_MAX && (
        <p class="quiet">
          The first {LINES_MAX} of {number(lines.length)}.
        </p>
      )}
    </>
  );
}

function Plots({ run, undo }: { readonly run: Leg; readonly undo: Leg | undefined }): VNode | null {
  const plots = [
    { id: 'run', title: 'The run', leg: run },
    { id: 'undo', title: 'Its undo', leg: undo },
  ].flatMap(({ id, title, leg }) => {
    const plot =
      leg && leg.seconds >= PLOT_SECONDS_MIN
        ? runPlotOf({ ...leg, now: leg.run.finishedAt ?? 0 })
        : undefined;
    return plot === undefined ? [] : [{ id, title, plot }];
  });
  if (plots.length === 0) return null;
  return (
    <>
      <h2>Over time</h2>
      <div class="plots">
        {plots.map(({ id, title, plot }) => (
          <section>
            <h3>{title}</h3>
            <SamplePlot {...{ id, title, plot }} timeZone="UTC" />
          </section>
        ))}
      </div>
    </>
  );
}
