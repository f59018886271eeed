import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { VNode } from 'preact';
import type { Overview, SeenRun } from '../../app/runs/overview.ts';
import { approveRun } from '../../app/runs/approve.ts';
import { wrongState } from '../../app/runs/findRun.ts';
import { pauseRun, resumeRun } from '../../app/runs/runControl.ts';
import type { Services } from '../../app/services.ts';
import { baseName } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { Run } from '../../runs/run.ts';
import type { KnownPerson } from '../../runs/approval.ts';
import { pageOf } from '../layout.tsx';
import { ourRun } from '../pages/ourRun.ts';
import { seenRun } from '../pages/seenRun.ts';
import { Command } from '../parts/command.tsx';
import { runPath } from '../parts/runCard.tsx';
import { StateBadge } from '../parts/state.tsx';
import type { Viewer } from '../viewer.ts';
import { frameOf, sendPage, type Web } from '../web.ts';
import { ACTS, actsFor, approverOf, onBehalfOf, type Act } from './act.ts';
import { actInWords, type ActSurroundings } from './actInWords.tsx';

interface OfAct {
  readonly Params: { readonly runId: string };
  readonly Body: unknown;
}

const REASON_CHARS_MAX = 500;

/** Pause, resume and approve: a page that says what will happen, and the doing of it. Readers have no way here. */
export function actPages(app: FastifyInstance, web: Web): void {
  for (const act of ACTS) {
    const path = `/runs/:runId/${act}`;
    app.get<OfAct>(path, async (request, reply) => confirmPage(act, request, reply, web));
    app.post<OfAct>(path, async (request, reply) => {
      const { runId } = request.params;
      expectOperator(request.viewer);
      const run = await ourRun(runId, web);
      if (run === undefined) return reply.callNotFound();
      const { reason, plan } = formIn(request.body);
      if (reason === '') return confirmPage(act, request, reply.code(400), web, 'Say why.');
      await done(act, run, { reason, plan }, request.viewer, web);
      web.hub.renew();
      return reply.redirect(runPath(runId), 303);
    });
  }
}

interface Form {
  readonly reason: string;
  /** The fingerprint of the plan that was seen. */
  readonly plan: string;
}

function formIn(body: unknown): Form {
  const fields = (body ?? {}) as Readonly<Record<string, unknown>>;
  const text = (name: string): string => {
    const value = fields[name];
    return typeof value === 'string' ? value.trim().slice(0, REASON_CHARS_MAX) : '';
  };
  return { reason: text('reason'), plan: text('plan') };
}

async function done(act: Act, run: Run, { reason, plan }: Form, viewer: Viewer, web: Web): Promise<void> {
  const services: Services = onBehalfOf(viewer, web.services);
  switch (act) {
    case 'pause':
      return pauseRun(run, { reason }, services);
    case 'resume':
      await resumeRun(run, undefined, { reason }, services);
      return;
    case 'approve':
      await approveRun(run, personOf(viewer, run, services), { fingerprint: plan, reason }, services);
  }
}

function personOf(viewer: Viewer, { runId }: Run, { identity }: Services): KnownPerson {
  const person = approverOf(viewer);
  if (person !== undefined) return person;
  throw new UserError('A run is approved by a person, and this page does not know who you are.', {
    remedy: `Approve it on a terminal with a sign-in of your own: \`${identity.hint(`approve ${runId}`)}\`.`,
    exitCode: EXIT.badInput,
  });
}

function expectOperator({ role, name }: Viewer): void {
  if (role === 'operator') return;
  throw new UserError(`${name} may look, and not act.`, {
    remedy: 'Ask somebody who is an operator, or for that role.',
    exitCode: EXIT.badInput,
  });
}

async function confirmPage(
  act: Act,
  request: FastifyRequest<OfAct>,
  reply: FastifyReply,
  web: Web,
  problem?: string,
): Promise<unknown> {
  expectOperator(request.viewer);
  const run = await ourRun(request.params.runId, web);
  if (run === undefined) return reply.callNotFound();
  if (!actsFor(run).includes(act))
    throw wrongState(run, run.state, DONE[act], 'Its page shows what can be done with it.');
  const found = await seenRun(run.runId, web);
  if (found === undefined) return reply.callNotFound();
  const { seen, overview } = found;
  const around: ActSurroundings = {
    ...{ seen, stop: overview.stop, behind: behindOf(seen, overview) },
    hasWorkers: await web.services.producer.hasWorkers(run.runId),
  };
  const given = formIn(request.body);
  const children = (
    <Confirm
      {...{ act, around, problem, given, token: request.formToken, viewer: request.viewer }}
      command={web.services.identity.hint(`approve ${run.runId}`)}
    />
  );
  const title = `${TITLES[act]} ${baseName(run.source.name)}?`;
  return sendPage(reply, pageOf({ ...frameOf(web, request, overview.now), title, children }));
}

const behindOf = (seen: SeenRun, { runs }: Overview): readonly SeenRun[] =>
  runs
    .filter(
      ({ run, status }) =>
        run.state === 'queued' &&
        status.waitsFor !== null &&
        'run' in status.waitsFor &&
        status.waitsFor.run === seen.run.runId,
    )
    .toSorted((a, b) => a.run.createdAt - b.run.createdAt);

const TITLES: Readonly<Record<Act, string>> = { pause: 'Pause', resume: 'Resume', approve: 'Approve' };
const DONE: Readonly<Record<Act, string>> = { pause: 'paused', resume: 'resumed', approve: 'approved' };

interface ConfirmProps {
  readonly act: Act;
  readonly around: ActSurroundings;
  readonly viewer: Viewer;
  readonly token: string;
  readonly given: Form;
  readonly problem: string | undefined;
  /** How it is approved on a terminal. */
  readonly command: string;
}

function Confirm({ act, around, viewer, token, given, problem, command }: ConfirmProps): VNode {
  const { seen } = around;
  const { runId, source, planFingerprint } = seen.run;
  const name = visible(baseName(source.name));
  return (
    <>
      <nav class="crumbs" aria-label="Where this is">
        <a href="/">All runs</a> › <a href={runPath(runId)}>{name}</a>
      </nav>
      <div class="headline">
        <h1>
          {TITLES[act]} {name}?
        </h1>
        <p class="state">
          <StateBadge seen={seen} />
        </p>
      </div>
      <ul class="will">
        {actInWords(act, around).map((words, i) => (
          <li key={i}>{words}</li>
        ))}
      </ul>
      {act === 'approve' && planFingerprint !== null && (
        <p>
          The plan is <code class="print">{planFingerprint}</code>.{' '}
          <a href={`${runPath(runId)}/plan`}>What it changes</a>
        </p>
      )}
      {act === 'approve' && approverOf(viewer) === undefined ? (
        <Command
          what="A run is approved by a person, and this page does not know who you are. Approve it on a terminal with a sign-in of your own:"
          line={command}
        />
      ) : (
        <form method="post" action={`${runPath(runId)}/${act}`} class="act">
          <input type="hidden" name="_csrf" value={token} />
          {act === 'approve' && <input type="hidden" name="plan" value={planFingerprint ?? ''} />}
          <label>
            Why, for the log
            <textarea
              name="reason"
              rows={2}
              required
              maxLength={REASON_CHARS_MAX}
              aria-describedby={problem === undefined ? undefined : 'problem'}
              aria-invalid={problem === undefined ? undefined : 'true'}
            >
              {given.reason}
            </textarea>
          </label>
          {problem !== undefined && (
            <p id="problem" class="bad" role="alert">
              {problem}
            </p>
          )}
          <p class="quiet">The log will say that {visible(viewer.name)} did it.</p>
          <p class="choices">
            <button type="submit" class="main">
              {TITLES[act]}
            </button>
            <a class="button" href={runPath(runId)}>
              Change nothing
            </a>
          </p>
        </form>
      )}
    </>
  );
}
