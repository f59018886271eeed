/**
 * How much of a tenant's write budget a run uses, and how many 429s it takes for that: the built worker in processes of
 * its own, against the simulator, and beside it three peers. Asserts nothing.
 *
 *     npm run bench -- [--seeds 3] [--only moving] [--window-ms 1000] [--no-peers]
 */
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CASES, SMALL_RUNS, type Case } from './cases.ts';
import { median, openRig, RETARGET, whileAlive, type Rig } from './rig.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    'window-ms': { type: 'string', default: '1000' },
    'no-peers': { type: 'boolean', default: false },
  },
});
const WINDOW_MS = Number(values['window-ms']);
/** Round trip of an envelope: 2 % of the window. */
const LATENCY_MS = Math.round(WINDOW_MS * 0.02);
const FIRST_WRITE_MAX_MS = 30_000;
/** A small run that takes longer is not waited for. */
const SMALL_RUN_WINDOWS_MAX = 20;

interface Measured {
  readonly share: number;
  readonly throttledPer1000: number;
  readonly duringBackoff: number;
}

type Contender = (rig: Rig, current: Case) => Promise<void> | void;

const ours: Contender = async (rig, { workers }) => {
  for (let i = 0; i < workers; i += 1) rig.start(RETARGET, ['worker']);
  await rig.retarget('submit', '--no-plan', rig.file);
};

const peer =
  (name: string): Contender =>
  (rig, { configured }) => {
    const program = fileURLToPath(new URL(`./peers/${name}.ts`, import.meta.url));
    rig.start(program, [rig.url, rig.file, String(configured), String(WINDOW_MS), rig.redisUrl ?? '']);
  };

const PEERS: Readonly<Record<string, Contender>> = {
  'honour Retry-After': peer('honourRetryAfter'),
  'token bucket': peer('tokenBucket'),
  'BullMQ limiter': peer('bullmqLimiter'),
};
/** Ours is the last to start, so that nobody else starts while it is measured. */
const CONTENDERS = { ...(values['no-peers'] ? {} : PEERS), retarget: ours };

/** All contenders side by side, each with a tenant and a Redis of its own. */
async function race(current: Case, seed: number): Promise<ReadonlyMap<string, Measured>> {
  await using rigs = new AsyncDisposableStack();
  const opened = await Promise.all(
    Object.entries(CONTENDERS).map(
      async ([name, contend]) => [name, contend, rigs.use(await rigFor(current, seed))] as const,
    ),
  );
  const racing: Promise<readonly [string, Measured]>[] = [];
  for (const [name, contend, rig] of opened) {
    await contend(rig, current);
    const startedAt = await firstWrite(rig);
    racing.push(measure(rig, current, startedAt).then((measured) => [name, measured]));
  }
  return new Map(await Promise.all(racing));
}

/** Writes that the tenant would take in all. */
const mostOf = ({ limits, windowsPerStep }: Case): number =>
  limits.reduce((sum, limit) => sum + limit, 0) * windowsPerStep;

const rigFor = (current: Case, seed: number, rows = Math.ceil(mostOf(current) * 1.2) + 200): Promise<Rig> =>
  openRig({
    rows,
    seed,
    flags: [
      ...['--write-limit', String(current.limits[0]), '--request-limit', 'none'],
      ...['--window-ms', String(WINDOW_MS), '--latency-ms', String(LATENCY_MS)],
      ...current.flags,
    ],
    env: {
      RETARGET_WRITES_PER_WINDOW: String(current.configured),
      RETARGET_WINDOW_MS: String(WINDOW_MS),
    },
    redis: 'tcp',
  });

async function measure(rig: Rig, current: Case, startedAt: number): Promise<Measured> {
  const { limits, windowsPerStep } = current;
  for (const [step, limit] of limits.entries()) {
    await sleepUntil(startedAt + step * windowsPerStep * WINDOW_MS);
    if (step > 0) await rig.configure({ writeLimit: limit });
  }
  await sleepUntil(startedAt + limits.length * windowsPerStep * WINDOW_MS);
  const { writesAdmitted, throttled, requestsDuringBackoff } = await rig.stats();
  return {
    share: writesAdmitted / mostOf(current),
    throttledPer1000: (throttled / writesAdmitted) * 1000,
    duringBackoff: requestsDuringBackoff,
  };
}

interface SmallRun {
  /** From the first write to the last. */
  readonly windows: number;
  readonly throttled: number;
}

/** One after the other, as a run so short is disturbed by whatever starts beside it. */
async function smallRun(contend: Contender, current: Case, rows: number, seed: number): Promise<SmallRun> {
  await using rig = await rigFor(current, seed, rows);
  await contend(rig, current);
  const startedAt = await firstWrite(rig);
  const giveUpAt = startedAt + SMALL_RUN_WINDOWS_MAX * WINDOW_MS;
  for (;;) {
    const { writesAdmitted, throttled, writeArrivals } = await rig.stats();
    const isDone = writesAdmitted >= rows;
    if (isDone || Date.now() > giveUpAt) {
      const last = isDone ? (writeArrivals.at(-1) ?? startedAt) : Infinity;
      return { windows: (last - startedAt) / WINDOW_MS, throttled };
    }
    await sleep(WINDOW_MS / 50);
  }
}

async function firstWrite(rig: Rig): Promise<number> {
  const giveUpAt = Date.now() + FIRST_WRITE_MAX_MS;
  while (Date.now() < giveUpAt) {
    const [first] = (await rig.stats()).writeArrivals;
    if (first !== undefined) return first;
    await sleep(5);
  }
  throw new Error('no write has arrived');
}

const sleepUntil = (moment: number): Promise<void> => sleep(Math.max(0, moment - Date.now()));

await whileAlive(async () => {
  console.log(
    `Windows of ${WINDOW_MS} ms, latency ${LATENCY_MS} ms, median of ${values.seeds} seeds; ` +
      `${cpus().length} cores, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}\n`,
  );
  console.log('| case | | budget used | 429s per 1000 accepted | requests during a backoff |');
  console.log('|---|---|---|---|---|');
  for (const current of CASES.filter(({ name }) => name.includes(values.only))) {
    const races: ReadonlyMap<string, Measured>[] = [];
    for (let seed = 1; seed <= Number(values.seeds); seed += 1) races.push(await race(current, seed));
    for (const name of Object.keys(CONTENDERS).reverse()) {
      const of = (what: keyof Measured): number =>
        median(races.map((measured) => measured.get(name)?.[what] ?? Number.NaN));
      const figures = [
        `${(of('share') * 100).toFixed(1)} %`,
        of('throttledPer1000').toFixed(1),
        of('duringBackoff'),
      ];
      console.log(`| ${[current.name, name, ...figures].join(' | ')} |`);
    }
  }
  const { rows, on } = SMALL_RUNS;
  console.log(`\n| runs of ${rows.join(', ')} rows | | windows from the first write to the last | 429s |`);
  console.log('|---|---|---|---|');
  for (const current of on.filter(({ name }) => `runs of rows, ${name}`.includes(values.only))) {
    for (const [name, contend] of Object.entries(CONTENDERS).reverse()) {
      const windows: string[] = [];
      const refused: string[] = [];
      for (const count of rows) {
        const runs: SmallRun[] = [];
        for (let seed = 1; seed <= Number(values.seeds); seed += 1)
          runs.push(await smallRun(contend, current, count, seed));
        windows.push(median(runs.map((run) => run.windows)).toFixed(2));
        refused.push(String(median(runs.map(({ throttled }) => throttled))));
      }
      console.log(`| ${[current.name, name, windows.join(' · '), refused.join(' · ')].join(' | ')} |`);
    }
  }
});
