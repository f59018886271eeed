/**
 * Rows per second from the queue to the record while nobody watches, and while so many pages of the run are open, each in a browser that
 * takes what it is sent. Pairs of runs, one after the other, on tenants of their own. Asserts nothing.
 */
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { parseArgs } from 'node:util';
import type { RunStatus } from '../src/runs/progress.ts';
import { median, openRig, whileAlive, type Rig } from './rig.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000' },
    seeds: { type: 'string', default: '3' },
    pages: { type: 'string', default: '50' },
  },
});
const ROWS = Number(values.rows);
const PAGES = Number(values.pages);

interface Measured {
  readonly rowsPerSecond: number;
  /** What all pages were sent. */
  readonly bytes: number;
  /** Of one core, what the server used while the run was at work. */
  readonly serverShare: number;
}

async function measure(pages: number, seed: number): Promise<Measured> {
  await using rig = await openRig({
    ...{ rows: ROWS, seed, redis: 'tcp' },
    flags: ['--write-limit', 'none', '--request-limit', 'none'],
    env: { RETARGET_WRITES_PER_WINDOW: '1000000', RETARGET_CONCURRENCY: '32' },
  });
  const run = await rig.retarget('submit', '--no-plan', rig.file);
  const opened = pages === 0 ? undefined : await openPages(rig, run, pages);
  await rig.retarget('worker', '--until-idle');
  const status = JSON.parse(await rig.retarget('status', run, '--json')) as RunStatus;
  const cpuSeconds = opened?.cpuSeconds() ?? 0;
  opened?.close();
  const seconds = (Date.parse(status.finishedAt ?? '') - Date.parse(status.startedAt ?? '')) / 1000;
  return { rowsPerSecond: ROWS / seconds, bytes: opened?.bytes() ?? 0, serverShare: cpuSeconds / seconds };
}

/** A server, and so many open pages of a run. */
async function openPages(rig: Rig, run: string, pages: number) {
  const { line, pid } = await rig.told('Open this, once: ', 'serve', '--port', '0');
  const link = line.slice(line.indexOf('http'));
  const came = await fetch(link);
  const cookie = came.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
  const headers = { cookie, 'sec-fetch-site': 'same-origin' };
  const cpuBefore = cpuSecondsOf(pid);
  let bytes = 0;
  const asked = await Promise.all(
    Array.from({ length: pages }, async () => {
      const page = await fetch(new URL(`/runs/${run}`, link), { headers });
      const have = /data-have="(\w+)"/.exec(await page.text())?.[1] ?? '';
      return get(new URL(`/live/runs/${run}?have=${have}`, link), { headers, agent: false }, (response) =>
        response.on('data', (piece: Buffer) => (bytes += piece.length)),
      );
    }),
  );
  return {
    bytes: () => bytes,
    cpuSeconds: () => cpuSecondsOf(pid) - cpuBefore,
    close() {
      for (const request of asked) request.destroy();
    },
  };
}

/** The time that a process has had a core for itself, as Linux counts it. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}

const CLOCK_TICKS = 100;

await whileAlive(async () => {
  console.log(`${ROWS} rows, ${PAGES} pages of the run open, median of ${values.seeds} pairs\n`);
  console.log(
    '| seed | unwatched, rows/s | watched, rows/s | ratio | MB sent to pages | server, of a core |',
  );
  console.log('|---|---|---|---|---|---|');
  const ratios: number[] = [];
  for (let seed = 1; seed <= Number(values.seeds); seed += 1) {
    // In turns, as what else the machine does changes with time.
    const first = seed % 2 === 1 ? 0 : PAGES;
    const a = await measure(first, seed);
    const b = await measure(PAGES - first, seed);
    const [alone, watched] = first === 0 ? [a, b] : [b, a];
    const ratio = watched.rowsPerSecond / alone.rowsPerSecond;
    ratios.push(ratio);
    const figures = [alone.rowsPerSecond.toFixed(0), watched.rowsPerSecond.toFixed(0), ratio.toFixed(3)];
    console.log(
      `| ${[seed, ...figures, (watched.bytes / 1e6).toFixed(1), `${(watched.serverShare * 100).toFixed(0)} %`].join(' | ')} |`,
    );
  }
  console.log(`\nratio: ${median(ratios).toFixed(3)}`);
});
