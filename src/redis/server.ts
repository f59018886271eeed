import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { EXIT, UserError } from '../errors.ts';
import { hasServer, openLifeline, SOCKET_NAME } from './dataDir.ts';
import type { DataDir } from './dataDir.ts';

/** It writes its last second of work to disk; a slow disk may take a while. */
const STOP_MAX_MS = 10_000;
const STOP_PAUSE_MS = 10;
/** The log starts anew at the next start when it has become this long. */
const LOG_BYTES_MAX = 1_000_000;
const LOG_LINES_SHOWN = 3;
const SERVER_NAMES = ['redis-server', 'valkey-server'];

/** No TCP, nothing but the append-only file on disk, nothing evicted. Paths are short: it runs in its directory. */
const SERVER_ARGUMENTS = [
  ['--port', '0'],
  ['--unixsocket', SOCKET_NAME],
  ['--unixsocketperm', '700'],
  ['--pidfile', 'redis.pid'],
  ['--dir', '.'],
  ['--appendonly', 'yes'],
  ['--appendfsync', 'everysec'],
  ['--save', ''],
  ['--maxmemory-policy', 'noeviction'],
  ['--daemonize', 'no'],
].flat();

/**
 * Starts the server of a data directory and returns before it answers. Call it under the lock, with no server there.
 * It is in a session of its own and outlives this process.
 * @throws UserError (exit 4) when there is none on the PATH.
 */
export async function startServer(dataDir: DataDir, env: NodeJS.ProcessEnv): Promise<void> {
  const command = findServer(env);
  const lifeline = openLifeline(dataDir);
  const log = openSync(dataDir.logFile, isLong(dataDir.logFile) ? 'w' : 'a', 0o600);
  try {
    const server = spawn(command, SERVER_ARGUMENTS, {
      cwd: dataDir.path,
      detached: true,
      stdio: [lifeline, log, log],
      // It lives longer than this command, and other users' tools may show its environment: no tokens in there.
      env: {},
    });
    server.unref();
    await new Promise((resolve, reject) => server.once('spawn', resolve).once('error', reject));
  } catch (error) {
    throw startFailed(dataDir, error instanceof Error ? error.message : String(error));
  } finally {
    closeSync(lifeline);
    closeSync(log);
  }
}

/** Stops the server that a client without reconnection is connected to. Call it under the lock. */
export async function stopServer(redis: Redis, dataDir: DataDir): Promise<void> {
  // The answer to SHUTDOWN is the end of the connection; a real answer says why it goes on, and then it may.
  const refusal = await redis
    .shutdown()
    .catch((error: Error) => (error.name === 'ReplyError' ? error : undefined));
  if (refusal instanceof Error) throw stopFailed(dataDir, refusal.message);
  const deadline = performance.now() + STOP_MAX_MS;
  while (hasServer(dataDir)) {
    if (performance.now() > deadline) throw stopFailed(dataDir, 'it is still there');
    await sleep(STOP_PAUSE_MS);
  }
}

export function startFailed(dataDir: DataDir, reason: string): UserError {
  return new UserError(`The embedded Redis did not start: ${reason}.${endOfLog(dataDir)}`, {
    remedy: `Mend what ${dataDir.logFile} says at its end, or set REDIS_URL to a Redis that runs already.`,
    exitCode: EXIT.environment,
  });
}

export function notAnswering(dataDir: DataDir, reason: string): UserError {
  return new UserError(`The embedded Redis of ${dataDir.path} runs but does not answer: ${reason}.`, {
    remedy: `Run \`kill $(cat '${join(dataDir.path, 'redis.pid')}')\` (it keeps its data), then start again.`,
    exitCode: EXIT.environment,
  });
}

const stopFailed = (dataDir: DataDir, reason: string): UserError =>
  new UserError(`The embedded Redis did not stop: ${reason}.`, {
    remedy: `It may stay: the next command uses it. Its log is ${dataDir.logFile}.`,
    exitCode: EXIT.environment,
  });

function findServer(env: NodeJS.ProcessEnv): string {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = SERVER_NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = candidates.find(isExecutable);
  if (found === undefined) throw noServer(folders);
  return found;
}

/** How to get a Redis, by the package manager's name. */
const INSTALL_COMMANDS: readonly (readonly [manager: string, command: string])[] = [
  ['apt-get', 'sudo apt-get install redis-server'],
  ['dnf', 'sudo dnf install redis || sudo dnf install valkey'],
  ['apk', 'sudo apk add redis'],
  ['brew', 'brew install redis'],
];

function noServer(folders: readonly string[]): UserError {
  // A command may run with a bare PATH, as in a scheduled task; the system has its manager all the same.
  const places = [...folders, '/usr/bin', '/sbin', '/opt/homebrew/bin', '/usr/local/bin'];
  const known = INSTALL_COMMANDS.find(([manager]) =>
    places.some((folder) => isExecutable(join(folder, manager))),
  );
  const install = known === undefined ? 'Install redis-server 6.2 or newer' : `Run \`${known[1]}\``;
  return new UserError(
    'There is no redis-server and no valkey-server on the PATH, and REDIS_URL is not set.',
    {
      remedy: `${install}, or set REDIS_URL to a Redis that runs already, such as redis://127.0.0.1:6379/0.`,
      exitCode: EXIT.environment,
    },
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isLong(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES_MAX;
}

function endOfLog({ logFile }: DataDir): string {
  if (statSync(logFile, { throwIfNoEntry: false }) === undefined) return '';
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n');
  return ` The end of its log: ${lines.slice(-LOG_LINES_SHOWN).join(' / ')}`;
}
