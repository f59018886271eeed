import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Services } from '../app/services.ts';
import type { Bookkeeper } from './live/runBooks.ts';
import type { Hub } from './live/hub.ts';
import type { Frame } from './layout.tsx';

/** What pages are made with. */
export interface Web {
  readonly services: Services;
  readonly hub: Hub;
  readonly bookkeeper: Bookkeeper;
  /** Files of saved plans that are shown, as they were given. */
  readonly plans: readonly string[];
}

/** @param now Redis' clock */
export const frameOf = ({ services }: Web, { viewer, formToken }: FastifyRequest, now: number): Frame => ({
  tenant: services.identity.config.tenant ?? services.identity.tenant,
  ...{ viewer, formToken, now },
});

/** A page of one moment: a browser that shows it again asks for it again. */
export const sendPage = (reply: FastifyReply, page: string): FastifyReply =>
  reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(page);
