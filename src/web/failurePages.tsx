import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { VNode } from 'preact';
import { failureOf } from '../app/failure.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { outOfReachPage, refusedPage } from './access/pages.tsx';
import { pageOf } from './layout.tsx';
import { Prose } from './parts/prose.tsx';
import { frameOf, sendPage, type Web } from './web.ts';

/** What went wrong, and what to do next. */
interface Failure {
  readonly code: number;
  readonly title: string;
  readonly message: string;
  readonly remedy: string;
}

/** What only the user can mend is told with its remedy, on a page as on a terminal; a bug is told to the log. */
export function failurePages(app: FastifyInstance, web: Web): void {
  const { services } = web;
  app.setNotFoundHandler((request, reply) => send(NOT_FOUND, request, reply, web));
  app.setErrorHandler((error, request, reply) => {
    const known = failureOf(error, services);
    if (known !== undefined)
      return send(
        {
          ...known,
          code: codeOf(known.exitCode),
          title: TITLES[known.exitCode] ?? 'Not done',
          message: known.message,
        },
        request,
        reply,
        web,
      );
    const { statusCode = 500 } = error as { readonly statusCode?: number };
    if (statusCode >= 400 && statusCode < 500)
      return send({ ...REFUSED, code: statusCode, message: (error as Error).message }, request, reply, web);
    services.log.error('A page could not be made.', { err: error });
    return send(BUG, request, reply, web);
  });
}

const NOT_FOUND: Failure = {
  ...{ code: 404, title: 'Not here', message: 'There is no such page, or what it was about is gone.' },
  remedy: 'A run is kept 30 days after its end, if nothing else was said; look for it in the list of runs.',
};
const REFUSED = { title: 'Not taken', remedy: 'Go back, load the page again, and try once more.' } as const;
const BUG: Failure = {
  ...{
    code: 500,
    title: 'A bug',
    message: 'Something went wrong that nobody has foreseen. Nothing was changed by this page.',
  },
  remedy:
    'What the server said when it happened tells more; the commands of the terminal do the same as this page.',
};

const TITLES: { readonly [code in ExitCode]?: string } = { [EXIT.environment]: 'Out of reach' };

const codeOf = (exitCode: ExitCode): number =>
  exitCode === EXIT.environment ? 503 : exitCode === EXIT.badInput ? 409 : 500;

/** Without Redis' clock, which may be what is missing. */
function send(failure: Failure, request: FastifyRequest, reply: FastifyReply, web: Web): FastifyReply {
  reply.code(failure.code);
  // Who is not known learns nothing of what is behind.
  if (!request.hasViewer)
    return sendPage(
      reply,
      failure.code === 503 ? outOfReachPage() : refusedPage(failure.title, 'This could not be done.'),
    );
  return sendPage(
    reply,
    pageOf({
      ...frameOf(web, request, Date.now()),
      title: failure.title,
      children: <FailurePage {...failure} />,
    }),
  );
}

export const FailurePage = ({ title, message, remedy }: Omit<Failure, 'code'>): VNode => (
  <div class="failure">
    <h1>{title}</h1>
    <p>
      <Prose text={message} />
    </p>
    <p>
      <Prose text={remedy} />
    </p>
    <p>
      <a href="/">All runs</a>
    </p>
  </div>
);
