import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface ConnectProxy {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** What each CONNECT named, and the credentials that came with it. */
  readonly asked: { readonly target: string; readonly authorization: string | undefined }[];
}

/**
 * A forward proxy that opens tunnels by CONNECT, whatever name was asked for, to one port of this machine; or refuses them.
 * @param how `port` of the target, a `status` to refuse with, or `silent`
 */
export async function connectProxy(
  how: { readonly port: number } | { readonly status: number } | 'silent',
): Promise<ConnectProxy> {
  const asked: ConnectProxy['asked'] = [];
  const open = new Set<net.Socket>();
  const server = http.createServer();
  server.on('connection', (socket) => void open.add(socket.on('error', () => {})));
  server.on('connect', (request: http.IncomingMessage, socket: net.Socket) => {
    asked.push({ target: request.url ?? '', authorization: request.headers['proxy-authorization'] });
    if (how === 'silent') return;
    if ('status' in how) {
      socket.end(`HTTP/1.1 ${how.status} No\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno`);
      return;
    }
    const behind = net.connect(how.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      behind.pipe(socket).pipe(behind);
    });
    open.add(behind.on('error', () => socket.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
