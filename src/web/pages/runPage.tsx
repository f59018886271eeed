import type { FastifyInstance } from 'fastify';
import type { VNode } from 'preact';
import type { Overview, SeenRun } from '../../app/runs/overview.ts';
import { baseName } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import { zoneOfHost } from '../../runs/schedule/localTime.ts';
import { Moment } from '../clock.tsx';
import { pageOf } from '../layout.tsx';
import type { Topic } from '../live/hub.ts';
import { rendered, type LiveParts } from '../live/parts.tsx';
import type { RunBooks } from '../live/runBooks.ts';
import { streamOf } from '../live/stream.ts';
import { ActLinks } from '../parts/actLinks.tsx';
import { Bar } from '../parts/bar.tsx';
import { CauseList } from '../parts/causeList.tsx';
import { Commands } from '../parts/commands.tsx';
import { StatusCounts } from '../parts/counts.tsx';
import { Foretold } from '../parts/foretold.tsx';
import { Limiters } from '../parts/limiters.tsx';
import { Part } from '../parts/part.tsx';
import { runPath, RollbackLinks } from '../parts/runCard.tsx';
import { RunLog } from '../parts/runLog.tsx';
import { RunPlotPart, shownPlot } from '../parts/runPlotPart.tsx';
import { RunFacts } from '../parts/runFacts.tsx';
import { Prose } from '../parts/prose.tsx';
import { StateBadge } from '../parts/state.tsx';
import { StopBanner } from '../parts/stopBanner.tsx';
import { Workers } from '../parts/workers.tsx';
import type { Viewer } from '../viewer.ts';
import { frameOf, sendPage, type Web } from '../web.ts';
import { seenIn, seenRun } from './seenRun.ts';

interface OfRun {
  readonly Params: { readonly runId: string };
}

/** One run: how it is and why, how far, what failed, what the tenant takes, who works. */
export function runPage(app: FastifyInstance, web: Web): void {
  app.get<OfRun>('/runs/:runId', async (request, reply) => {
    const { runId } = request.params;
    const found = await seenRun(runId, web);
    const parts = found && (await topicOf(runId, request.viewer.role, web).read(found.overview));
    if (found === undefined || parts === undefined) return reply.callNotFound();
    const { seen, overview } = found;
    const page = pageOf({
      ...frameOf(web, request, overview.now),
      ...{
        title: baseName(seen.run.source.name),
        live: `/live${runPath(runId)}`,
        have: rendered(parts).id,
      },
      hasPlots: true,
      children: <RunPage of={parts} />,
    });
    return sendPage(reply, page);
  });
  app.get<OfRun>('/runs/:runId/plot.json', async (request, reply) => {
    const found = await seenRun(request.params.runId, web);
    if (found === undefined) return reply.callNotFound();
    const { seen, overview } = found;
    const books = await web.bookkeeper.of(seen, overview.now);
    const plot = shownPlot({ run: seen.run, books, now: overview.now });
    return plot === undefined ? reply.callNotFound() : reply.send({ timeZone: zoneOfHost(), ...plot });
  });
  app.get<OfRun>('/live/runs/:runId', (request, reply) =>
    streamOf(topicOf(request.params.runId, request.viewer.role, web), web.hub, request, reply),
  );
}

/** Readers see no acts. */
function topicOf(runId: string, role: Viewer['role'], web: Web): Topic {
  return {
    name: `run ${runId} ${role}`,
    async read(overview) {
      const seen = seenIn(overview, runId);
      if (seen === undefined) return undefined;
      const books = await web.bookkeeper.of(seen, overview.now);
      return { ...runParts(seen, books, overview, web), acts: <ActLinks run={seen.run} role={role} /> };
    },
  };
}

const RunPage = ({ of }: { readonly of: LiveParts }): VNode => (
  <>
    <nav class="crumbs" aria-label="Where this is">
      <a href="/">All runs</a>
    </nav>
    <Part of={of} name="head" />
    <Part of={of} name="acts" />
    <Part of={of} name="counts" />
    <Part of={of} name="causes" />
    <Part of={of} name="plot" />
    <div class="columns">
      <Part of={of} name="limiters" />
      <Part of={of} name="workers" />
    </div>
    <Part of={of} name="about" />
    <Part of={of} name="commands" />
    <Part of={of} name="log" />
  </>
);

function runParts(seen: SeenRun, books: RunBooks, { stop, now }: Overview, { services }: Web): LiveParts {
  const { run, status } = seen;
  const { hint } = services.identity;
  return {
    head: (
      <>
        {stop !== undefined && <StopBanner stop={stop} resume={hint('resume --all')} now={now} />}
        <Head seen={seen} now={now} />
      </>
    ),
    counts: <StatusCounts run={status} />,
    causes: <CauseList runId={run.runId} causes={books.causes} />,
    plot: <RunPlotPart run={run} books={books} now={now} />,
    limiters: run.finishedAt === null ? <Limiters run={status} now={now} /> : null,
    workers: run.finishedAt === null ? <Workers run={status} now={now} /> : null,
    about: <RunFacts run={run} status={status} now={now} />,
    commands: <Commands run={run} hint={hint} />,
    log: <RunLog log={books.log} now={now} />,
  };
}

const Head = ({ seen, now }: { readonly seen: SeenRun; readonly now: number }): VNode => {
  const { status } = seen;
  return (
    <div class="headline">
      <h1>{visible(baseName(status.source.name))}</h1>
      <p class="state">
        <StateBadge seen={seen} /> <Foretold run={status} now={now} />
      </p>
      {status.reasonText !== null && (
        <p class="why">
          <Prose text={status.reasonText} />
          {status.reasonSince !== null && status.finishedAt === null && (
            <span class="quiet">
              {' '}
              since <Moment at={status.reasonSince} now={now} />
            </span>
          )}
        </p>
      )}
      <Bar run={status} />
      <RollbackLinks runs={seen.rollbacks} />
    </div>
  );
};
