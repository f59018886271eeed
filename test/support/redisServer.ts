import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A wait that is bounded, so that a server that cannot start fails its test by name. */
const ANSWER_MAX_MS = 15_000;
const ANSWER_PAUSE_MS = 10;

export interface TestRedis {
  readonly socketPath: string;
  /** Where it is over TCP; only with `tcp`. */
  readonly url: string | undefined;
  /** Its directory: data and, with `--logfile`, its log. */
  readonly dir: string;
  /** Of the present process; another one after `restart`. */
  readonly pid: number;
  readonly isAlive: boolean;
  /** Sends the signal. SIGKILL and SIGTERM wait until the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** A new process on the same directory, socket and port. The old one gets a SIGKILL if it still lives. */
  restart(): Promise<void>;
  /** Ends it and deletes the directory that was made for it. May be called twice. */
  stop(): Promise<void>;
}

/**
 * A redis-server for one test, on a Unix socket in a directory of its own. It keeps nothing unless `args` say so:
 * `['--appendonly', 'yes']`. It ends with the test process, even when that is killed.
 */
export async function startRedisServer(
  options: {
    readonly args?: readonly string[];
    readonly dir?: string;
    readonly tcp?: boolean;
    /** A configuration file that the server may write to, as a sentinel does. */
    readonly config?: string;
    /** What is started as redis-server: a script that ends in `exec redis-server "$@"`. */
    readonly command?: string;
  } = {},
): Promise<TestRedis> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'retarget-test-'));
  const madeDir = options.dir === undefined ? dir : undefined;
  const socketPath = join(dir, 'test.sock');
  const port = options.tcp === true ? await freePort() : 0;
  const config = join(dir, 'redis.conf');
  if (options.config !== undefined) writeFileSync(config, options.config);
  const args = [
    ...(options.config === undefined ? [] : [config]),
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--unixsocket',
    socketPath,
    '--dir',
    dir,
    '--save',
    '',
  ];
  const command = options.command ?? 'redis-server';
  const launch = (): Promise<Running> =>
    start(command, [...args, ...(options.args ?? [])], socketPath, madeDir);
  let running = await launch();
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (running.server.exitCode !== null || running.server.signalCode !== null) return;
    const isGone = once(running.server, 'exit');
    running.server.kill(signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await isGone;
  };
  const end = async (): Promise<void> => {
    await kill('SIGKILL');
    running.watchdog.kill('SIGKILL');
  };
  return {
    socketPath,
    url: port === 0 ? undefined : `redis://127.0.0.1:${port}`,
    dir,
    get pid() {
      return pidOf(running.server);
    },
    get isAlive() {
      return running.server.exitCode === null && running.server.signalCode === null;
    },
    kill,
    restart: async () => {
      await end();
      running = await launch();
    },
    stop: async () => {
      await end();
      if (madeDir !== undefined) rmSync(madeDir, { recursive: true, force: true });
    },
  };
}

interface Running {
  readonly server: ChildProcess;
  readonly watchdog: ChildProcess;
}

async function start(
  command: string,
  args: readonly string[],
  socketPath: string,
  madeDir: string | undefined,
): Promise<Running> {
  const server = spawn(command, args, { stdio: 'ignore', detached: true });
  await once(server, 'spawn');
  // Its input ends when the test process does, however that dies; then it takes server and directory along.
  const script = 'cat; kill -9 "$1"; [ -z "$2" ] || rm -rf "$2"';
  const watchdog = spawn('sh', ['-c', script, 'sh', `${pidOf(server)}`, madeDir ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  server.unref();
  watchdog.unref();
  const deadline = performance.now() + ANSWER_MAX_MS;
  while (!(await isReady(socketPath))) {
    if (server.exitCode !== null)
      throw new Error(`redis-server ${args.join(' ')} ended with ${server.exitCode}`);
    if (performance.now() > deadline) throw new Error(`redis-server does not answer on ${socketPath}`);
    await sleep(ANSWER_PAUSE_MS);
  }
  return { server, watchdog };
}

/** Any answer but LOADING will do: with a password it is an error. */
function isReady(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath, () => socket.write('PING\r\n'));
    socket.once('data', (reply) => {
      socket.destroy();
      resolve(!reply.toString().startsWith('-LOADING'));
    });
    socket.once('error', () => resolve(false));
    socket.once('end', () => resolve(false));
  });
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on an address, not on a pipe
  server.close();
  await once(server, 'close');
  return port;
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the process did not start');
  return pid;
}
