import type { FastifyInstance } from 'fastify';
import type { VNode } from 'preact';
import { findRows, type RowsSought } from '../../app/runs/findRows.ts';
import { baseName, count } from '../../app/words.ts';
import { FAMILIES, familyFacts } from '../../assignments/kinds/family.ts';
import { visible } from '../../assignments/values/visible.ts';
import { ROW_STATUSES, type RowStatus } from '../../runs/rowState.ts';
import type { Run } from '../../runs/run.ts';
import { pageOf } from '../layout.tsx';
import { RowItem } from '../parts/rowItem.tsx';
import { runPath } from '../parts/runCard.tsx';
import { sendStreamed } from '../streamed.tsx';
import { frameOf, type Web } from '../web.ts';
import { ourRun } from './ourRun.ts';

const PAGE_ROWS = 100;
/** A search of a million rows is work for seconds: more of them at a time would keep all other pages waiting. */
const SEARCHES_MAX = 4;
const SAID_EVERY_MS = 500;

interface OfRows {
  readonly Params: { readonly runId: string };
  readonly Querystring: Readonly<Record<string, unknown>>;
}

/** The rows of a run by status, cause, policy and group: as they are found, until whoever asked has left. */
export function rowsPage(app: FastifyInstance, web: Web): void {
  let searches = 0;
  app.get<OfRows>('/runs/:runId/rows', async (request, reply) => {
    const run = await ourRun(request.params.runId, web);
    if (run === undefined) return reply.callNotFound();
    const sought = soughtIn(request.query);
    const frame = frameOf(web, request, await web.services.runs.now());
    const isSearch = sought.text !== undefined || sought.cause !== undefined;
    if (isSearch && searches >= SEARCHES_MAX)
      return reply.code(503).header('retry-after', '5').type('text/plain; charset=utf-8').send(BUSY);
    if (isSearch) searches += 1;
    const page = (marker: string): string =>
      pageOf({
        ...{ ...frame, title: `Rows of ${baseName(run.source.name)}` },
        children: <RowsPage {...{ run, sought, marker }} />,
      });
    void sendStreamed(reply, page, itemsOf(run, sought, web), web).then(() => (searches -= isSearch ? 1 : 0));
    return reply;
  });
}

const BUSY = 'Others are searching rows right now. Load the page again in some seconds.\n';

function soughtIn(query: OfRows['Querystring']): RowsSought {
  const text = (name: string): string | undefined => {
    const value = query[name];
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  const after = Number(text('after') ?? NaN);
  return {
    ...{
      status: ROW_STATUSES.find((status) => status === text('status')),
      isInDoubt: text('sent') === '1' || undefined,
      family: FAMILIES.find((family) => family === text('family')),
      cause: text('cause'),
      text: text('q'),
    },
    after: Number.isSafeInteger(after) && after >= 0 ? after : undefined,
  };
}

/** Each row as it is found, and how far the search is. */
async function* itemsOf(run: Run, sought: RowsSought, { services }: Web): AsyncGenerator<VNode> {
  const called = (await services.runs.called(run.runId)) ?? {};
  let found = 0;
  let saidAt = performance.now();
  let last = 0;
  for await (const next of findRows(run, sought, services)) {
    if (next.kind === 'row') {
      if (found === PAGE_ROWS) {
        yield <More run={run} sought={sought} after={last} />;
        return;
      }
      found += 1;
      last = next.position;
      yield <RowItem run={run} row={next.row} position={next.position} called={called} />;
    } else if (performance.now() - saidAt > SAID_EVERY_MS) {
      saidAt = performance.now();
      yield <li class="searched quiet">{count(next.rows, 'row')} searched …</li>;
    }
  }
  yield <End found={found} isFirst={sought.after === undefined} />;
}

const End = ({ found, isFirst }: { readonly found: number; readonly isFirst: boolean }): VNode => (
  <li class="end quiet">
    {found === 0
      ? isFirst
        ? 'No row is so.'
        : 'That was all.'
      : `That is all: ${count(found, 'row')} here.`}
  </li>
);

function More({
  run,
  sought,
  after,
}: {
  readonly run: Run;
  readonly sought: RowsSought;
  readonly after: number;
}): VNode {
  const query = new URLSearchParams(
    Object.entries({
      status: sought.status,
      sent: sought.isInDoubt === true ? '1' : undefined,
      family: sought.family,
      cause: sought.cause,
      q: sought.text,
      after: String(after),
    }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  return (
    <li class="end">
      <a class="button" href={`${runPath(run.runId)}/rows?${query.toString()}`}>
        The next {PAGE_ROWS} rows
      </a>
    </li>
  );
}

function titleOf({ status, isInDoubt, family }: RowsSought): string {
  const what = [
    ...(isInDoubt === true ? ['sent, answer not known'] : status === undefined ? [] : [status]),
    ...(family === undefined ? [] : [familyFacts(family).label]),
  ];
  return what.length === 0 ? 'Rows' : `Rows: ${what.join(', ')}`;
}

interface RowsPageProps {
  readonly run: Run;
  readonly sought: RowsSought;
  /** Where the rows come. */
  readonly marker: string;
}

const RowsPage = ({ run, sought, marker }: RowsPageProps): VNode => (
  <>
    <nav class="crumbs" aria-label="Where this is">
      <a href="/">All runs</a> › <a href={runPath(run.runId)}>{visible(baseName(run.source.name))}</a>
    </nav>
    <h1>{titleOf(sought)}</h1>
    <form class="search" method="get" action={`${runPath(run.runId)}/rows`} role="search">
      <label>
        Policy, group or filter: a part of its name or id
        <input type="search" name="q" value={sought.text} autocomplete="off" spellcheck={false} />
      </label>
      <label>
        Status
        <select name="status">
          <option value="">any</option>
          {ROW_STATUSES.map((status: RowStatus) => (
            <option key={status} value={status} selected={status === sought.status}>
              {status}
            </option>
          ))}
        </select>
      </label>
      {sought.isInDoubt === true && <input type="hidden" name="sent" value="1" />}
      {sought.family !== undefined && <input type="hidden" name="family" value={sought.family} />}
      {sought.cause !== undefined && <input type="hidden" name="cause" value={sought.cause} />}
      <button type="submit">Search</button>
    </form>
    {sought.cause !== undefined && (
      <p>
        Only those of one cause.{' '}
        <a
          href={`${runPath(run.runId)}/rows${sought.status === undefined ? '' : `?status=${sought.status}`}`}
        >
          Of any
        </a>
      </p>
    )}
    <ol class="rows">{marker}</ol>
  </>
);
