import type { FastifyInstance } from 'fastify';
import type { VNode } from 'preact';
import type { Overview, SeenRun } from '../../app/runs/overview.ts';
import { baseName } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import { pageOf } from '../layout.tsx';
import type { Topic } from '../live/hub.ts';
import { rendered, type LiveParts } from '../live/parts.tsx';
import { streamOf } from '../live/stream.ts';
import { Bar } from '../parts/bar.tsx';
import { Commands } from '../parts/commands.tsx';
import { Counts } from '../parts/counts.tsx';
import { Foretold } from '../parts/foretold.tsx';
import { Limiters } from '../parts/limiters.tsx';
import { Part } from '../parts/part.tsx';
import { runPath } from '../parts/runCard.tsx';
import { RunFacts } from '../parts/runFacts.tsx';
import { StateBadge } from '../parts/state.tsx';
import { StopBanner } from '../parts/stopBanner.tsx';
import { Workers } from '../parts/workers.tsx';
import { frameOf, sendPage, type Web } from '../web.ts';

interface OfRun {
  readonly Params: { readonly runId: string };
}

/** One run: how it is and why, how far, what failed, what the tenant takes, who works. */
export function runPage(app: FastifyInstance, web: Web): void {
  app.get<OfRun>('/runs/:runId', async (request, reply) => {
    const { runId } = request.params;
    const overview = await web.hub.overview();
    const parts = await topicOf(runId, web).read(overview);
    if (parts === undefined) return reply.callNotFound();
    const seen = seenIn(overview, runId);
    const page = pageOf({
      ...frameOf(web, request, overview.now),
      ...{
        title: baseName(seen?.run.source.name ?? runId),
        live: `/live${runPath(runId)}`,
        have: rendered(parts).id,
      },
      children: <RunPage of={parts} />,
    });
    return sendPage(reply, page);
  });
  app.get<OfRun>('/live/runs/:runId', (request, reply) =>
    streamOf(topicOf(request.params.runId, web), web.hub, request, reply),
  );
}

const seenIn = ({ runs }: Overview, runId: string): SeenRun | undefined =>
  runs.find(({ run }) => run.runId === runId);

function topicOf(runId: string, web: Web): Topic {
  return {
    name: `run ${runId}`,
    async read(overview) {
      const seen = seenIn(overview, runId);
      return seen && runParts(seen, overview, web);
    },
  };
}

const RunPage = ({ of }: { readonly of: LiveParts }): VNode => (
  <>
    <nav class="crumbs" aria-label="Where this is">
      <a href="/">All runs</a>
    </nav>
    <Part of={of} name="head" />
    <Part of={of} name="counts" />
    <div class="columns">
      <Part of={of} name="limiters" />
      <Part of={of} name="workers" />
    </div>
    <Part of={of} name="about" />
    <Part of={of} name="commands" />
  </>
);

function runParts(seen: SeenRun, { stop, now }: Overview, { services }: Web): LiveParts {
  const { run, status } = seen;
  const { hint } = services.identity;
  return {
    head: (
      <>
        {stop !== undefined && <StopBanner stop={stop} resume={hint('resume --all')} now={now} />}
        <Head seen={seen} now={now} />
      </>
    ),
    counts: <Counts run={status} />,
    limiters: run.finishedAt === null ? <Limiters run={status} now={now} /> : null,
    workers: run.finishedAt === null ? <Workers run={status} now={now} /> : null,
    about: <RunFacts run={run} status={status} now={now} />,
    commands: <Commands run={run} hint={hint} />,
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
      {status.reasonText !== null && <p class="why">{visible(status.reasonText)}</p>}
      <Bar run={status} />
    </div>
  );
};
