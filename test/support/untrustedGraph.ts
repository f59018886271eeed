import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { makeCertificate } from './certificates.ts';

/** What a proxy that inspects TLS shows: a certificate that nobody here trusts. Its files go into the directory. */
export async function untrustedGraph(directory: string): Promise<{ readonly url: string }> {
  const server = createServer(await makeCertificate(directory, 'inspector'));
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
