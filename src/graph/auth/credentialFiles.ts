import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { CredentialIdentity } from './credentialSource.ts';
import { SignInError } from './signInError.ts';

type Certificate = Extract<CredentialIdentity, { kind: 'certificate' }>;

/**
 * The secret of an identity as it is at this moment. Files are read each time, so whoever rotates them restarts
 * nothing. Undefined for an identity that has none of its own. Throws a SignInError.
 */
export async function materialOf(identity: CredentialIdentity): Promise<string | undefined> {
  switch (identity.kind) {
    case 'secret':
      return identity.secret;
    case 'secretFile': {
      const secret = (await textOf('AZURE_CLIENT_SECRET_FILE', identity.path)).trim();
      if (secret !== '') return secret;
      throw new SignInError(`The file of AZURE_CLIENT_SECRET_FILE, ${identity.path}, is empty.`, {
        remedy: 'Write the value of the client secret into it.',
      });
    }
    case 'certificate': {
      const pem = await textOf('AZURE_CLIENT_CERTIFICATE_PATH', identity.path);
      checkPem(pem, identity);
      return pem;
    }
    case 'federated':
      return textOf('AZURE_FEDERATED_TOKEN_FILE', identity.path);
    case 'surroundings':
    case 'person':
      return undefined;
  }
}

async function textOf(setting: string, path: string): Promise<string> {
  try {
    // Editors on Windows put a mark before UTF-8 text.
    return (await readFile(path, 'utf8')).replace(/^\ufeff/, '');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new SignInError(`The file of ${setting}, ${path}, can't be read (${code}).`, {
      remedy: `Correct ${setting}, or let this user read the file.`,
    });
  }
}

/** What is wrong with the file is better said here than by a sign-in that refuses what was made of it. */
function checkPem(pem: string, { path, password }: Certificate): void {
  const about = `The file of AZURE_CLIENT_CERTIFICATE_PATH, ${path},`;
  if (!pem.includes('-----BEGIN CERTIFICATE-----') || !/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw new SignInError(`${about} does not hold a certificate and its private key as PEM text.`, {
      remedy: `Make one file of both: cat cert.pem key.pem > both.pem; from PFX: openssl pkcs12 -in file.pfx -out both.pem -nodes.`,
    });
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(password === undefined ? pem : { key: pem, passphrase: password });
  } catch {
    throw new SignInError(`The private key in ${path} can't be opened.`, {
      remedy:
        password === undefined
          ? 'If it has a password, set AZURE_CLIENT_CERTIFICATE_PASSWORD.'
          : 'Correct AZURE_CLIENT_CERTIFICATE_PASSWORD.',
    });
  }
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    throw new SignInError(`The certificate in ${path} can't be read.`, {
      remedy: 'Look at it with: openssl x509 -noout -text -in FILE.',
    });
  }
  if (!certificate.checkPrivateKey(key)) {
    throw new SignInError(`The first certificate and the private key in ${path} do not belong together.`, {
      remedy: "Put the app's own certificate before those of its issuers.",
    });
  }
}
