import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { NO_LOG } from '../../src/log.ts';
import type { RunEvent } from '../../src/runs/runEvent.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { startTelling, waitingFor, type Telling } from '../../src/worker/telling.ts';
import { recordForTests } from '../support/record.ts';

const record = recordForTests();
const SETTLED_MAX_MS = 20_000;

const event = (number: number, ...channels: string[]): RunEvent => ({
  ...{ id: `r1-${number}`, at: 1_000, run: 'r1', type: 'paused' },
  ...{ channels, data: {} },
});

interface Site {
  readonly runs: RunStore;
  /** What was told, as `channel id`, in its order. */
  readonly told: readonly string[];
  /** A worker that tells these channels; `tell` is done before each is told. */
  teller(channels: readonly string[], tell?: (signal: AbortSignal) => Promise<void>): Telling;
}

function site(): Site {
  const runs = record.store();
  const told: string[] = [];
  return {
    runs,
    told,
    teller(channels, before = async () => undefined) {
      const telling = startTelling(runs, record.connect(), {
        channels,
        async tell(channel, { id }, signal) {
          await before(signal);
          told.push(`${channel} ${id}`);
          return true;
        },
        ...{ windowMs: 200, log: NO_LOG },
      });
      onTestFinished(() => telling.close());
      return telling;
    },
  };
}

test('each channel is told of each event that names it, in their order, and the log says so', async () => {
  const { runs, told, teller } = site();
  for (const number of [1, 2, 3])
    await runs.keepEvent(event(number, 'ops', ...(number === 2 ? ['mail'] : [])));
  await teller(['ops', 'mail']).settle(SETTLED_MAX_MS);
  expect(told.filter((each) => each.startsWith('ops'))).toEqual(['ops r1-1', 'ops r1-2', 'ops r1-3']);
  expect(told.filter((each) => each.startsWith('mail'))).toEqual(['mail r1-2']);
  const log = await runs.told('r1');
  expect(log.map(({ action, details }) => [action, details?.['id'], details?.['channel']])).toEqual(
    expect.arrayContaining([
      ['told', 'r1-1', 'ops'],
      ['told', 'r1-2', 'mail'],
    ]),
  );
  expect(log).toHaveLength(4);
});

test('an event that two workers have queued, as one died before it took it out, is told once', async () => {
  const { runs, told, teller } = site();
  await runs.keepEvent(event(1, 'ops'));
  const tellers = [teller(['ops']), teller(['ops'])];
  await Promise.all(tellers.map((each) => each.settle(SETTLED_MAX_MS)));
  await runs.keepEvent(event(1, 'ops'));
  await Promise.all(tellers.map((each) => each.settle(SETTLED_MAX_MS)));
  expect(told).toEqual(['ops r1-1']);
});

test('what is for a channel of another worker waits for that one', async () => {
  const { runs, told, teller } = site();
  await runs.keepEvent(event(1, 'theirs', 'ops'));
  await teller(['ops']).settle(SETTLED_MAX_MS);
  expect(told).toEqual(['ops r1-1']);
  expect(await waitingFor(['theirs', 'ops'], runs, record.connect())).toEqual(
    new Map([
      ['theirs', 1],
      ['ops', 0],
    ]),
  );
  await teller(['theirs']).settle(SETTLED_MAX_MS);
  expect(told).toEqual(['ops r1-1', 'theirs r1-1']);
});

test('a call that is broken off by the end of its worker counts as no failure, and the next worker tells it', async () => {
  const { runs, told, teller } = site();
  await runs.keepEvent(event(1, 'ops'));
  const called = Promise.withResolvers<void>();
  const first = teller(['ops'], async (signal) => {
    called.resolve();
    await once(signal, 'abort');
    throw new Error('broken off');
  });
  await called.promise;
  await first.close();
  expect((await runs.channelRecords()).get('ops')).toBeUndefined();
  teller(['ops']);
  while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(told).toEqual(['ops r1-1']);
});
