import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkServerIdentity, createSecureContext } from 'node:tls';
import type { ConnectionOptions, PeerCertificate } from 'node:tls';
import { EXIT, UserError } from '../errors.ts';

/** Files that belong to an address: their paths, by setting. They are read anew for every client. */
export interface RedisFiles {
  /** The authorities that may have signed the server's certificate, instead of the system's own. PEM. */
  readonly REDIS_TLS_CA_FILE?: string | undefined;
  /** Our own certificate, for a server that asks for one. PEM. */
  readonly REDIS_TLS_CERT_FILE?: string | undefined;
  readonly REDIS_TLS_KEY_FILE?: string | undefined;
  /** Passwords, so that they need not stand in an environment; a line end after them is no part of them. */
  readonly REDIS_PASSWORD_FILE?: string | undefined;
  readonly REDIS_SENTINEL_PASSWORD_FILE?: string | undefined;
}

export type RedisFileSetting = keyof RedisFiles;

export const REDIS_FILE_SETTINGS = [
  'REDIS_TLS_CA_FILE',
  'REDIS_TLS_CERT_FILE',
  'REDIS_TLS_KEY_FILE',
  'REDIS_PASSWORD_FILE',
  'REDIS_SENTINEL_PASSWORD_FILE',
] as const satisfies readonly RedisFileSetting[];

/**
 * What a TLS connection is made with; undefined for an address without TLS.
 * @param names the hosts as the user wrote them
 * @throws UserError (exit 2) for a file that is not there or is not what it should be.
 */
export function tlsOptions(
  isTls: boolean,
  names: readonly string[],
  files: RedisFiles,
): ConnectionOptions | undefined {
  const { REDIS_TLS_CA_FILE: ca, REDIS_TLS_CERT_FILE: cert, REDIS_TLS_KEY_FILE: key } = files;
  const given = REDIS_FILE_SETTINGS.slice(0, 3).find((setting) => files[setting] !== undefined);
  if (!isTls) {
    if (given !== undefined) throw unused(given);
    return undefined;
  }
  if ((cert === undefined) !== (key === undefined)) throw half(cert === undefined);
  const options = {
    ...(ca === undefined ? {} : { ca: content('REDIS_TLS_CA_FILE', ca) }),
    ...(cert === undefined ? {} : { cert: content('REDIS_TLS_CERT_FILE', cert) }),
    ...(key === undefined ? {} : { key: content('REDIS_TLS_KEY_FILE', key) }),
  };
  try {
    // The TLS of Node takes any text for a list of no authorities, and then trusts nobody.
    if (options.ca !== undefined) void new X509Certificate(options.ca);
    createSecureContext(options);
  } catch (error) {
    throw noPem(error instanceof Error ? error.message : String(error));
  }
  return { ...options, checkServerIdentity: identityCheck(names) };
}

/** The password of the file, or the one from the address. @throws UserError (exit 2) when there are both. */
export function passwordFrom(
  setting: 'REDIS_PASSWORD_FILE' | 'REDIS_SENTINEL_PASSWORD_FILE',
  files: RedisFiles,
  fromAddress: string | undefined,
): string | undefined {
  const path = files[setting];
  if (path === undefined) return fromAddress;
  if (fromAddress !== undefined)
    throw new UserError(`There are two passwords for Redis: one in REDIS_URL, one in ${setting}.`, {
      remedy: `Take the password out of REDIS_URL, or unset ${setting}.`,
      exitCode: EXIT.badInput,
    });
  // Editors on Windows put a mark before UTF-8 text.
  const password = content(setting, path)
    .replace(/^\ufeff/, '')
    .replace(/\r?\n$/, '');
  if (password !== '') return password;
  throw new UserError(`${setting} is an empty file: ${path}.`, {
    remedy: 'Write the password into it, or unset the setting.',
    exitCode: EXIT.badInput,
  });
}

/**
 * Sentinels and cluster nodes name each other by addresses, and certificates are for names. So a node that is known by
 * its address only may show the certificate of one of the names that the user wrote: the authority signed it for that name.
 */
function identityCheck(names: readonly string[]) {
  return (host: string, certificate: PeerCertificate): Error | undefined => {
    const mismatch = checkServerIdentity(host, certificate);
    if (mismatch === undefined || isIP(host) === 0) return mismatch;
    const written = names.filter((name) => isIP(name) === 0);
    return written.some((name) => checkServerIdentity(name, certificate) === undefined)
      ? undefined
      : mismatch;
  };
}

function content(setting: RedisFileSetting, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new UserError(`${setting} cannot be read: ${path} (${reason}).`, {
      remedy: 'Set it to the path of a file that this user may read, or unset it.',
      exitCode: EXIT.badInput,
    });
  }
}

const unused = (setting: RedisFileSetting): UserError =>
  new UserError(`${setting} is set, but the address of Redis is one without TLS.`, {
    remedy: `Write REDIS_URL with rediss instead of redis, or unset ${setting}.`,
    exitCode: EXIT.badInput,
  });

const half = (isKey: boolean): UserError =>
  new UserError(
    isKey
      ? 'REDIS_TLS_KEY_FILE is set and REDIS_TLS_CERT_FILE is not.'
      : 'REDIS_TLS_CERT_FILE is set and REDIS_TLS_KEY_FILE is not.',
    { remedy: 'Set both, or neither.', exitCode: EXIT.badInput },
  );

const noPem = (reason: string): UserError =>
  new UserError(`The files of REDIS_TLS_…_FILE cannot be used: ${reason}.`, {
    remedy:
      'Certificates and key must be PEM files (-----BEGIN …), the key without a passphrase, and the key must be the ' +
      "certificate's own: compare `openssl x509 -in CERT -noout -pubkey` with `openssl pkey -in KEY -pubout`.",
    exitCode: EXIT.badInput,
  });
