import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { guid, named, withGuids } from './guid.ts';
import type { Io } from '../../src/cli/context.ts';
import { main } from '../../src/main.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts';

/** What a command line ended with and wrote. Texts call groups and filters by their short names again: see `guid`. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What stdout was, with its ids, to be read as a file. */
  readonly data: string;
}

/** A command line that runs in this process. */
export interface Running {
  readonly ended: Promise<Ran>;
  /** Resolves when stderr holds the text; rejects when the command ends without it. */
  said(text: string): Promise<void>;
  /** What stderr holds by now. */
  text(): string;
  /** As the first signal does. */
  interrupt(signal: NodeJS.Signals): void;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: Readable | string;
  /** Whether stdin and stderr are a terminal. */
  readonly isTerminal?: boolean;
}

/** A simulated tenant, a directory, and command lines that use both. */
export interface Bench {
  readonly simulator: Simulator;
  readonly dir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  run(argv: readonly string[], options?: RunOptions): Promise<Ran>;
  /** The arguments with what ALLOW_ALL stands for, for a process of its own. */
  allowing(argv: readonly string[]): Promise<readonly string[]>;
  start(argv: readonly string[], options?: RunOptions): Running;
  /** Writes a file into the directory and answers its path. */
  file(name: string, content: string | Uint8Array): string;
}

/**
 * Lets everything through that the guard finds, for tests that are about something else: a bench puts the exact counts here,
 * from a plan against a twin of its tenant.
 */
export const ALLOW_ALL: readonly string[] = ['--allow', 'whatever the plan finds'];

let benches = 0;

/**
 * A bench of its own for one test, whose tenant may call groups and filters by short names: a tenant nobody else uses, so that all tests of a file can share one Redis. Its pace is
 * a short window with room for everything, unless `env` says otherwise.
 */
export async function bench(
  redisUrl: string | undefined,
  options: SimulatorOptions = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Bench> {
  benches += 1;
  const simulator = await startSimulator({
    writeLimit: null,
    requestLimit: null,
    ...withGuids(options),
  });
  const dir = mkdtempSync(join(tmpdir(), 'retarget-cli-'));
  onTestFinished(async () => {
    await simulator.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const whole: Bench['env'] = {
    PATH: process.env['PATH'],
    HOME: dir,
    REDIS_URL: redisUrl,
    RETARGET_DATA_DIR: join(dir, 'data'),
    RETARGET_GRAPH_URL: simulator.url,
    RETARGET_ACCESS_TOKEN: 'token',
    RETARGET_WRITES_PER_WINDOW: '100000',
    RETARGET_WINDOW_MS: '1000',
    AZURE_TENANT_ID: `tenant-${process.pid}-${benches}`,
    ...env,
  };
  const start = (argv: readonly string[], given: RunOptions = {}): Running =>
    startCommand(() => allowing(argv), { ...given, env: { ...whole, ...given.env } }, dir);
  const allowing = async (argv: readonly string[]): Promise<readonly string[]> => {
    const at = argv.indexOf(ALLOW_ALL[1] ?? '');
    return at === -1
      ? argv
      : argv.with(at, await found(argv, simulator, whole, dir, withGuids(options).groups));
  };
  return {
    simulator,
    dir,
    env: whole,
    start,
    allowing,
    run: (argv, given) => start(argv, given).ended,
    file(name, content) {
      const path = join(dir, name);
      writeFileSync(path, content);
      return path;
    },
  };
}

/** Flags that plan a file otherwise; the first have a value. */
const PLAN_FLAGS = [
  '--strategy',
  '--max-changes',
  '--max-changes-percent',
  '--input-format',
  '--api-version',
  '--columns',
  '--rename',
  '--action',
];
const PLAN_SWITCHES = ['--blind', '--offline', '--skip-invalid', '--by-name'];

/** The value of `--allow` for what the guard finds in a file, or what it has found for a plan file. */
async function found(
  [, file = '', ...flags]: readonly string[],
  simulator: Simulator,
  env: Bench['env'],
  dir: string,
  groups: SimulatorOptions['groups'],
): Promise<string> {
  const counts = (guard: object): string =>
    Object.entries(guard)
      .map(([kind, count]) => `${kind}=${count}`)
      .join(',');
  const words = [file, ...flags];
  const path = words.find((word, i) => /\.(csv|json|ndjson)$/.test(word) && words[i - 1] !== '-o') ?? file;
  const text = readFileSync(resolve(dir, path), 'utf8');
  if (text.startsWith('{"kind":"plan"'))
    return counts(JSON.parse(text.trimEnd().split('\n').at(-1) ?? '').findings);
  const twin = await startSimulator({
    ...{ writeLimit: null, requestLimit: null },
    tenant: simulator.snapshot(),
    ...(groups && { groups }),
  });
  // Of a tenant of its own, so that no budget is used up.
  const twinEnv = {
    RETARGET_ACCESS_TOKEN: 'token',
    AZURE_TENANT_ID: `twin-${process.pid}`,
    RETARGET_WRITES_PER_WINDOW: '100000',
    RETARGET_WINDOW_MS: '1000',
  };
  try {
    const kept = flags.flatMap((flag, i) =>
      PLAN_FLAGS.includes(flag) ? [flag, flags[i + 1] ?? ''] : PLAN_SWITCHES.includes(flag) ? [flag] : [],
    );
    const { stdout } = await startCommand(
      async () => ['plan', path, '--json', ...kept],
      { env: { ...env, ...twinEnv, RETARGET_GRAPH_URL: twin.url } },
      dir,
    ).ended;
    return stdout === '' ? '' : counts((JSON.parse(stdout) as { guard: object }).guard);
  } finally {
    await twin.close();
  }
}

function startCommand(argv: () => Promise<readonly string[]>, options: RunOptions, cwd: string): Running {
  const isTerminal = options.isTerminal === true;
  const stdout = collected(false);
  const stderr = collected(isTerminal);
  const stdin =
    typeof options.stdin === 'string' ? Readable.from([Buffer.from(options.stdin)]) : options.stdin;
  const interrupted = new AbortController();
  const io: Io = {
    cwd,
    env: options.env ?? {},
    stdin: Object.assign(stdin ?? new PassThrough(), { isTTY: isTerminal }),
    stdout: stdout.stream,
    stderr: stderr.stream,
    interrupted: interrupted.signal,
    user: { name: 'ada', host: 'desk' },
  };
  let hasEnded = false;
  const ended = argv()
    .then((words) => main(words, io))
    .then((exitCode): Ran => ({
      exitCode,
      stdout: named(stdout.text()),
      stderr: named(stderr.text()),
      data: stdout.text(),
    }));
  void ended
    .catch(() => undefined)
    .finally(() => {
      hasEnded = true;
      stderr.stream.emit('heard');
    });
  return {
    ended,
    async said(text) {
      while (!stderr.text().includes(text)) {
        if (hasEnded) throw new Error(`it ended without saying "${text}": ${stderr.text()}`);
        await once(stderr.stream, 'heard');
      }
    },
    text: () => named(stderr.text()),
    interrupt: (signal) => interrupted.abort(signal),
  };
}

/** A stream that keeps what is written to it, and says `heard` each time. */
function collected(isTTY: boolean): {
  stream: Writable & { isTTY: boolean; columns: number };
  text(): string;
} {
  let text = '';
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString('utf8');
      done();
      stream.emit('heard');
    },
  });
  return { stream: Object.assign(stream, { isTTY, columns: 100 }), text: () => text };
}

/** The columns in which a file takes GUIDs only. */
const GUID_COLUMNS: readonly string[] = [
  'groupId',
  'filterId',
  'fromGroupId',
  'fromFilterId',
  'entraObjectId',
];

/** A CSV file of these rows; columns are those of the first. Groups and filters may be called by short names: see `guid`. */
export function csv(rows: readonly Readonly<Record<string, string | number | undefined>>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const line = (cells: readonly (string | number | undefined)[]): string =>
    cells
      .map((cell) => (/[",\n]/.test(`${cell ?? ''}`) ? `"${`${cell}`.replaceAll('"', '""')}"` : (cell ?? '')))
      .join(',');
  return `${[line(columns), ...rows.map((row) => line(columns.map((column) => cellOf(row, column))))].join('\n')}\n`;
}

function cellOf(row: Readonly<Record<string, string | number | undefined>>, column: string) {
  const cell = row[column];
  return GUID_COLUMNS.includes(column) && typeof cell === 'string' ? guid(cell) : cell;
}
