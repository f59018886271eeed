import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { EXIT, UserError } from '../errors.ts';

export const SOCKET_NAME = 'redis.sock';
/** Bytes a Unix socket's path may have: 104 with the closing NUL on macOS, 108 on Linux. Source: sys/un.h */
const SOCKET_PATH_BYTES_MAX = 103;

/** The directory where one embedded Redis lives. Every process that uses it opens it for itself. */
export interface DataDir {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** Short enough for a socket; only this process may use it. */
  readonly socketPath: string;
  readonly lockFile: string;
  readonly logFile: string;
  /** Names the last server that ended in order, whose data is whole, and the one after it. */
  readonly endedFile: string;
  /** A FIFO whose read end the server holds open for as long as it lives: see `hasServer`. */
  readonly lifeline: string;
  close(): void;
}

/** RETARGET_DATA_DIR, else `retarget` in the place where this system keeps the data of programs. */
export function defaultDataDir(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  const chosen = env['RETARGET_DATA_DIR']?.trim();
  if (chosen) return resolve(chosen);
  const home = env['HOME'] || homedir();
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'retarget');
  const dataHome = env['XDG_DATA_HOME'];
  // The XDG specification wants relative paths ignored: they would name another place in every directory.
  return join(dataHome && isAbsolute(dataHome) ? dataHome : join(home, '.local', 'share'), 'retarget');
}

/**
 * Makes the directory if it is not there, for its owner only.
 * @throws UserError (exit 4) when it cannot be made, or when others can look into it.
 */
export function openDataDir(wanted: string): DataDir {
  if (process.platform === 'win32') throw notOnWindows();
  const path = ownDirectory(wanted);
  const lifeline = join(path, 'redis.alive');
  expectKind(join(path, SOCKET_NAME), (stats) => stats.isSocket());
  expectKind(lifeline, (stats) => stats.isFIFO());
  const alias = shortAlias(path);
  return {
    path,
    socketPath: join(alias ?? path, SOCKET_NAME),
    lockFile: join(path, 'lock.db'),
    logFile: join(path, 'redis.log'),
    endedFile: join(path, 'redis.ended'),
    lifeline,
    close: () => {
      if (alias !== undefined) rmSync(join(alias, '..'), { recursive: true, force: true });
    },
  };
}

/**
 * Whether a server of this directory lives, even one that does not listen yet, no longer, or whose socket was
 * deleted. Two servers on one append-only file would ruin it, and a pid file may name a process that got an old number.
 */
export function hasServer({ lifeline }: Pick<DataDir, 'lifeline'>): boolean {
  try {
    closeSync(openSync(lifeline, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    // ENXIO: nobody has the read end open.
    if (isErrno(error, 'ENXIO') || isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

/** The read end of the lifeline, to be handed to a server and closed here. Call it under the lock. */
export function openLifeline({ lifeline }: DataDir): number {
  if (lstatSync(lifeline, { throwIfNoEntry: false }) === undefined) {
    // Every POSIX system has this command in one of these places; Node has no call for it.
    execFileSync('mkfifo', ['-m', '600', lifeline], {
      env: { PATH: '/usr/bin:/bin:/run/current-system/sw/bin' },
    });
  }
  return openSync(lifeline, constants.O_RDONLY | constants.O_NONBLOCK);
}

function ownDirectory(wanted: string): string {
  try {
    mkdirSync(wanted, { recursive: true, mode: 0o700 });
    const path = realpathSync(wanted);
    const { uid, mode } = statSync(path);
    if (uid !== process.getuid?.()) throw notYours(path);
    if ((mode & 0o077) !== 0) {
      if (readdirSync(path).length > 0) throw openToOthers(path);
      chmodSync(path, 0o700);
    }
    return path;
  } catch (error) {
    throw error instanceof UserError ? error : notUsable(wanted, error);
  }
}

/**
 * Another name for a directory whose path is too long for a socket: the kernel follows a symbolic link, and only
 * the name that is given to it must be short. Each process makes its own, so nobody else's is ever trusted.
 */
function shortAlias(path: string): string | undefined {
  if (Buffer.byteLength(join(path, SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX) return undefined;
  const temporary = tmpdir().length > SOCKET_PATH_BYTES_MAX / 2 ? '/tmp' : tmpdir();
  const alias = join(mkdtempSync(join(temporary, 'retarget-')), 'd');
  symlinkSync(path, alias);
  return alias;
}

/** The server deletes whatever is at its socket's path, so what is not a socket must not be there. */
function expectKind(path: string, isExpected: (stats: Stats) => boolean): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats !== undefined && !isExpected(stats)) throw inTheWay(path);
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

const notOnWindows = (): UserError =>
  new UserError('The embedded Redis does not run on Windows.', {
    remedy: 'Run retarget in WSL2, or set REDIS_URL to a Redis that runs already.',
    exitCode: EXIT.environment,
  });

const notYours = (path: string): UserError =>
  new UserError(`The data directory ${path} belongs to another user.`, {
    remedy: 'Run as that user, or set RETARGET_DATA_DIR to a directory of your own.',
    exitCode: EXIT.environment,
  });

const openToOthers = (path: string): UserError =>
  new UserError(`Other users can look into the data directory ${path}.`, {
    remedy: `Run \`chmod 700 '${path}'\` if it is for retarget alone, or set RETARGET_DATA_DIR to an empty directory.`,
    exitCode: EXIT.environment,
  });

const notUsable = (path: string, error: unknown): UserError =>
  new UserError(
    `Cannot use the data directory ${path}: ${error instanceof Error ? error.message : String(error)}.`,
    {
      remedy:
        'Set RETARGET_DATA_DIR to a directory that you can write to, or REDIS_URL to a Redis that runs already.',
      exitCode: EXIT.environment,
    },
  );

const inTheWay = (path: string): UserError =>
  new UserError(`${path} is in the way: it is not what the embedded Redis keeps there.`, {
    remedy: `Move it away with \`mv '${path}' '${path}.old'\`, then start again.`,
    exitCode: EXIT.environment,
  });
