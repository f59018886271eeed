import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Paths of PEM files. */
export interface Certificates {
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
  /** An authority that signed none of them. */
  readonly otherCa: string;
  /** What a redis-server needs to have TLS on a port, and no port without. */
  serverArgs(port: number, clients?: 'with a certificate' | 'anyone'): string[];
}

/** An authority, a certificate for a server of that name and one for a client. Deleted with the test. */
export function makeCertificates(serverName = 'DNS:localhost'): Certificates {
  const dir = mkdtempSync(join(tmpdir(), 'retarget-tls-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const path = (name: string): string => join(dir, name);
  const make = (name: string, args: readonly string[]): { cert: string; key: string } => {
    const made = { cert: path(`${name}.crt`), key: path(`${name}.key`) };
    const common = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const files = ['-days', '2', '-subj', `/CN=${name}`, '-keyout', made.key, '-out', made.cert];
    execFileSync('openssl', [...common, ...files, ...args], { stdio: 'pipe' });
    return made;
  };
  const authority = make('authority', []);
  const signed = ['-CA', authority.cert, '-CAkey', authority.key, '-addext', 'basicConstraints=CA:FALSE'];
  const server = make('server', [...signed, '-addext', `subjectAltName=${serverName}`]);
  const client = make('client', signed);
  return {
    ca: authority.cert,
    server,
    client,
    otherCa: make('other', []).cert,
    serverArgs: (port, clients = 'anyone') =>
      [
        ['--port', '0'],
        ['--tls-port', `${port}`],
        ['--tls-cert-file', server.cert],
        ['--tls-key-file', server.key],
        ['--tls-ca-cert-file', authority.cert],
        ['--tls-auth-clients', clients === 'anyone' ? 'no' : 'yes'],
      ].flat(),
  };
}
