import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Viewer } from '../viewer.ts';
import type { Session, Sessions } from './sessions.ts';

/** The cookie that a session is found by. */
export class SessionCookie {
  readonly #sessions: Sessions;
  readonly #isSecure: boolean;
  readonly #name: string;

  constructor(sessions: Sessions, isSecure: boolean, name: string) {
    this.#sessions = sessions;
    this.#isSecure = isSecure;
    // With this beginning no browser takes it from another host, or over plain http.
    this.#name = isSecure ? `__Host-${name}` : name;
  }

  sessionOf(request: FastifyRequest): Promise<Session | undefined> {
    return this.#sessions.find(request.cookies[this.#name]);
  }

  /** A new session; one that the browser had ends. */
  async begin(viewer: Viewer, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const before = request.cookies[this.#name];
    if (before !== undefined) await this.#sessions.end(before);
    const secret = await this.#sessions.begin(viewer);
    reply.setCookie(this.#name, secret, {
      ...{ path: '/', httpOnly: true, sameSite: 'strict', secure: this.#isSecure },
    });
  }

  async end(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const secret = request.cookies[this.#name];
    if (secret !== undefined) await this.#sessions.end(secret);
    reply.clearCookie(this.#name, { path: '/', httpOnly: true, sameSite: 'strict', secure: this.#isSecure });
  }
}
