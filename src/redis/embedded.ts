import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { closeRedis, connectOnce } from './connection.ts';
import type { RedisLog } from './connection.ts';
import { hasServer, openDataDir } from './dataDir.ts';
import type { DataDir } from './dataDir.ts';
import { withLock } from './lock.ts';
import { notAnswering, startFailed, startServer, stopServer } from './server.ts';

/** From its start to its first answer; some 20 ms when the machine is idle. */
const LISTEN_MAX_MS = 10_000;
const LISTEN_PAUSE_MS = 20;
/** A server that has a million rows to read takes seconds; this is for slow disks. */
const LOADING_MAX_MS = 120_000;
const RESTART_PAUSE_MS = 1_000;
/** The connections with such a name are the commands that use the server: it stops with the last of them. */
const USER_NAME_PREFIX = 'retarget-user-';

export interface EmbeddedRedis {
  /** Where `openRedis` finds it: `{ socketPath }`. For this process only, until `release`. */
  readonly socketPath: string;
  /** Redis' `run_id`s of the servers before the one that was joined that ended in order, and so lost nothing, and last its own,
   *  apart by spaces: the next one, after a crash, has nothing of this to show. */
  readonly endedInOrder: string | undefined;
  /** Close all clients first. The last user stops the server and waits until it is gone. Never rejects. */
  release(): Promise<void>;
}

/**
 * Counts this process in as a user of the Redis of a data directory, which is started when none is there. While it is
 * used, a server that dies is started again. Users that are killed need no cleaning up: the server itself knows who is
 * connected, the kernel frees the lock, and a server without users waits for the next command.
 * @throws UserError (exit 4) when there is no redis-server, or it cannot run there.
 */
export async function useEmbeddedRedis(options: {
  readonly dataDir: string;
  /** PATH is where redis-server is looked for. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: RedisLog;
}): Promise<EmbeddedRedis> {
  const dataDir = openDataDir(options.dataDir);
  const join = (): Promise<Redis> => withLock(dataDir.lockFile, () => connectOrStart(dataDir, options.env));
  let member = await join().catch((error: unknown) => {
    dataDir.close();
    throw error;
  });
  const leaving = new AbortController();

  async function staySeated(): Promise<void> {
    while (await isLost(member, leaving.signal)) {
      options.log.warn(
        `The embedded Redis ended by itself; starting it again. Its log is ${dataDir.logFile}.`,
      );
      member = (await joinAgain(join, options.log, leaving.signal)) ?? member;
    }
  }
  const seated = staySeated();

  async function permit(): Promise<void> {
    leaving.abort();
    try {
      await seated;
      await withLock(dataDir.lockFile, () => stopIfLast(member, dataDir));
    } catch (error) {
      options.log.warn(error instanceof Error ? error.message : String(error));
    } finally {
      await closeRedis(member);
      dataDir.close();
    }
  }
  let left: Promise<void> | undefined;
  return {
    socketPath: dataDir.socketPath,
    endedInOrder: endedInOrder(dataDir),
    release: () => (left ??= permit()),
  };
}

/** Under the lock. Covers a server that runs, one that is half started, one that reads its data, and none. */
async function connectOrStart(dataDir: DataDir, env: NodeJS.ProcessEnv): Promise<Redis> {
  const deadline = performance.now() + LISTEN_MAX_MS;
  let hasStarted = false;
  let ended: string | undefined;
  for (;;) {
    if (!hasServer(dataDir)) {
      if (hasStarted) throw startFailed(dataDir, 'it ended at once');
      ended = takeEnded(dataDir);
      await startServer(dataDir, env);
      hasStarted = true;
    }
    try {
      const member = await connectOnce(
        { socketPath: dataDir.socketPath },
        { name: `${USER_NAME_PREFIX}${process.pid}`, readyMaxMs: LOADING_MAX_MS },
      );
      if (hasStarted) writeEnded(dataDir, followedBy(ended, await runIdOf(member)));
      return member;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (performance.now() > deadline) throw notAnswering(dataDir, reason);
    }
    await sleep(LISTEN_PAUSE_MS);
  }
}

/** Under the lock, so that nobody comes in between the read and the stop; whoever is not the last is gone when it ends. */
async function stopIfLast(member: Redis, dataDir: DataDir): Promise<void> {
  if (member.status !== 'ready') return;
  const [clients, ownId] = await Promise.all([member.client('LIST'), member.client('ID')]);
  const users = String(clients)
    .split('\n')
    .filter((line) => line.includes(` name=${USER_NAME_PREFIX}`));
  if (!users.every((line) => line.startsWith(`id=${ownId} `))) return closeRedis(member);
  const runId = await runIdOf(member);
  const servers = endedInOrder(dataDir);
  await stopServer(member, dataDir);
  writeEnded(dataDir, `${servers?.endsWith(runId) ? servers : runId}${IN_ORDER}`);
}

/** '' when it has gone away meanwhile: that names no server. */
const runIdOf = async (member: Redis): Promise<string> =>
  /run_id:(\w+)/.exec(await member.info('server').catch(() => ''))?.[1] ?? '';

/** Behind the last server's name once that has ended in order, too. */
const IN_ORDER = '\n';
/** Servers that are named, so many commands in a row may have left the tenant's limiter alone. */
const SERVERS_MAX = 32;

const followedBy = (servers: string | undefined, runId: string): string =>
  [...(servers?.split(' ') ?? []), runId].slice(-SERVERS_MAX).join(' ');

/** The servers that ended in order, if the last one did. The file is gone until the next server is named in it: who dies in
 *  between permits data that counts as cut short. */
function takeEnded(dataDir: DataDir): string | undefined {
  const servers = endedInOrder(dataDir);
  rmSync(dataDir.endedFile, { force: true });
  return servers?.endsWith(IN_ORDER) ? servers.trimEnd() : undefined;
}

/** The `run_id`s of servers that ended in order one after the other, and last that of the one that is there now. */
function endedInOrder({ endedFile }: DataDir): string | undefined {
  try {
    return readFileSync(endedFile, 'utf8');
  } catch {
    return undefined; // None has yet, or it can't be known: then the data counts as cut short.
  }
}

function writeEnded({ endedFile }: DataDir, text: string): void {
  try {
    writeFileSync(endedFile, text, { mode: 0o600 });
  } catch {
    rmSync(endedFile, { force: true }); // A full disk: half a word would be worse than none.
  }
}

/** True when the connection has ended, false when this process leaves. */
function isLost(member: Redis, leaving: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (member.status === 'end' || leaving.aborted) resolve(!leaving.aborted);
    member.once('end', () => resolve(true));
    leaving.addEventListener('abort', () => resolve(false), { once: true });
  });
}

/** Tries until it works or this process leaves: an overnight run has nobody who would start it again. */
async function joinAgain(
  join: () => Promise<Redis>,
  log: RedisLog,
  leaving: AbortSignal,
): Promise<Redis | undefined> {
  let told = '';
  while (!leaving.aborted) {
    try {
      return await join();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== told) log.warn(message);
      told = message;
    }
    await sleep(RESTART_PAUSE_MS, undefined, { signal: leaving }).catch(() => {});
  }
  return undefined;
}
