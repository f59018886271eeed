import { afterAll, beforeAll, expect, test } from 'vitest';
import { bench, csv, type Bench } from '../support/cli.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { SMALL_TENANT } from '../support/simulatorClient.ts';
import { webSite, wordsIn, type WebSite } from '../support/webSite.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const CHANGES = csv([
  {
    ...{ policyType: 'deviceConfiguration', policyId: 'c1', assignmentId: 'a1' },
    ...{ targetType: 'group', groupId: 'new' },
  },
]);

interface Site extends WebSite, Pick<Bench, 'run'> {
  readonly runId: string;
  stateOf(): Promise<string>;
  /** Sends the form of an act as a browser does. */
  send(
    act: string,
    fields: Readonly<Record<string, string>>,
  ): Promise<{ readonly code: number; readonly words: string }>;
}

async function site(): Promise<Site> {
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  const file = here.file('big.csv', CHANGES);
  const runId = (await here.run(['submit', '--no-plan', file])).stdout.trim();
  const pages = await webSite(here);
  return {
    ...pages,
    ...{ run: here.run, runId },
    stateOf: async () => (await pages.services.runs.run(runId))?.state ?? 'gone',
    async send(act, fields) {
      const token = /name="_csrf" value="([^"]*)"/.exec(await pages.page(`/runs/${runId}/${act}`))?.[1] ?? '';
      const { statusCode, body } = await pages.web.inject({
        ...{ method: 'POST', url: `/runs/${runId}/${act}` },
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams({ ...fields, _csrf: token }).toString(),
      });
      return { code: statusCode, words: wordsIn(body) };
    },
  };
}

test('a pause says first what it does, then is done with the reason and the person in the log', async () => {
  const { words, send, stateOf, runId, services } = await site();
  const asked = await words(`/runs/${runId}/pause`);
  expect(asked).toContain('Pause big.csv?');
  expect(asked).toContain('1 row of 1 waits until somebody resumes it');
  expect(asked).toContain('Nothing of it is in flight');
  expect(await stateOf()).toBe('queued');
  expect(await send('pause', { reason: 'the change board called' })).toMatchObject({ code: 303 });
  expect(await stateOf()).toBe('paused');
  expect((await services.runs.told(runId)).at(-1)).toMatchObject({
    ...{ action: 'pause', operator: 'ada@desk', reason: 'the change board called' },
  });
  expect(await words(`/runs/${runId}`)).toContain('paused by ada@desk: the change board called');
});

test('what is paused is let go on, and whoever does it learns what stopped it and that nobody is there to work', async () => {
  const { words, send, stateOf, runId } = await site();
  await send('pause', { reason: 'lunch' });
  const asked = await words(`/runs/${runId}/resume`);
  expect(asked).toContain('What stopped it: by ada@desk: lunch');
  expect(asked).toContain('No worker is there');
  expect(await send('resume', { reason: 'back' })).toMatchObject({ code: 303 });
  expect(await stateOf()).toBe('queued');
});

test('nothing is done without a reason, by a link alone, or in another state than it was offered for', async () => {
  const { page, send, stateOf, runId } = await site();
  await page(`/runs/${runId}/pause?reason=x`);
  expect(await send('pause', { reason: '  ' })).toMatchObject({
    code: 400,
    words: expect.stringContaining('Say why.'),
  });
  expect(await stateOf()).toBe('queued');
  const refused = await send('resume', { reason: 'go on' });
  expect(refused.code).toBe(409);
  expect(refused.words).toContain('there is nothing to resume');
  expect(await stateOf()).toBe('queued');
});

test('who is known by a link alone approves on a terminal', async () => {
  const { send, runId } = await site();
  const refused = await send('approve', { reason: 'looks good', plan: 'abcdef012345' });
  expect(refused.code).toBe(409);
  expect(refused.words).toContain(`retarget approve ${runId}`);
});

test('only what can be done is offered', async () => {
  const { words, run, runId } = await site();
  expect(await words(`/runs/${runId}`)).toContain('Pause …');
  await run(['worker', '--until-idle']);
  await expect.poll(() => words(`/runs/${runId}`)).not.toContain('Pause …');
  expect(await words(`/runs/${runId}/pause`)).toContain("is completed: it can't be paused");
});
