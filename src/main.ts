#!/usr/bin/env node
import { fstatSync, realpathSync, writeSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import type { Io } from './cli/context.ts';
import type { ExitCode } from './errors.ts';

// Only built-in modules may be imported up here: an older Node must get as far as saying so.
const STDOUT = 1;
const NODE_MIN = [22, 19] as const;

/** Commands that keep something of each of a million rows. */
const KEEPS_ROWS: ReadonlySet<string> = new Set(['submit', 'results']);

/** Runs one command line and answers its exit code. Ends nothing by itself. */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  const [{ runCommand }, { VERSION }] = await Promise.all([
    import('./cli/program.ts'),
    import('./version.ts'),
  ]);
  return runCommand(argv, io, VERSION);
}

async function run(): Promise<void> {
  // Rows pass through by the million and are gone at once: V8 would let the young heap grow by 100 MB for them, and keep it.
  setFlagsFromString('--semi-space-growth-factor=1');
  // What is kept of so many rows grows slowly: V8 would let the old heap double before it looks what of it is garbage. A worker keeps nothing,
  // and would take a third more of a core (bench/README.md).
  if (KEEPS_ROWS.has(process.argv[2] ?? '')) setFlagsFromString('--optimize-for-size');
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1])) {
    process.stderr.write(
      `retarget needs Node ${NODE_MIN.join('.')} or newer; this is ${process.versions.node}.\n  In a checkout run it with \`npx retarget\`, which brings its own; elsewhere install Node 24.\n`,
    );
    process.exit(2);
  }
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(130);
      interrupted.abort(signal);
    });
  }
  // A terminal that is gone must not end work that goes on without it.
  process.stderr.on('error', () => undefined);
  const { env, stdin, stderr } = process;
  const stdout = fileAtStdout() ?? process.stdout;
  const io: Io = {
    ...{ env, stdin, stdout, stderr },
    cwd: process.cwd(),
    interrupted: interrupted.signal,
    user: { name: userName(), host: hostname() },
  };
  // What no command hears of: a listener of some stream that throws, a promise that nobody waits for.
  process.on('uncaughtException', (error) => void bugExitCode(error, io).then((code) => process.exit(code)));
  const exitCode = await main(process.argv.slice(2), io).catch((error: unknown) => bugExitCode(error, io));
  process.exit(exitCode);
}

/** Node takes a file's word for how much it took: on a disk that is nearly full the rest would be gone without a word. */
function fileAtStdout(): Writable | undefined {
  if (!fstatSync(STDOUT).isFile()) return undefined;
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      try {
        for (let at = 0; at < chunk.length;) at += writeSync(STDOUT, chunk, at);
        done();
      } catch (error) {
        done(error as Error); // what a system call throws
      }
    },
  });
}

async function bugExitCode(error: unknown, io: Io): Promise<number> {
  const { reportStrayBug } = await import('./cli/terminal/reportBug.ts');
  return reportStrayBug(error, io);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`; // a container's user need not have a name
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  await run();
