import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificate {
  /** Files, as PEM. */
  readonly certPath: string;
  readonly keyPath: string;
  readonly cert: string;
  readonly key: string;
}

/** Makes a self-signed certificate in the directory, for 127.0.0.1 unless told otherwise, with openssl. */
export async function makeCertificate(
  directory: string,
  name: string,
  whom = 'IP:127.0.0.1',
): Promise<Certificate> {
  const certPath = join(directory, `${name}.crt`);
  const keyPath = join(directory, `${name}.key`);
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`],
    ...['-addext', `subjectAltName=${whom}`, '-keyout', keyPath, '-out', certPath],
  ]);
  return {
    certPath,
    keyPath,
    cert: await readFile(certPath, 'utf8'),
    key: await readFile(keyPath, 'utf8'),
  };
}

/** The same private key, behind a password. */
export async function encryptedKey({ keyPath }: Certificate, password: string): Promise<string> {
  const { stdout } = await run('openssl', [
    ...['pkcs8', '-topk8', '-v2', 'aes256', '-in', keyPath, '-passout', `pass:${password}`],
  ]);
  return stdout;
}
