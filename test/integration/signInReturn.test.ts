import { expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { awaitsSignIn, pauseForSignIn } from '../../src/queue/pauseRun.ts';
import { resumeWhenSignedIn, runsThatAwaitSignIn } from '../../src/queue/signInReturn.ts';
import { world, type World } from '../support/batchWorld.ts';
import { recordForTests } from '../support/record.ts';

const record = recordForTests();
const NEVER = new AbortController().signal;

/** A run that stands still since Graph refuses the token. */
async function paused(options: Parameters<typeof world>[1] = {}): Promise<World> {
  const each = await world(record, options);
  each.graph.reconfigure({ tokens: ['another'] });
  expect((await each.work()).at(-1)).toEqual({ kind: 'stopped' });
  expect(awaitsSignIn(await each.run())).toBe(true);
  return each;
}

test('a run goes on as soon as a read is allowed again, with one read a try', async () => {
  const each = await paused();
  const { envelopes } = each.graph.stats();
  for (let tries = 0; tries < 3; tries += 1) expect(await resumeWhenSignedIn(each.edges, NEVER)).toBe(0);
  expect(each.graph.stats().envelopes).toBe(envelopes + 3);
  expect(await each.run()).toMatchObject({ state: 'paused' });
  each.graph.reconfigure({ tokens: null });
  expect(await resumeWhenSignedIn(each.edges, NEVER)).toBe(1);
  expect(await each.run()).toMatchObject({ state: 'queued', stateReason: null });
  await each.runs.runsToWorkOn(each.graph.url, Date.now());
  await each.work();
  expect(await each.run()).toMatchObject({ state: 'completed', counts: { succeeded: 20 } });
});

test('a new token is asked for at each try, and one that can not be had is no failure', async () => {
  let renewals = 0;
  const each = await paused({
    renew: () => {
      renewals += 1;
      if (renewals % 2 === 0)
        throw new UserError('The secret is wrong.', { remedy: 'Mend it.', exitCode: 4 });
      return false;
    },
  });
  const before = renewals;
  for (let tries = 0; tries < 4; tries += 1) expect(await resumeWhenSignedIn(each.edges, NEVER)).toBe(0);
  expect(renewals).toBe(before + 4);
});

test.each([
  ['somebody paused', 'by ada@desk'],
  ['was paused for what Graph refused', 'Graph refused a whole batch with 403'],
  ['was paused by a signal', 'interrupted by SIGINT'],
])('a run that %s stays paused, and nothing is asked for it', async (_, reason) => {
  const each = await world(record);
  const { runId } = await each.run();
  await each.runs.transition(runId, 'paused', reason, ['running']);
  expect(await resumeWhenSignedIn(each.edges, NEVER)).toBe(0);
  expect(await each.run()).toMatchObject({ state: 'paused', stateReason: reason });
  expect(each.graph.stats().envelopes).toBe(0);
});

test('runs of another Graph are left to the workers of that', async () => {
  const each = await paused();
  each.graph.reconfigure({ tokens: null });
  const elsewhere = { ...each.edges, graphUrl: 'https://graph.example' };
  expect(await runsThatAwaitSignIn(elsewhere)).toEqual([]);
  expect(await resumeWhenSignedIn(elsewhere, NEVER)).toBe(0);
  expect(await runsThatAwaitSignIn(each.edges)).toHaveLength(1);
});

test('no secret gets into the reason that is stored', async () => {
  const each = await world(record);
  const edges = { ...each.edges, redacted: (text: string) => text.replaceAll('hush', '[redacted]') };
  await pauseForSignIn(await each.run(), 'the secret hush is wrong', edges);
  expect((await each.run()).stateReason).toBe('sign-in: the secret [redacted] is wrong');
});
