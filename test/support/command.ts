import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));

/** The built command in a process of its own. */
export interface Command {
  readonly pid: number;
  readonly ended: Promise<{
    readonly exitCode: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
  /** Resolves when stderr holds the text; rejects when the process ends without it. */
  said(text: string): Promise<void>;
  /** The first line of stderr that holds the text; rejects likewise. */
  saidLine(text: string): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** As a reader does that has seen enough. */
  closeStdout(): void;
}

/** Starts `node dist/main.js`; it is killed when the test ends, should it still run. */
export function command(
  argv: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly cwd: string;
    readonly nodeArgs?: readonly string[];
    /** Where stdout goes instead: what is said of it is then ''. */
    readonly stdoutPath?: string;
  },
): Command {
  expectFreshBuild();
  const stdoutFile = options.stdoutPath === undefined ? undefined : openSync(options.stdoutPath, 'w');
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), MAIN, ...argv], {
    env: { ...options.env },
    cwd: options.cwd,
    stdio: ['ignore', stdoutFile ?? 'pipe', 'pipe'],
  });
  if (stdoutFile !== undefined) closeSync(stdoutFile);
  let [stdout, stderr, isOver] = ['', '', false];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    child.emit('heard');
  });
  const ended = once(child, 'close').then(([exitCode]: (number | null)[]) => {
    isOver = true;
    child.emit('heard');
    return { exitCode: exitCode ?? null, stdout, stderr };
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const said = async (text: string): Promise<void> => {
    while (!stderr.includes(text)) {
      if (isOver) throw new Error(`it ended without saying "${text}": ${stderr}`);
      await once(child, 'heard');
    }
  };
  return {
    pid: child.pid ?? 0,
    ended,
    said,
    async saidLine(text) {
      await said(text);
      // The line may come in pieces.
      for (;;) {
        const line = stderr
          .split('\n')
          .slice(0, -1)
          .find((each) => each.includes(text));
        if (line !== undefined) return line;
        await once(child, 'heard');
      }
    },
    kill: (signal) => void child.kill(signal),
    closeStdout: () => void child.stdout?.destroy(),
  };
}

/** Testing what was built before the last change would prove nothing about it. */
function expectFreshBuild(): void {
  const built = statSync(MAIN, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const changed = readdirSync(SOURCES, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.md'))
    .map((entry) => statSync(`${entry.parentPath}/${entry.name}`).mtimeMs);
  if (Math.max(...changed) > built) throw new Error('dist/ is older than src/: run `npm run build` first.');
}
