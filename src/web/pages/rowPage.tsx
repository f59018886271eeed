import type { FastifyInstance } from 'fastify';
import type { ComponentChildren, VNode } from 'preact';
import { mayBeWritten } from '../../app/rollback/writtenRows.ts';
import type { Identity } from '../../app/identity.ts';
import { rowAt } from '../../app/runs/findRows.ts';
import { bodyOf } from '../../app/runs/resultRow.ts';
import { baseName, duration } from '../../app/words.ts';
import { NOT_READ } from '../../assignments/changes/decision.ts';
import { withCalled, type Called } from '../../assignments/names/calledIds.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { Detail } from '../../runs/batchCodec.ts';
import type { RecordedRow } from '../../runs/batchRow.ts';
import { rowStatusOf } from '../../runs/rowState.ts';
import { hasEnded, type Run } from '../../runs/run.ts';
import { BeforeAfter } from '../../view/beforeAfter.tsx';
import { rowDiff } from '../../view/rowDiff.ts';
import { Moment } from '../clock.tsx';
import { pageOf } from '../layout.tsx';
import { Command } from '../parts/command.tsx';
import { Facts, type NamedFact } from '../parts/facts.tsx';
import { rowName } from '../parts/rowItem.tsx';
import { runPath } from '../parts/runCard.tsx';
import { frameOf, sendPage, type Web } from '../web.ts';
import { ourRun } from './ourRun.ts';

interface OfRow {
  readonly Params: { readonly runId: string; readonly position: string };
}

/** One row: what it makes of its assignment, what became of it, and what was sent for it. */
export function rowPage(app: FastifyInstance, web: Web): void {
  const { services } = web;
  app.get<OfRow>('/runs/:runId/rows/:position', async (request, reply) => {
    const { runId, position } = request.params;
    const run = await ourRun(runId, web);
    const row = run && (await rowAt(run, /^\d+$/.test(position) ? Number(position) : -1, services));
    if (run === undefined || row === undefined) return reply.callNotFound();
    const [said, called = {}, now] = await Promise.all([
      services.runs.saidOf({ runId, batch: row.batch }, row.place),
      services.runs.called(runId),
      services.runs.now(),
    ]);
    const children = <RowPage {...{ run, row, said, called, now, hint: services.identity.hint }} />;
    return sendPage(reply, pageOf({ ...frameOf(web, request, now), title: rowName(row), children }));
  });
}

interface RowPageProps {
  readonly run: Run;
  readonly row: RecordedRow;
  readonly said: readonly Detail[];
  readonly called: Called;
  readonly now: number;
  readonly hint: Identity['hint'];
}

function RowPage({ run, row, said, called, now, hint }: RowPageProps): VNode {
  const status = rowStatusOf(row.state, run.state === 'cancelled');
  const { errorCode, errorMessage } = row.detail;
  const { address } = row.change;
  const facts: NamedFact[] = [
    ['policy', <code>{address.policyId}</code>],
    ['kind', address.kind.policyType],
    ['platform', row.names?.platform === undefined ? null : visible(row.names.platform)],
    ['file', `line ${row.input.line} of ${visible(baseName(run.source.name))}`],
    [
      'new assignment id',
      row.detail.assignmentIdAfter === undefined ? null : <code>{row.detail.assignmentIdAfter}</code>,
    ],
    ['approval', row.detail.approvalCode === undefined ? null : <code>{row.detail.approvalCode}</code>],
  ];
  return (
    <>
      <nav class="crumbs" aria-label="Where this is">
        <a href="/">All runs</a> › <a href={runPath(run.runId)}>{visible(baseName(run.source.name))}</a> ›{' '}
        <a href={`${runPath(run.runId)}/rows?status=${status}`}>rows: {status}</a>
      </nav>
      <div class="headline">
        <h1>{rowName(row)}</h1>
        <p class="state">
          <span class={`status ${status}`}>{status}</span>
        </p>
        {errorCode !== undefined && (
          <p class="why bad">
            {visible(errorCode)}
            {errorMessage !== undefined && <>: {visible(withCalled(errorMessage, called))}</>}
          </p>
        )}
      </div>
      <section>
        <h2>What it changes</h2>
        <BeforeAfter parts={rowDiff(row.before ?? NOT_READ, bodyOf(row), called)} />
      </section>
      <Sends {...{ row, said, now, called }} />
      <section>
        <h2>About this row</h2>
        <Facts facts={facts} />
        <details>
          <summary>Its cells in the file</summary>
          <Facts
            facts={[...row.input.cells].map(([name, cell]): NamedFact => [
              name,
              <code>{visible(cellText(cell))}</code>,
            ])}
          />
        </details>
      </section>
      <section>
        <h2>On a terminal</h2>
        {hasEnded(run) && status === 'failed' && (
          <Command
            what="Try it again"
            line={hint(`retry ${run.runId} --where row=${row.input.line} --work`)}
          />
        )}
        {mayBeWritten(row) && (
          <Command what="Put it back" line={hint(`rollback ${run.runId} --where row=${row.input.line}`)} />
        )}
        <Command
          what="All that is known of it"
          line={hint(`results ${run.runId} --where row=${row.input.line} --json`)}
        />
      </section>
    </>
  );
}

const cellText = (cell: unknown): string => (typeof cell === 'string' ? cell : (JSON.stringify(cell) ?? ''));

interface SendsProps extends Pick<RowPageProps, 'row' | 'said' | 'now' | 'called'> {}

/** What came back for it. When it left is not kept, only when the answer came. */
function Sends({ row, said, now, called }: SendsProps): VNode {
  return (
    <section>
      <h2>What was sent</h2>
      <p class="quiet">
        {row.attempts === 0
          ? 'No write of it counts as sent.'
          : `Sent ${row.attempts === 1 ? 'once' : `${row.attempts} times`}, not counting what was throttled.`}
        {row.detail.throttledMs !== undefined &&
          row.detail.throttledMs > 0 &&
          ` It waited ${duration(row.detail.throttledMs / 1000)} because the tenant was throttled.`}
      </p>
      {said.length > 0 && (
        <ol class="log">
          {said.map((detail, i) => (
            <li key={i}>
              <Answer detail={detail} now={now} called={called} />
            </li>
          ))}
        </ol>
      )}
      {said.length > 0 && (
        <p class="quiet">
          The record keeps when an answer came and what it was; of a batch with much to say only the last of
          each row.
        </p>
      )}
    </section>
  );
}

function Answer({
  detail,
  now,
  called,
}: {
  readonly detail: Detail;
  readonly now: number;
  readonly called: Called;
}): VNode {
  const { at, httpStatus, errorCode, errorMessage, requestId, clientRequestId, notBefore } = detail;
  const ids: readonly (readonly [string, ComponentChildren])[] = [
    ['request-id', requestId],
    ['client-request-id', clientRequestId],
  ];
  if (at === undefined && httpStatus === undefined && requestId === undefined) return <>opened again</>;
  return (
    <>
      {at !== undefined && <Moment at={at} now={now} isPrecise />}{' '}
      {httpStatus !== undefined && <strong>{httpStatus}</strong>}{' '}
      {errorCode !== undefined && visible(errorCode)}
      {errorMessage !== undefined && <p class="quiet">{visible(withCalled(errorMessage, called))}</p>}
      {notBefore !== undefined && notBefore > (at ?? 0) && (
        <p class="quiet">
          not again before <Moment at={notBefore} now={now} />
        </p>
      )}
      {ids.map(
        ([name, id]) =>
          id !== undefined && (
            <p key={name} class="id quiet">
              {name} <code>{id}</code>
            </p>
          ),
      )}
    </>
  );
}
