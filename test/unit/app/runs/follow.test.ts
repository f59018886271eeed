import { expect, test } from 'vitest';
import { follow } from '../../../../src/app/runs/follow.ts';
import type { Run } from '../../../../src/runs/run.ts';
import { fakeServices, NOW, runThatIs, type Fakes } from '../../../support/fakeServices.ts';
import type { Sighting } from '../../../../src/events.ts';

const NO_LATE = { lists: 0, leftMs: 0 };

const LIMITER = {
  charged: 0,
  accepted: 0,
  budget: 100,
  backoffUntil: null,
  backoffReason: null,
  isSpaced: true,
  heldMs: 0,
};

/** A record that shows a run differently each time; the last is shown for ever. */
function shown(moments: readonly (Run | undefined | Error)[], more: Fakes['runs'] = {}) {
  let at = 0;
  return {
    runs: async () => [],
    stopped: async () => undefined,
    limiterNow: async () => LIMITER,
    lateWaits: async () => NO_LATE,
    samples: async () => [],
    ...more,
    async run() {
      const moment = moments[Math.min(at, moments.length - 1)];
      at += 1;
      if (moment instanceof Error) throw moment;
      return moment;
    },
  };
}

async function seen(following: AsyncGenerator<Sighting>): Promise<Sighting[]> {
  const sightings: Sighting[] = [];
  for await (const sighting of following) sightings.push(sighting);
  return sightings;
}

const ENDED = runThatIs('completed', { left: 0, succeeded: 10, finishedAt: NOW });
const redisAway = (): Error => new Error('Connection is closed.');

test('the last sighting is of the run as it ended', async () => {
  const services = fakeServices({ runs: shown([runThatIs('running'), ENDED]) });
  const sightings = await seen(follow('r1', services));
  expect(sightings.map(({ status, isLast }) => [status.state, status.pending, isLast])).toEqual([
    ['running', 10, false],
    ['completed', 0, true],
  ]);
});

test('a Redis that goes away on the way is waited for', async () => {
  const services = fakeServices({
    runs: shown([runThatIs('running', { left: 5, ended: 5, written: 5 }), redisAway(), ENDED]),
  });
  const sightings = await seen(follow('r1', services));
  // While it is away, the last sighting stands, without a time left.
  expect(sightings.map(({ run, status }) => [run.state, status.etaSeconds])).toEqual([
    ['running', 1],
    ['running', null],
    ['completed', null],
  ]);
});

test('a Redis that is away from the beginning is not waited for, nor is anything else that fails', async () => {
  await expect(seen(follow('r1', fakeServices({ runs: shown([redisAway()]) })))).rejects.toThrow(
    'Connection is closed.',
  );
  const wrong = shown([runThatIs('running'), new Error('a bug')]);
  await expect(seen(follow('r1', fakeServices({ runs: wrong })))).rejects.toThrow('a bug');
});

test('a run that is gone says so, with its id and what to do, as a matter of the environment', async () => {
  const services = fakeServices({ runs: shown([runThatIs('running'), undefined]) });
  await expect(seen(follow('r1', services))).rejects.toMatchObject({
    message: 'Run r1 is gone from Redis.',
    remedy: expect.stringMatching(/came back older.*retarget status.*rollback --from.* r1\.ndjson/),
    exitCode: 4,
  });
});

test('nobody waits for a run that is as wanted, nor after a signal', async () => {
  const paused = shown([runThatIs('running'), runThatIs('paused', { reason: 'operator' })]);
  const until = ({ state }: Run): boolean => state === 'paused';
  const met = await seen(follow('r1', fakeServices({ runs: paused }), { until }));
  expect(met.map(({ run, isLast }) => [run.state, isLast])).toEqual([
    ['running', false],
    ['paused', true],
  ]);
  const interrupted = AbortSignal.abort('SIGINT');
  const services = fakeServices({ runs: shown([runThatIs('running')]), interrupted });
  expect((await seen(follow('r1', services))).map(({ isLast }) => isLast)).toEqual([true]);
});

test('each sighting tells the stop of the tenant, and why the run waits', async () => {
  const stop = { by: 'ada@desk', at: NOW, reason: 'CHG-7' };
  const runs = shown([runThatIs('queued'), ENDED], { stopped: async () => stop });
  const [first, last] = await seen(follow('r1', fakeServices({ runs })));
  expect(first).toMatchObject({ stop, why: { reason: 'tenantStopped', since: NOW } });
  expect(first?.status).toMatchObject({ reason: 'tenantStopped', etaSeconds: null });
  expect(last).toMatchObject({ isLast: true, status: { state: 'completed' } });
});

test('a run that stands still for its limiter is not said to do so for a reason that nobody knows', async () => {
  const stuck = runThatIs('running', { workingSince: NOW - 600_000 });
  const held = { ...LIMITER, backoffUntil: NOW + 30_000, backoffReason: 'restarted' } as const;
  const runs = shown([stuck, ENDED], { limiterNow: async () => held });
  const [first] = await seen(follow('r1', fakeServices({ runs })));
  expect(first?.status.reason).toBe('restarted');
  expect(first?.why).toMatchObject({ reason: 'restarted', until: NOW + 30_000 });
  const free = shown([stuck, ENDED]);
  const [other] = await seen(follow('r1', fakeServices({ runs: free })));
  expect(other?.why?.reason).toBe('noProgress');
});
