import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ComponentChildren, VNode } from 'preact';
import { baseName, count } from '../../app/words.ts';
import { GUARD_KINDS, type GuardKind } from '../../assignments/guard/finding.ts';
import type { Called } from '../../assignments/names/calledIds.ts';
import { withCalled } from '../../assignments/names/calledIds.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { Report } from '../../report/report.ts';
import { changedParts } from '../../report/reportParts.ts';
import { RESULT_WORDS, RESULTS, type ReportRow, type RowResult } from '../../report/reportRow.ts';
import type { Run } from '../../runs/run.ts';
import { BeforeAfter } from '../../view/beforeAfter.tsx';
import { pageOf } from '../layout.tsx';
import { ourRun } from '../pages/ourRun.ts';
import { Command } from '../parts/command.tsx';
import { Facts } from '../parts/facts.tsx';
import { runPath } from '../parts/runCard.tsx';
import { sendStreamed } from '../streamed.tsx';
import { frameOf, sendPage, type Web } from '../web.ts';
import { PlanFiles } from './planFiles.ts';
import { findingIdOf, PlanView } from './planView.tsx';

const PAGE_ROWS = 100;

/** A plan that is shown: the file, and what stands above it. */
interface ShownPlan {
  readonly path: string;
  readonly name: string;
  /** Where its page is. */
  readonly at: string;
  readonly crumb: VNode | undefined;
}

type Request = FastifyRequest<{
  Params: { readonly runId?: string; readonly number?: string };
  Querystring: Readonly<Record<string, unknown>>;
}>;

/** Saved plans before they run, and the plans of runs: what changes, what was found and why, and the rows behind it. */
export function planPages(app: FastifyInstance, web: Web): void {
  const files = new PlanFiles(web.services);
  const given = web.plans.map((path, i): ShownPlan => ({
    path,
    name: baseName(path),
    at: `/plans/${i + 1}`,
    crumb: undefined,
  }));
  const givenOf = (request: Request): ShownPlan | undefined => given[Number(request.params.number) - 1];

  app.get('/plans/:number', async (request: Request, reply) => {
    const plan = givenOf(request);
    return plan === undefined ? reply.callNotFound() : planPage(plan, request, reply);
  });
  app.get('/plans/:number/rows', async (request: Request, reply) => {
    const plan = givenOf(request);
    return plan === undefined ? reply.callNotFound() : rowsOf(plan, request, reply);
  });
  app.get('/runs/:runId/plan', async (request: Request, reply) => {
    const run = await ourRun(request.params.runId ?? '', web);
    if (run === undefined) return reply.callNotFound();
    const plan = await planOf(run);
    return plan === undefined ? recordedPage(run, request, reply) : planPage(plan, request, reply, run);
  });
  app.get('/runs/:runId/plan/rows', async (request: Request, reply) => {
    const run = await ourRun(request.params.runId ?? '', web);
    const plan = run && (await planOf(run));
    return plan === undefined ? reply.callNotFound() : rowsOf(plan, request, reply);
  });

  async function planOf(run: Run): Promise<ShownPlan | undefined> {
    const path = await files.ofRun(run);
    const name = baseName(run.source.name);
    const crumb = <a href={runPath(run.runId)}>{visible(name)}</a>;
    return path === undefined
      ? undefined
      : { path, name: `Plan of ${name}`, at: `${runPath(run.runId)}/plan`, crumb };
  }

  async function planPage(
    plan: ShownPlan,
    request: Request,
    reply: FastifyReply,
    run?: Run,
  ): Promise<FastifyReply> {
    const report = await files.report(plan.path);
    const isOther =
      run?.planFingerprint != null &&
      !report.facts.some(({ values }) =>
        values.some((value) => value.startsWith(run.planFingerprint ?? '-')),
      );
    const children = (
      <>
        <Crumbs plan={plan} />
        <h1>{visible(plan.name)}</h1>
        {isOther && (
          <p class="why bad">
            This file is not the plan that the run was published with: its fingerprint is another one.
          </p>
        )}
        <PlanView report={run === undefined ? report : ofRun(report, run)} rowsPath={`${plan.at}/rows`} />
      </>
    );
    return send(plan.name, children, request, reply);
  }

  async function rowsOf(plan: ShownPlan, request: Request, reply: FastifyReply): Promise<FastifyReply> {
    const wanted = wantedIn(request.query);
    const [{ called }, now] = await Promise.all([files.report(plan.path), web.services.runs.now()]);
    const page = (marker: string): string =>
      pageOf({
        ...frameOf(web, request, now),
        title: `Rows of ${plan.name}`,
        children: (
          <>
            <Crumbs plan={plan} isBelow />
            <h1>{headingOf(wanted)}</h1>
            <ol class="rows">{marker}</ol>
          </>
        ),
      });
    void sendStreamed(reply, page, itemsOf(plan, wanted, called), web);
    return reply;
  }

  async function* itemsOf(plan: ShownPlan, wanted: Wanted, called: Called): AsyncGenerator<VNode> {
    let [at, found] = [0, 0];
    for await (const row of files.rows(plan.path)) {
      at += 1;
      if (at <= wanted.after || !isWanted(row, wanted)) continue;
      if (found === PAGE_ROWS) {
        const query = new URLSearchParams({ ...wanted.query, after: String(at - 1) });
        yield (
          <li class="end">
            <a class="button" href={`${plan.at}/rows?${query.toString()}`}>
              The next {PAGE_ROWS} rows
            </a>
          </li>
        );
        return;
      }
      found += 1;
      yield <PlannedRow row={row} called={called} />;
    }
    yield (
      <li class="end quiet">{found === 0 ? 'No row is so.' : `That is all: ${count(found, 'row')} here.`}</li>
    );
  }

  /** What the record knows of a plan whose file is not on this machine. */
  async function recordedPage(run: Run, request: Request, reply: FastifyReply): Promise<FastifyReply> {
    const name = visible(baseName(run.source.name));
    const findings = Object.entries(run.approved?.findings ?? {});
    const children = (
      <>
        <nav class="crumbs" aria-label="Where this is">
          <a href="/">All runs</a> › <a href={runPath(run.runId)}>{name}</a>
        </nav>
        <h1>Plan of {name}</h1>
        <p>
          {run.planFingerprint === null
            ? 'This run was made without a plan.'
            : 'The file of this plan is not on this machine. The record knows this of it:'}
        </p>
        <Facts
          facts={[
            [
              'fingerprint',
              run.planFingerprint === null ? null : <code class="print">{run.planFingerprint}</code>,
            ],
            ['rows', <a href={`${runPath(run.runId)}/rows`}>{run.total.toLocaleString('en-US')}</a>],
            [
              'the guard found',
              findings.length === 0
                ? 'nothing, as far as is recorded'
                : findings.map(([kind, n]) => `${kind} ${n.toLocaleString('en-US')}`).join(', '),
            ],
          ]}
        />
        <Command
          what="To see all of it, serve this page where it was made, or with its file"
          line={web.services.identity.hint('serve --plan plan.ndjson')}
        />
      </>
    );
    return send(`Plan of ${name}`, children, request, reply);
  }

  async function send(
    title: string,
    children: ComponentChildren,
    request: Request,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    return sendPage(
      reply,
      pageOf({ ...frameOf(web, request, await web.services.runs.now()), title, children }),
    );
  }
}

interface Wanted {
  readonly finding: GuardKind | undefined;
  readonly cause: string | undefined;
  readonly result: RowResult | undefined;
  readonly after: number;
  /** As it stands in an address. */
  readonly query: Readonly<Record<string, string>>;
}

function wantedIn({ finding, cause, result, after }: Request['query']): Wanted {
  const kind = GUARD_KINDS.find((each) => each === finding);
  const became = RESULTS.find((each) => each === result);
  const only = typeof cause === 'string' ? cause : undefined;
  return {
    ...{ finding: kind, cause: only, result: became, after: Number(after) || 0 },
    query: {
      ...(kind && { finding: kind }),
      ...(only && { cause: only }),
      ...(became && { result: became }),
    },
  };
}

const isWanted = (row: ReportRow, { finding, cause, result }: Wanted): boolean =>
  (result === undefined || row.result === result) &&
  (finding === undefined ||
    row.findings.some(
      (found) => found.kind === finding && (cause === undefined || findingIdOf(found) === cause),
    ));

const headingOf = ({ finding, result }: Wanted): string =>
  [`Rows`, [finding, result && RESULT_WORDS[result]].filter(Boolean).join(', ')].filter(Boolean).join(': ');

const Crumbs = ({
  plan,
  isBelow = false,
}: {
  readonly plan: ShownPlan;
  readonly isBelow?: boolean;
}): VNode => (
  <nav class="crumbs" aria-label="Where this is">
    <a href="/">All runs</a>
    {plan.crumb !== undefined && <> › {plan.crumb}</>}
    {isBelow && (
      <>
        {' '}
        › <a href={plan.at}>{plan.crumb === undefined ? visible(plan.name) : 'plan'}</a>
      </>
    )}
  </nav>
);

const PlannedRow = ({ row, called }: { readonly row: ReportRow; readonly called: Called }): VNode => (
  <li class="row">
    <p>
      <strong>{visible(row.policy ?? row.policyId)}</strong>{' '}
      <span class="quiet">
        line {row.line}
        {row.platform !== undefined && `, ${visible(row.platform)}`}, {RESULT_WORDS[row.result]}
      </span>
    </p>
    <BeforeAfter parts={changedParts(row, called)} isWhole={false} />
    {row.findings.map(({ kind, what }) => (
      <p key={kind} class="warn">
        {kind}
        {what !== '' && <>: {visible(withCalled(what, called))}</>}
      </p>
    ))}
    {row.code !== '' && (
      <p class="bad">
        {visible(row.code)}
        {row.message !== '' && <>: {visible(withCalled(row.message, called))}</>}
      </p>
    )}
  </li>
);

/** What a plan says once it has a run: that carries it out, and says what became of it. */
const ofRun = (report: Report, { startedAt }: Run): Report => ({
  ...report,
  lead:
    startedAt === null
      ? report.lead
      : ['What the run was to change, as the plan saw it. What became of it stands with the run.'],
  next: [],
});
