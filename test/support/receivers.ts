import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { onTestFinished } from 'vitest';
import type { Certificate } from './certificates.ts';

/** A call that a receiver was sent. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  /** `http://127.0.0.1:port/hook`, or https. */
  readonly url: string;
  readonly port: number;
  /** Whole calls, in their order, however they were answered. */
  readonly received: readonly Received[];
  /** Resolves once there are so many calls for which this holds. */
  until(count: number, isMeant?: (call: Received) => boolean): Promise<readonly Received[]>;
  /** Answers from now on; null: it never does. */
  answer(status: number | null): void;
}

/** Whoever is told by HTTP. With a certificate over TLS. */
export async function startReceiver(
  certificate?: Certificate,
  status: number | null = 202,
): Promise<Receiver> {
  const received: Received[] = [];
  const heard = new EventTarget();
  let answer = status;
  const onRequest: http.RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      received.push({ method, path, headers, body: Buffer.concat(chunks).toString() });
      heard.dispatchEvent(new Event('call'));
      if (answer !== null) response.writeHead(answer).end();
    });
  };
  const server =
    certificate === undefined
      ? http.createServer(onRequest)
      : https.createServer({ cert: certificate.cert, key: certificate.key }, onRequest);
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    ...{ port, received },
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}/hook`,
    async until(count, isMeant = () => true) {
      for (;;) {
        const meant = received.filter(isMeant);
        if (meant.length >= count) return meant;
        await once(heard, 'call');
      }
    },
    answer: (next) => void (answer = next),
  };
}

/** A port of this machine at which nobody answers. */
export async function deadPort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface Mail {
  readonly user: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  /** The connection was over TLS when the mail came. */
  readonly isSecure: boolean;
}

export interface MailServer {
  readonly port: number;
  readonly mails: readonly Mail[];
  until(count: number): Promise<readonly Mail[]>;
}

/** A mail server that takes mails of one user. @param isTls from the first byte on; else after STARTTLS, which it offers */
export async function startMailServer(
  certificate: Certificate,
  { isTls, user, password }: { readonly isTls: boolean; readonly user: string; readonly password: string },
): Promise<MailServer> {
  const mails: Mail[] = [];
  const heard = new EventTarget();
  const server = new SMTPServer({
    ...{ secure: isTls, cert: certificate.cert, key: certificate.key, closeTimeout: 1 },
    onAuth(auth, _session, done) {
      if (auth.username === user && auth.password === password) done(null, { user: auth.username });
      else done(new Error('no'));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          ...{ user: session.user, isSecure: session.secure, text: Buffer.concat(chunks).toString() },
          ...{ from: mailFrom === false ? '' : mailFrom.address, to: rcptTo.map(({ address }) => address) },
        });
        done();
        heard.dispatchEvent(new Event('mail'));
      });
    },
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => void server.close(resolve)));
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    async until(count) {
      while (mails.length < count) await once(heard, 'mail');
      return mails;
    },
  };
}
