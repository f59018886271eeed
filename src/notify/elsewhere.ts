import { readFile } from 'node:fs/promises';
import { addressFault, type ChannelAddress, type Elsewhere } from './channel.ts';
import { NotTold } from './notTold.ts';

/** What channels are told with, besides their own settings. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** From now on nothing that is shown or kept may hold this. */
  readonly keepSecret: (secret: string) => void;
}

/** A text that is kept elsewhere, as it is at this moment. @throws NotTold when it is not there */
export async function textFrom(
  what: string,
  where: Elsewhere,
  { env, keepSecret }: Surroundings,
): Promise<string> {
  const text = 'env' in where ? (env[where.env] ?? '') : await fileText(what, where.file);
  const secret = text.replace(/^\ufeff/, '').trim();
  if (secret === '')
    throw new NotTold(
      `its ${what} is empty: ${'env' in where ? `the variable ${where.env} is not set` : where.file}`,
    );
  keepSecret(secret);
  return secret;
}

/** @throws NotTold for one that is not there, or to which nothing may be sent */
export async function addressFrom(address: ChannelAddress, surroundings: Surroundings): Promise<URL> {
  const text = typeof address === 'string' ? address : await textFrom('address', address, surroundings);
  const fault = addressFault(text);
  if (fault !== undefined) throw new NotTold(`its address ${fault}`);
  return new URL(text);
}

/** The authorities of a channel's `ca`. */
export const authorities = async (path: string | undefined): Promise<string | undefined> =>
  path === undefined ? undefined : fileText('ca', path);

async function fileText(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new NotTold(`the file of its ${what}, ${path}, can't be read (${code})`);
  }
}
