import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Environment } from '../../config.ts';

/** A worker in a process of its own, which can be killed as a machine that loses its power kills it. */
export interface WorkerProcess {
  readonly pid: number;
  /** Ends it with SIGKILL, or lets it finish what is in flight. Resolves when it is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** What it said last, where it has ended by itself. */
  readonly saidLast: () => string | undefined;
}

/** As built, or as it stands in the source. */
const MAIN = fileURLToPath(
  new URL(`../../main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
);

const TEXT_KEPT = 4_000;

export function startWorkerProcess(env: Environment, cwd: string): WorkerProcess {
  const child = spawn(process.execPath, [MAIN, 'worker'], {
    env: { ...env },
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('a worker could not be started');
  let text = '';
  child.stderr.on('data', (bytes: Buffer) => {
    text = (text + bytes.toString()).slice(-TEXT_KEPT);
  });
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    pid,
    async end(signal) {
      if (isOver()) return;
      const gone = once(child, 'exit');
      child.kill(signal);
      await gone;
    },
    saidLast: () => (isOver() ? text.trim().split('\n').at(-1) : undefined),
  };
}
