import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The built command. */
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One command in a process of its own. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly isOver: boolean;
  readonly ended: Promise<Ended>;
  readonly stdin: NonNullable<ChildProcess['stdin']>;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  /** How it ended, or undefined when it still runs after `maxMs`. */
  endedWithin(maxMs: number): Promise<Ended | undefined>;
  /** Resolves when stderr holds the text; rejects when the process ends without it. */
  said(text: string): Promise<void>;
}

/** Starts commands, and ends those that still run when it is closed or when this process dies, however it does. */
export interface Processes extends AsyncDisposable {
  start(
    argv: readonly string[],
    options: { readonly env: Readonly<Record<string, string | undefined>>; readonly cwd: string },
  ): Child;
  readonly all: readonly Child[];
}

/** Keeps the ids it is told; kills them when its input ends, which it does with the process that told them. */
const WATCHDOG = `live=" "
while read -r op pid; do
  case $op in
    add) live="$live$pid " ;;
    drop) live="\${live%% $pid *} \${live#* $pid }" ;;
  esac
done
set -- $live
[ $# -eq 0 ] || kill -9 "$@"`;

export function openProcesses(): Processes {
  const watchdog = spawn('sh', ['-c', WATCHDOG], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  watchdog.unref();
  watchdog.stdin.on('error', () => undefined);
  const all: Child[] = [];
  return {
    all,
    start(argv, { env, cwd }) {
      const child = spawn(process.execPath, [MAIN, ...argv], {
        env: { ...env },
        cwd,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      if (child.pid === undefined) throw new Error(`retarget ${argv.join(' ')} did not start`);
      const { pid } = child;
      watchdog.stdin.write(`add ${pid}\n`);
      const started = childOf(argv[0] ?? '', pid, child);
      // Its number may be another process's from here on.
      child.once('exit', () => watchdog.stdin.write(`drop ${pid}\n`));
      all.push(started);
      return started;
    },
    async [Symbol.asyncDispose]() {
      for (const child of all) if (!child.isOver) child.kill('SIGKILL');
      await Promise.all(all.map((child) => child.ended));
      watchdog.stdin.end();
    },
  };
}

function childOf(name: string, pid: number, child: ChildProcess & { stdin: Child['stdin'] | null }): Child {
  const { stdin, stdout: out, stderr: err } = child;
  if (stdin === null || out === null || err === null) throw new Error('it was started without pipes');
  let [stdout, stderr, isOver] = ['', '', false];
  // It may die while it is written to.
  stdin.on('error', () => undefined);
  out.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  err.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    child.emit('heard');
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (exitCode, signal) => {
      isOver = true;
      child.emit('heard');
      resolve({ exitCode, signal, stdout, stderr });
    });
  });
  return {
    name,
    pid,
    stdin,
    ended,
    get isOver() {
      return isOver;
    },
    stdout: () => stdout,
    stderr: () => stderr,
    kill: (signal) => {
      if (!isOver) child.kill(signal);
    },
    async endedWithin(maxMs) {
      const tooLong = new AbortController();
      const late = sleep(maxMs, undefined, { signal: tooLong.signal }).catch(() => undefined);
      try {
        return await Promise.race([ended, late]);
      } finally {
        tooLong.abort();
      }
    },
    async said(text) {
      while (!stderr.includes(text)) {
        if (isOver) throw new Error(`${name} ended without saying "${text}": ${stderr}`);
        await once(child, 'heard');
      }
    },
  };
}
