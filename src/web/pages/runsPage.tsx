import type { FastifyInstance } from 'fastify';
import type { VNode } from 'preact';
import type { Overview, SeenRun } from '../../app/runs/overview.ts';
import { baseName, count } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import { Moment } from '../clock.tsx';
import { pageOf } from '../layout.tsx';
import { rendered, type LiveParts } from '../live/parts.tsx';
import { streamOf } from '../live/stream.ts';
import { Command } from '../parts/command.tsx';
import { Part } from '../parts/part.tsx';
import { RunCard } from '../parts/runCard.tsx';
import { needsSomebody, toneOf } from '../parts/state.tsx';
import { StopBanner } from '../parts/stopBanner.tsx';
import { frameOf, sendPage, type Web } from '../web.ts';

/** Runs that have ended and need nobody; older ones are shown by `status --all`. */
const ENDED_MAX = 20;

type Hint = Web['services']['identity']['hint'];

/** The list of runs: what needs somebody, what is at work, what has ended. */
export function runsPage(app: FastifyInstance, web: Web): void {
  const { hint } = web.services.identity;
  const topic = { name: 'runs', read: async (overview: Overview) => runsParts(overview, hint) };
  app.get('/', async (request, reply) => {
    const overview = await web.hub.overview();
    const parts = runsParts(overview, hint);
    const page = pageOf({
      ...frameOf(web, request, overview.now),
      ...{
        title: 'Runs',
        live: '/live/runs',
        have: rendered(parts).id,
        children: <RunsPage of={parts} plans={web.plans} />,
      },
    });
    return sendPage(reply, page);
  });
  app.get('/live/runs', (request, reply) => streamOf(topic, web.hub, request, reply));
}

const RunsPage = ({ of, plans }: { readonly of: LiveParts; readonly plans: readonly string[] }): VNode => (
  <>
    <Part of={of} name="headline" />
    <Part of={of} name="needing" />
    <Part of={of} name="open" />
    {plans.length > 0 && (
      <section>
        <h2>Saved plans</h2>
        <ul class="plain">
          {plans.map((path, i) => (
            <li key={path}>
              <a href={`/plans/${i + 1}`}>{visible(baseName(path))}</a>
            </li>
          ))}
        </ul>
      </section>
    )}
    <Part of={of} name="ended" />
  </>
);

function runsParts({ runs, stop, now }: Overview, hint: Hint): LiveParts {
  const needing = runs.filter(needsSomebody);
  const others = runs.filter((seen) => !needing.includes(seen));
  const open = others.filter(({ run }) => run.finishedAt === null);
  const ended = others.filter(({ run }) => run.finishedAt !== null);
  return {
    headline: (
      <>
        <Headline needing={needing} open={open} now={now} />
        {stop !== undefined && <StopBanner stop={stop} resume={hint('resume --all')} now={now} />}
      </>
    ),
    needing: (
      <Section title="Needs somebody" runs={needing.toSorted((a, b) => urgency(a) - urgency(b))} now={now} />
    ),
    open: <Section title="At work and in line" runs={open.toSorted(atWorkFirst)} now={now} />,
    ended: (
      <>
        <Section title="Ended" runs={ended.slice(0, ENDED_MAX)} now={now} />
        {ended.length > ENDED_MAX && (
          <Command
            what={`… and ${count(ended.length - ENDED_MAX, 'older run')} that ended`}
            line={hint('status --all')}
          />
        )}
        {runs.length === 0 && <NoRuns hint={hint} />}
      </>
    ),
  };
}

const URGENT = ['overdue', 'stalled', 'stopped', 'failedRows', 'fine'] as const;
const urgency = ({ health }: SeenRun): number => URGENT.indexOf(health.kind);
const atWorkFirst = (a: SeenRun, b: SeenRun): number =>
  Number(b.run.state === 'running') - Number(a.run.state === 'running') || a.run.createdAt - b.run.createdAt;

interface HeadlineProps {
  readonly needing: readonly SeenRun[];
  readonly open: readonly SeenRun[];
  readonly now: number;
}

function Headline({ needing, open, now }: HeadlineProps): VNode {
  const atWork = open.filter((seen) => toneOf(seen) === 'busy' || toneOf(seen) === 'warn');
  const done = atWork
    .flatMap(({ status }) => status.doneAbout ?? [])
    .toSorted()
    .at(-1);
  const words =
    needing.length > 0
      ? `${count(needing.length, 'run')} ${needing.length === 1 ? 'needs' : 'need'} somebody`
      : atWork.length > 0
        ? `${count(atWork.length, 'run')} at work, nothing to do`
        : open.length > 0
          ? `${count(open.length, 'run')} in line, nothing to do`
          : 'Nothing is at work';
  return (
    <div class="headline">
      <h1>{words}</h1>
      {done !== undefined && (
        <p class="foretold">
          done about{' '}
          <strong>
            <Moment at={done} now={now} />
          </strong>
        </p>
      )}
    </div>
  );
}

function Section({
  title,
  runs,
  now,
}: {
  readonly title: string;
  readonly runs: readonly SeenRun[];
  readonly now: number;
}): VNode | null {
  if (runs.length === 0) return null;
  return (
    <section class="runs" aria-label={title}>
      <h2>{title}</h2>
      <ul class="cards">
        {runs.map((seen) => (
          <li key={seen.run.runId} id={`run-${seen.run.runId}`}>
            <RunCard seen={seen} now={now} />
          </li>
        ))}
      </ul>
    </section>
  );
}

const NoRuns = ({ hint }: { readonly hint: Hint }): VNode => (
  <Command what="This tenant has no runs yet. Start one with" line={hint('apply FILE')} />
);
