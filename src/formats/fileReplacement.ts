import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { access, lstat, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** For its owner only, as ids and names of a tenant are nobody else's business. */
const MODE_OF_NEW = 0o600;
const MODE_BITS = 0o7777;

/**
 * Writes a file as a whole or not at all: what is written goes to a file beside it, and `end` puts that one in its place,
 * with the mode and the owner of the one that was there. Disposed of without `end`, it leaves nothing. Devices and pipes
 * are written directly. A symbolic link is not followed, as whoever put it there would choose what is overwritten. What
 * fails is thrown as Node throws it, with `syscall`: `open` where nothing was begun.
 */
export class FileReplacement implements AsyncDisposable {
  readonly #path: string;
  /** Undefined: the path itself is written. */
  readonly #partPath: string | undefined;
  /** What is replaced. */
  readonly #before: Stats | undefined;
  readonly #file: FileHandle;

  private constructor(
    path: string,
    partPath: string | undefined,
    before: Stats | undefined,
    file: FileHandle,
  ) {
    this.#path = path;
    this.#partPath = partPath;
    this.#before = before;
    this.#file = file;
  }

  /** @param takes whether what is no regular file is written, or refused */
  static async open(path: string, takes: 'files' | 'anything'): Promise<FileReplacement> {
    const found = await lstat(path).catch(() => undefined);
    if (found?.isSymbolicLink()) throw refused(path, 'is a symbolic link', 'ELOOP');
    if (found !== undefined && !found.isFile()) {
      if (takes === 'files' || found.isDirectory()) throw refused(path, 'is no regular file', 'EINVAL');
      return new FileReplacement(path, undefined, undefined, await open(path, constants.O_WRONLY));
    }
    if (found !== undefined) await expectWritable(path);
    const partPath = join(dirname(path), `.${basename(path)}.${randomUUID()}.part`);
    return new FileReplacement(path, partPath, found, await open(partPath, 'wx', MODE_OF_NEW));
  }

  async append(text: string): Promise<void> {
    await this.#file.appendFile(text);
  }

  /** From here on the file is there. */
  async end(): Promise<void> {
    if (this.#partPath === undefined) return this.#file.close();
    if (this.#before !== undefined) await likeBefore(this.#file, this.#before);
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#partPath, this.#path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
    if (this.#partPath !== undefined) await rm(this.#partPath, { force: true });
  }
}

/** A file that may not be written would otherwise be replaced by whoever may write into its directory. */
async function expectWritable(path: string): Promise<void> {
  try {
    await access(path, constants.W_OK);
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { syscall: 'open' }) : error;
  }
}

async function likeBefore(file: FileHandle, { mode, uid, gid }: Stats): Promise<void> {
  const own = await file.stat();
  // Who may not give files away gets one of his own, as far as its group goes too.
  if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid).catch(() => undefined);
  await file.chmod(mode & MODE_BITS);
}

const refused = (path: string, what: string, code: string): Error =>
  Object.assign(new Error(`${path} ${what}`), { code, syscall: 'open' });
