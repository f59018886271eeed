import type { VNode } from 'preact';
import { hash } from 'node:crypto';
import { count } from '../../app/words.ts';
import { audienceInWords } from '../../assignments/changes/changeKind.ts';
import { shortCalled, withCalled } from '../../assignments/names/calledIds.ts';
import type { Cause } from '../../assignments/guard/causes.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { Report, ReportFinding } from '../../report/report.ts';
import { RESULT_WORDS } from '../../report/reportRow.ts';
import { Command } from '../parts/command.tsx';
import { Facts, type NamedFact } from '../parts/facts.tsx';

const WAYS_MAX = 12;
const TARGETS_MAX = 10;
const CAUSES_MAX = 6;

export interface PlanViewProps {
  readonly report: Report;
  /** Where its rows are. */
  readonly rowsPath: string;
}

/** What a plan comes to before anything of it is written: what changes, what the guard found and why, each with the rows behind it. */
export const PlanView = ({ report, rowsPath }: PlanViewProps): VNode => (
  <>
    {report.lead.map((words) => (
      <p key={words} class="lead">
        {visible(words)}
      </p>
    ))}
    <ul class="counts">
      {report.results.map(([result, rows]) => (
        <li key={result} class={result === 'refused' ? 'failed' : result}>
          <a href={`${rowsPath}?result=${result}`}>
            <strong>{rows.toLocaleString('en-US')}</strong> {RESULT_WORDS[result]}
          </a>
        </li>
      ))}
    </ul>
    <section>
      <h2>What the guard found</h2>
      {report.findings.length === 0 && <p>Nothing.</p>}
      {report.findings.map((finding) => (
        <Finding key={finding.kind} finding={finding} report={report} rowsPath={rowsPath} />
      ))}
    </section>
    <Ways report={report} />
    <Targets report={report} />
    <section>
      <h2>About this plan</h2>
      <Facts
        facts={report.facts.map(({ label, values, isCode }): NamedFact => [
          label,
          values.map((value) =>
            isCode ? <code key={value}>{visible(value)}</code> : <span key={value}>{visible(value)} </span>,
          ),
        ])}
      />
    </section>
    {report.next.length > 0 && (
      <section>
        <h2>On a terminal</h2>
        {report.next.map(([what, line]) => (
          <Command key={line} what={what} line={line} />
        ))}
      </section>
    )}
  </>
);

/** What a cause is called in an address. */
export const findingIdOf = ({ kind, what }: Pick<Cause, 'kind' | 'what'>): string =>
  hash('sha256', `${kind} ${what}`).slice(0, 10);

const Finding = ({
  finding,
  report,
  rowsPath,
}: PlanViewProps & { readonly finding: ReportFinding }): VNode => (
  <div class="finding">
    <h3>
      <a href={`${rowsPath}?finding=${finding.kind}`}>
        {finding.kind}: {finding.count.toLocaleString('en-US')}
      </a>
    </h3>
    <ul class="causes">
      {finding.causes.slice(0, CAUSES_MAX).map((cause) => (
        <li key={cause.what}>
          <a href={`${rowsPath}?finding=${finding.kind}&cause=${findingIdOf(cause)}`}>
            {count(cause.count, 'row')}
          </a>{' '}
          {visible(shortCalled(cause.what, report.called))}
        </li>
      ))}
    </ul>
    {finding.causes.length > CAUSES_MAX && (
      <p class="quiet">… and {count(finding.causes.length - CAUSES_MAX, 'more cause')}</p>
    )}
  </div>
);

function Ways({ report }: Pick<PlanViewProps, 'report'>): VNode | null {
  if (report.ways.length === 0) return null;
  return (
    <section>
      <h2>What changes</h2>
      <p class="quiet">
        {report.kinds.map(({ label, rows }) => `${label} ${rows.toLocaleString('en-US')}`).join(', ')};{' '}
        {report.platforms.map(({ label, rows }) => `${label} ${rows.toLocaleString('en-US')}`).join(', ')}
      </p>
      <ul class="causes">
        {report.ways.slice(0, WAYS_MAX).map(({ from, to, filter, isTurned, rows }, i) => (
          <li key={i}>
            <strong>{rows.toLocaleString('en-US')}</strong> {from} → {to}
            {filter !== 'none' && <span class="quiet">, filter {filter}</span>}
            {isTurned && <span class="quiet">, intent turned</span>}
          </li>
        ))}
      </ul>
      {report.ways.length > WAYS_MAX && (
        <p class="quiet">… and {count(report.ways.length - WAYS_MAX, 'other way')}</p>
      )}
    </section>
  );
}

function Targets({ report }: Pick<PlanViewProps, 'report'>): VNode | null {
  if (report.targets.length === 0) return null;
  return (
    <section>
      <h2>Who gains and who loses</h2>
      <ul class="causes">
        {report.targets.slice(0, TARGETS_MAX).map(({ target, gained, lost, kept }, i) => (
          <li key={i}>
            {visible(withCalled(audienceInWords(target), report.called))}
            <p class="quiet">
              {[
                gained > 0 ? `gains ${gained.toLocaleString('en-US')}` : '',
                lost > 0 ? `loses ${lost.toLocaleString('en-US')}` : '',
                kept > 0 ? `keeps ${kept.toLocaleString('en-US')} in another way` : '',
              ]
                .filter(Boolean)
                .join(', ')}
            </p>
          </li>
        ))}
      </ul>
      {report.targets.length > TARGETS_MAX && (
        <p class="quiet">… and {count(report.targets.length - TARGETS_MAX, 'more target')}</p>
      )}
    </section>
  );
}
