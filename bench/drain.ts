/**
 * Rows per second from the queue to the record when nothing throttles, beside a bare loop that posts the same envelopes
 * and keeps nothing. Asserts nothing.
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { RunStatus } from '../src/runs/progress.ts';
import { median, openRig, whileAlive } from './rig.ts';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '100000' }, seeds: { type: 'string', default: '3' } },
});
const ROWS = Number(values.rows);
const CONCURRENCY = '32';
const BARE = fileURLToPath(new URL('./peers/bareLoop.ts', import.meta.url));

/** Rows per second, and the envelopes that took: ours sends what widens a policy's audience after what narrows it. */
interface Measured {
  readonly ours: number;
  readonly bare: number;
  readonly oursEnvelopes: number;
  readonly bareEnvelopes: number;
}

async function measure(blind: boolean, seed: number): Promise<Measured> {
  const options = {
    rows: ROWS,
    seed,
    flags: ['--write-limit', 'none', '--request-limit', 'none'],
    env: { RETARGET_WRITES_PER_WINDOW: '1000000', RETARGET_CONCURRENCY: CONCURRENCY },
    redis: 'embedded',
  } as const;
  await using rig = await openRig(options);
  const run = await rig.retarget('submit', '--no-plan', rig.file, ...(blind ? ['--blind'] : []));
  await rig.retarget('worker', '--until-idle');
  const status = JSON.parse(await rig.retarget('status', run, '--json')) as RunStatus;
  const seconds = (Date.parse(status.finishedAt ?? '') - Date.parse(status.startedAt ?? '')) / 1000;

  // A fresh tenant, so that both write the same.
  await using other = await openRig(options);
  const bare = other.start(BARE, [other.url, other.file, blind ? 'blind' : 'look', CONCURRENCY]);
  let out = '';
  bare.stdout?.on('data', (piece) => (out += String(piece)));
  await once(bare, 'close');
  return {
    ...{ ours: ROWS / seconds, oursEnvelopes: (await rig.stats()).envelopes },
    ...{ bare: ROWS / Number(out), bareEnvelopes: (await other.stats()).envelopes },
  };
}

await whileAlive(async () => {
  console.log(`${ROWS} rows, ${CONCURRENCY} batches at a time, median of ${values.seeds} seeds\n`);
  console.log('| | retarget, rows/s | envelopes | bare loop, rows/s | envelopes | ratio of rows/s |');
  console.log('|---|---|---|---|---|---|');
  for (const blind of [false, true]) {
    const runs: Measured[] = [];
    for (let seed = 1; seed <= Number(values.seeds); seed += 1) runs.push(await measure(blind, seed));
    const of = (what: keyof Measured): string => median(runs.map((run) => run[what])).toFixed(0);
    const figures = [of('ours'), of('oursEnvelopes'), of('bare'), of('bareEnvelopes')];
    const ratio = median(runs.map((run) => run.ours / run.bare)).toFixed(2);
    console.log(`| ${[blind ? '--blind' : 'with looks', ...figures, ratio].join(' | ')} |`);
  }
});
