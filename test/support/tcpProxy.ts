import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between a client and a server of loopback, and fails in the ways a network does. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  readonly connections: number;
  /** Ends every connection and takes no new one: the host is there, nobody listens. */
  cut(): Promise<void>;
  /** Takes connections again. */
  restore(): Promise<void>;
  /** The present connections carry nothing any more in either direction, and nobody is told. New ones work. */
  freeze(): void;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** @param replyDelayMs what the server says arrives so much later */
export async function openTcpProxy(targetPort: number, replyDelayMs = 0): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let listener: Server | undefined;
  const take = (client: Socket): void => {
    const server = connect(targetPort, '127.0.0.1');
    const pair = { client, server };
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.setNoDelay(true).on('error', end).on('close', end);
    client.pipe(server);
    if (replyDelayMs === 0) server.pipe(client);
    else server.on('data', (bytes: Buffer) => void setTimeout(() => client.write(bytes), replyDelayMs));
  };
  const listen = async (port: number): Promise<Server> => {
    const opened = createServer(take).listen(port, '127.0.0.1');
    await once(opened, 'listening');
    return opened;
  };
  listener = await listen(0);
  const { port } = listener.address() as AddressInfo; // it listens on an address, not on a pipe
  const cut = async (): Promise<void> => {
    const closing = listener;
    listener = undefined;
    const closed = closing === undefined ? undefined : once(closing, 'close');
    closing?.close();
    for (const { client, server } of pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
    await closed;
  };
  return {
    port,
    get connections() {
      return pairs.size;
    },
    cut,
    async restore() {
      listener ??= await listen(port);
    },
    freeze() {
      for (const { client, server } of pairs) {
        client.unpipe(server);
        server.unpipe(client);
        client.pause();
        server.pause();
      }
    },
    [Symbol.asyncDispose]: cut,
  };
}
