import { createHmac } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudEvent, HTTP } from 'cloudevents';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeCertificate } from '../support/certificates.ts';
import { ALLOW_ALL, bench, csv, type Bench } from '../support/cli.ts';
import { connectProxy } from '../support/connectProxy.ts';
import { deadPort, startMailServer, startReceiver, type Received } from '../support/receivers.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { groupTarget } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const IDS = ['a0', 'a1', 'a2', 'a3'];

interface Site extends Bench {
  channels(content: object): void;
  /** A file that is not planned, so that nothing has to be allowed. */
  submit(groupId: string, ...more: string[]): Promise<string>;
  json(...argv: string[]): Promise<Record<string, unknown>>;
}

async function site(ids = IDS, env: Record<string, string> = {}): Promise<Site> {
  const here = await bench(
    redis.url,
    {
      tenant: {
        policies: ids.map((id) => ({
          ...{ id: `p${id}`, type: 'deviceConfiguration' as const },
          assignments: [{ id, target: groupTarget('old') }],
        })),
      },
    },
    env,
  );
  const row = (id: string, groupId: string) => ({
    ...{ policyType: 'deviceConfiguration', policyId: `p${id}`, assignmentId: id },
    ...{ targetType: 'group', groupId },
  });
  return {
    ...here,
    channels: (content) => void here.file('notify.json', JSON.stringify(content)),
    async submit(groupId, ...more) {
      const file = here.file(`${groupId}.csv`, csv(ids.map((id) => row(id, groupId))));
      const ran = await here.run(['submit', '--no-plan', file, ...more]);
      expect(ran).toMatchObject({ exitCode: 0 });
      return ran.stdout.trim();
    },
    json: async (...argv) =>
      JSON.parse((await here.run([...argv, '--json'])).stdout) as Record<string, unknown>,
  };
}

const typeOf = ({ body }: Received): string => (JSON.parse(body) as { type: string }).type;
/** An event's id without its time. */
const idOf = ({ headers }: Received): string => String(headers['webhook-id']).replace(/-\d{13}$/, '');
const BEGUN = 'intune-retarget.run.begun';
const ENDED = 'intune-retarget.run.ended';
const SECRET = 'a secret of the hook';

describe('a webhook', () => {
  test('is told of a run by signed CloudEvents, each once, over TLS of an authority that is named', async () => {
    const here = await site();
    const certificate = await makeCertificate(here.dir, 'hook');
    const hook = await startReceiver(certificate);
    here.channels({
      channels: {
        ops: { type: 'webhook', url: hook.url, ca: certificate.certPath, secret: { env: 'HOOK_SECRET' } },
      },
    });
    here.simulator.reconfigure({ forbidden: ['a1'] });
    const run = await here.submit('one', '--notify', 'ops', '--max-failures', 'off');
    const worked = await here.run(['worker', '--until-idle'], { env: { HOOK_SECRET: SECRET } });
    expect(worked.exitCode).toBe(1);
    const calls = hook.received;
    expect(calls.map(typeOf)).toEqual(['intune-retarget.run.begun', ENDED]);
    expect(calls.map(idOf)).toEqual([`${run}-1`, `${run}-2`]);
    for (const { body, headers, method } of calls) {
      expect(method).toBe('POST');
      const event = HTTP.toEvent({ headers, body });
      expect(event instanceof CloudEvent && event.validate()).toBe(true);
      const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = headers;
      const signed = createHmac('sha256', SECRET).update(`${id}.${at}.${body}`).digest('base64');
      expect(signature).toBe(`v1,${signed}`);
      expect(body).not.toContain(SECRET);
    }
    expect(JSON.parse(calls[1]?.body ?? '')).toMatchObject({
      ...{ specversion: '1.0', subject: run },
      data: {
        ...{ run, state: 'completed', exitCode: 1, total: 4, rows: { succeeded: 3, failed: 1 } },
        ...{ file: 'one.csv', operator: 'ada@desk' },
        commands: { 'Failed rows': expect.stringContaining(`results ${run} --only failed,stale,unsure`) },
      },
    });
    const log = (await here.run(['log', run])).stdout;
    expect(log).toMatch(/the run itself +told .*event ended.*channel ops/);
    expect(await here.json('status', run)).toMatchObject({
      channels: [{ channel: 'ops', waiting: 0, toldAt: expect.any(String), failingSince: null, why: null }],
    });
  });

  test('is told of a canary that waits for a yes, of a pause and by whom', async () => {
    const here = await site();
    const hook = await startReceiver();
    here.channels({ channels: { ops: { type: 'webhook', url: hook.url } }, default: ['ops'] });
    const run = await here.submit('one', '--canary', '2');
    await here.run(['worker', '--until-idle']);
    expect(hook.received.map(typeOf)).toEqual([
      'intune-retarget.run.begun',
      'intune-retarget.run.waitsForYes',
    ]);
    expect(JSON.parse(hook.received[1]?.body ?? '')).toMatchObject({
      data: { reason: 'canary', commands: { 'Go on': expect.stringContaining(`resume ${run}`) } },
    });
    const second = await here.submit('two');
    await here.run(['pause', second, '--reason', 'CHG-1']);
    // Nobody was there to tell it: the next worker does.
    await here.run(['worker', '--until-idle']);
    const paused = hook.received.filter((call) => typeOf(call) === 'intune-retarget.run.paused');
    expect(paused.map(({ body }) => JSON.parse(body))).toMatchObject([
      { subject: second, data: { reason: 'operator', reasonText: 'by ada@desk: CHG-1' } },
    ]);
  });

  test('is told once that the tenant was stopped, by whom and why, however many runs stand still', async () => {
    const here = await site();
    const hook = await startReceiver();
    here.channels({ channels: { ops: { type: 'webhook', url: hook.url } }, default: ['ops'] });
    const runs = [await here.submit('one'), await here.submit('two', '--again')];
    await here.run(['pause', '--all', '--reason', 'CHG-9']);
    await here.run(['worker', '--until-idle']);
    expect(hook.received.map(typeOf)).toEqual(['intune-retarget.run.tenantStopped']);
    expect(JSON.parse(hook.received[0]?.body ?? '')).toMatchObject({
      data: {
        ...{ operator: 'ada@desk', reasonText: 'CHG-9', runs },
        commands: { 'Go on': expect.stringContaining('resume --all') },
      },
    });
  });

  test('is told by the command that works itself, also of the signal that ended it', async () => {
    const here = await site(IDS, { RETARGET_WRITES_PER_WINDOW: '1', RETARGET_WINDOW_MS: '2000' });
    const hook = await startReceiver();
    here.channels({ channels: { ops: { type: 'webhook', url: hook.url } } });
    const run = await here.submit('one', '--notify', 'ops');
    await here.run(['pause', run]);
    const working = here.start(['resume', run, '--work']);
    await hook.until(1, (call) => typeOf(call) === 'intune-retarget.run.begun');
    working.interrupt('SIGTERM');
    expect((await working.ended).exitCode).toBe(130);
    expect(hook.received.map(typeOf).at(-1)).toBe('intune-retarget.run.paused');
    expect(hook.received.at(-1)?.body).toContain('interrupted by SIGTERM');
  });

  test('is told of an apply that names it, and of a rollback that does', async () => {
    const here = await site();
    const hook = await startReceiver();
    here.channels({ channels: { ops: { type: 'webhook', url: hook.url } } });
    const rows = IDS.map((id) => ({
      ...{ policyType: 'deviceConfiguration', policyId: `p${id}`, assignmentId: id },
      ...{ targetType: 'group', groupId: 'one' },
    }));
    const file = here.file('one.csv', csv(rows));
    expect((await here.run(['apply', file, '--yes', '--notify', 'ops', ...ALLOW_ALL])).exitCode).toBe(0);
    const back = await here.run(['rollback', '@last', '--yes', '--work', '--notify', 'ops']);
    expect(back.exitCode).toBe(0);
    expect(hook.received.map(typeOf)).toEqual([BEGUN, ENDED, BEGUN, ENDED]);
    expect(hook.received[3]?.body).toContain('rollback of');
  });

  test('is told when more rows have failed than the file says, once', async () => {
    const ids = Array.from({ length: 120 }, (_, i) => `a${i}`);
    const here = await site(ids);
    const hook = await startReceiver();
    here.channels({
      channels: { ops: { type: 'webhook', url: hook.url, events: ['failures'] } },
      failuresAbove: 2,
    });
    here.simulator.reconfigure({ forbidden: ['a0', 'a1', 'a2', 'a3'] });
    await here.submit('one', '--notify', 'ops', '--max-failures', 'off');
    await here.run(['worker', '--until-idle']);
    expect(hook.received.map(({ body }) => JSON.parse(body))).toMatchObject([
      { type: 'intune-retarget.run.failures', data: { failed: expect.any(Number), share: 2 } },
    ]);
  });
});

describe('mail', () => {
  test.each([
    ['from the first byte on', true],
    ['after STARTTLS', false],
  ])('goes over TLS %s, with a user whose password stands in a file', async (_how, isTls) => {
    const here = await site();
    const certificate = await makeCertificate(here.dir, 'mail', 'DNS:localhost');
    const mail = await startMailServer(certificate, { isTls, user: 'ops', password: 'pass word 1' });
    here.file('password', 'pass word 1\n');
    here.channels({
      channels: {
        mail: {
          ...{ type: 'email', host: 'localhost', port: mail.port, ca: certificate.certPath },
          tls: isTls ? 'implicit' : 'starttls',
          ...{ user: 'ops', password: { file: join(here.dir, 'password') } },
          ...{ from: 'retarget@example.com', to: ['night@example.com', 'day@example.com'] },
        },
      },
    });
    const run = await here.submit('one', '--notify', 'mail');
    await here.run(['worker', '--until-idle']);
    expect(mail.mails).toHaveLength(2);
    expect(mail.mails[1]).toMatchObject({
      ...{ user: 'ops', isSecure: true, from: 'retarget@example.com' },
      to: ['night@example.com', 'day@example.com'],
    });
    const { text = '' } = mail.mails[1] ?? {};
    expect(text).toMatch(new RegExp(`Message-ID: <${run}-2-\\d{13}@retarget\\.invalid>`, 'i'));
    expect(text).toContain('Exit code: 0');
    expect(text).not.toContain('pass word');
  });

  test('goes through the proxy that is meant for everything, over TLS to the server behind it', async () => {
    const here = await site();
    const host = 'mail.contoso.example';
    const certificate = await makeCertificate(here.dir, 'mail', `DNS:${host}`);
    const mail = await startMailServer(certificate, { isTls: false, user: 'ops', password: 'x' });
    const channel = {
      ...{ type: 'email', host, port: mail.port, ca: certificate.certPath },
      ...{ from: 'retarget@example.com', to: ['night@example.com'] },
      ...{ user: 'ops', password: { env: 'MAIL_PASSWORD' } },
    };
    here.channels({ channels: { mail: channel } });
    const proxy = await connectProxy({ port: mail.port });
    const notify = ['notify', '--test', 'mail'];
    const told = await here.run(notify, { env: { ALL_PROXY: proxy.url, MAIL_PASSWORD: 'x' } });
    expect(told).toMatchObject({ exitCode: 0 });
    expect(proxy.asked).toMatchObject([{ target: `${host}:${mail.port}` }]);
    expect(mail.mails).toMatchObject([{ user: 'ops', isSecure: true, to: ['night@example.com'] }]);

    const closed = await connectProxy({ status: 403 });
    const refused = await here.run(notify, { env: { ALL_PROXY: closed.url, MAIL_PASSWORD: 'x' } });
    expect(refused).toMatchObject({
      exitCode: 4,
      stdout: `mail: not told: the proxy of ALL_PROXY let nothing through to ${host} (EPROXY)\n`,
    });
  });

  test('is not sent to a server whose certificate is not trusted', async () => {
    const here = await site();
    const certificate = await makeCertificate(here.dir, 'mail', 'DNS:localhost');
    const mail = await startMailServer(certificate, { isTls: false, user: 'ops', password: 'x' });
    here.channels({
      channels: {
        mail: {
          ...{ type: 'email', host: 'localhost', port: mail.port },
          ...{ from: 'retarget@example.com', to: ['night@example.com'] },
        },
      },
    });
    const { exitCode, stdout } = await here.run(['notify', '--test', 'mail']);
    expect([exitCode, stdout]).toEqual([4, expect.stringMatching(/^mail: not told: .*localhost.*\n$/)]);
    expect(mail.mails).toEqual([]);
  });
});

test('Teams is posted an adaptive card, with texts that can be no links', async () => {
  const here = await site();
  const teams = await startReceiver();
  here.file('teams-address', teams.url);
  here.channels({
    channels: { team: { type: 'teams', url: { file: join(here.dir, 'teams-address') } } },
  });
  const run = await here.submit('[one](http', '--notify', 'team');
  await here.run(['worker', '--until-idle']);
  const cards = teams.received.map(({ body }) => JSON.parse(body));
  expect(cards).toHaveLength(2);
  expect(cards[1]).toMatchObject({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: { type: 'AdaptiveCard', version: '1.4', fallbackText: expect.stringContaining(run) },
      },
    ],
  });
  const blocks = cards[1].attachments[0].content.body as { type: string; inlines: { type: string }[] }[];
  expect(new Set(blocks.map(({ type }) => type))).toEqual(new Set(['RichTextBlock']));
  expect(new Set(blocks.flatMap(({ inlines }) => inlines.map(({ type }) => type)))).toEqual(
    new Set(['TextRun']),
  );
});

describe('a channel that takes nothing', () => {
  test('slows neither the run nor other channels, and is shown; what it missed comes later, with the same ids', async () => {
    const here = await site();
    const stranger = await makeCertificate(here.dir, 'stranger');
    const [good, failing, hanging, untrusted] = await Promise.all([
      startReceiver(),
      startReceiver(undefined, 500),
      startReceiver(undefined, null),
      startReceiver(stranger),
    ]);
    const gone = await deadPort();
    const hook = (url: string) => ({ type: 'webhook', url });
    const names = ['failing', 'gone', 'good', 'hanging', 'untrusted'];
    here.channels({
      channels: {
        ...{ good: hook(good.url), failing: hook(failing.url), hanging: hook(hanging.url) },
        ...{ untrusted: hook(untrusted.url), gone: hook(`http://127.0.0.1:${gone}/`) },
      },
    });
    const run = await here.submit('one', '--notify', names.join(','));
    const worker = here.start(['worker']);
    // The run has ended, and the good channel knows all of it, while the first call to the hanging one is still open.
    await good.until(2);
    expect(good.received.map(idOf)).toEqual([`${run}-1`, `${run}-2`]);
    expect(hanging.received.map(idOf)).toEqual([`${run}-1`]);
    expect(await here.json('status', run)).toMatchObject({ state: 'completed' });
    await failing.until(3);
    failing.answer(202);
    await failing.until(2, () => failing.received.length > 3);
    const isTold = async (): Promise<boolean> => {
      const { channels } = (await here.json('status', run)) as {
        channels: { channel: string; waiting: number }[];
      };
      return channels.every(({ channel, waiting }) => channel !== 'failing' || waiting === 0);
    };
    while (!(await isTold()));
    const { channels } = (await here.json('status', run)) as { channels: { channel: string }[] };
    const shown = Object.fromEntries(channels.map((channel) => [channel.channel, channel]));
    expect(shown['good']).toMatchObject({ waiting: 0, failingSince: null });
    expect(shown['failing']).toMatchObject({ waiting: 0, failingSince: null });
    expect(shown['untrusted']).toMatchObject({
      ...{ waiting: 2, failingSince: expect.any(String) },
      why: expect.stringMatching(/the certificate of 127\.0\.0\.1:\d+ is not trusted/),
    });
    expect(shown['gone']).toMatchObject({
      ...{ waiting: 2, failingSince: expect.any(String) },
      why: `127.0.0.1:${gone} refused the connection (ECONNREFUSED)`,
    });
    expect((await here.run(['status'])).stderr).toContain('Channel gone: takes nothing since');
    expect(new Set(failing.received.map(idOf))).toEqual(new Set([`${run}-1`, `${run}-2`]));
    expect(untrusted.received).toEqual([]);
    // It waits for the one that hangs no longer than some seconds; the next worker tells it.
    worker.interrupt('SIGTERM');
    expect((await worker.ended).exitCode).toBe(0);
    expect(hanging.received.map(idOf)).toEqual([`${run}-1`]);
    hanging.answer(202);
    const next = here.start(['worker']);
    await hanging.until(1, (call) => idOf(call) === `${run}-2`);
    await hanging.until(2, (call) => idOf(call) === `${run}-1`);
    next.interrupt('SIGTERM');
    await next.ended;
    expect(good.received).toHaveLength(2);
  }, 60_000);
});

test('an address or a secret that is kept elsewhere gets nowhere else: not into Redis, nor into what is said', async () => {
  const here = await site();
  const hook = await startReceiver(undefined, 500);
  const env = {
    HOOK_URL: `http://127.0.0.1:${await deadPort()}/?sig=signature-of-the-hook`,
    HOOK_SECRET: SECRET,
  };
  here.channels({
    channels: {
      gone: { type: 'teams', url: { env: 'HOOK_URL' } },
      failing: { type: 'webhook', url: hook.url, secret: { env: 'HOOK_SECRET' } },
      unset: { type: 'webhook', url: { env: 'NOBODY_HAS_SET_IT' } },
    },
    default: ['gone', 'failing', 'unset'],
  });
  await here.submit('one');
  const { stderr } = await here.run(['worker', '--until-idle', '--verbose'], { env });
  expect(stderr).toContain('Channel unset could not be told (begun): its address is empty');
  const shown = await Promise.all(
    [['status', '@last', '--json'], ['status'], ['log'], ['notify']].map((argv) => here.run(argv)),
  );
  const texts = [stderr, ...shown.flatMap((ran) => [ran.stdout, ran.stderr]), await everythingIn(redis)];
  expect(texts.at(-1)).toContain('refused the connection');
  for (const text of texts) {
    expect(text).not.toContain('signature-of-the-hook');
    expect(text).not.toContain(SECRET);
  }
});

/** Whatever a Redis holds, as text. */
async function everythingIn({ url }: TestRedis): Promise<string> {
  const client = new Redis(String(url));
  onTestFinished(() => client.disconnect());
  const texts = (await client.keys('*')).map(async (key) => {
    switch (await client.type(key)) {
      case 'string':
        return client.get(key);
      case 'hash':
        return client.hgetall(key);
      case 'list':
        return client.lrange(key, 0, -1);
      case 'zset':
        return client.zrange(key, '0', '-1');
      case 'set':
        return client.smembers(key);
      default:
        return client.xrange(key, '-', '+');
    }
  });
  return JSON.stringify(await Promise.all(texts));
}

describe('notify', () => {
  test('lists channels, and with --test tells them the way that runs do, and calls heartbeats', async () => {
    const here = await site();
    const [hook, alive] = await Promise.all([startReceiver(), startReceiver()]);
    here.channels({
      channels: {
        ops: { type: 'webhook', url: hook.url, events: ['ended'] },
        gone: { type: 'webhook', url: `http://127.0.0.1:${await deadPort()}/` },
        alive: { type: 'heartbeat', url: alive.url },
      },
    });
    const { exitCode, stdout } = await here.run(['notify', '--test']);
    expect(exitCode).toBe(4);
    expect(stdout).toMatch(/^ops: told\ngone: not told: 127.* refused the connection.*\nalive: told\n$/);
    expect(hook.received.map(typeOf)).toEqual(['intune-retarget.run.test']);
    expect(alive.received.map(({ method }) => method)).toEqual(['GET']);
    expect((await here.run(['notify', '--test', 'ops'])).exitCode).toBe(0);
    const listed = await here.json('notify');
    expect(listed).toMatchObject([
      { channel: 'ops', type: 'webhook', toldAt: expect.any(String), failingSince: null },
      { channel: 'gone', waiting: 0, failingSince: expect.any(String) },
      { channel: 'alive', type: 'heartbeat' },
    ]);
    expect((await here.run(['log'])).stdout).toMatch(/told .*event test.*channel ops/);
  });

  test('goes through the proxy that the settings name, and to this machine never', async () => {
    const here = await site();
    const certificate = await makeCertificate(here.dir, 'hook', 'DNS:hook.example');
    const [far, near] = await Promise.all([startReceiver(certificate), startReceiver()]);
    const proxy = await connectProxy({ port: far.port });
    here.channels({
      channels: {
        far: { type: 'webhook', url: 'https://hook.example/x', ca: certificate.certPath },
        near: { type: 'webhook', url: near.url },
      },
    });
    const { stdout } = await here.run(['notify', '--test'], { env: { HTTPS_PROXY: proxy.url } });
    expect(stdout).toBe('far: told\nnear: told\n');
    expect(proxy.asked.map(({ target }) => target)).toEqual(['hook.example:443']);
    expect(far.received.map(({ path }) => path)).toEqual(['/x']);
  });

  test('a channel that a run names and nobody knows is refused before anything is read', async () => {
    const here = await site();
    const hook = await startReceiver();
    here.channels({
      channels: { ops: { type: 'webhook', url: hook.url }, alive: { type: 'heartbeat', url: hook.url } },
    });
    const apply = (name: string) =>
      here.run(['submit', here.file('x.csv', 'nonsense\n'), '--no-plan', '--notify', name]);
    expect(await apply('obs')).toMatchObject({
      ...{ exitCode: 2, stderr: expect.stringContaining('did you mean "ops"?') },
    });
    expect((await apply('alive')).stderr).toContain('"alive" is a heartbeat');
    expect((await here.run(['notify', 'obs'])).stderr).toContain('Did you mean "ops"?');
  });

  test('a file that others may write tells nobody, and says what to do', async () => {
    const here = await site();
    const path = join(here.dir, 'channels.json');
    writeFileSync(path, '{"channels":{}}');
    chmodSync(path, 0o666);
    const env = { RETARGET_NOTIFY_FILE: path };
    const { exitCode, stderr } = await here.run(['notify'], { env });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('may be written by others')]);
    chmodSync(path, 0o600);
    expect((await here.run(['notify'], { env })).exitCode).toBe(0);
  });
});
