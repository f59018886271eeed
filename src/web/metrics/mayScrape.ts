import type { FastifyRequest } from 'fastify';
import { hash, timingSafeEqual } from 'node:crypto';

/** Addresses of the machine itself, as sockets tell them. */
const LOOPBACK = /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/;
/** Names that a browser can't be made to take for another machine's. */
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

export type Scraper = Pick<FastifyRequest, 'headers' | 'socket'>;

/**
 * Why somebody may not read the metrics; undefined: they may. With a token whoever has it, from anywhere. Without one only this machine by its
 * own address, and nobody through a proxy on it.
 */
export function whyNotScraped(
  { headers, socket }: Scraper,
  token: string | undefined,
  isOpen: boolean,
): string | undefined {
  if (token !== undefined)
    return sameText(headers.authorization ?? '', `Bearer ${token}`)
      ? undefined
      : 'These metrics are read with a token: send "Authorization: Bearer …" with what stands in RETARGET_METRICS_TOKEN_FILE.';
  if (isOpen) return undefined;
  const isHere = LOOPBACK.test(socket.remoteAddress ?? '') && LOOPBACK_HOST.test(headers.host ?? '');
  const isForwarded = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'via'].some(
    (name) => headers[name] !== undefined,
  );
  return isHere && !isForwarded
    ? undefined
    : 'Without a token these metrics are read on this machine only: set RETARGET_METRICS_TOKEN_FILE to a file that holds one.';
}

/** In a time that tells nothing of where they differ. */
const sameText = (a: string, b: string): boolean =>
  timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'));
