import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { eventChannels, heartbeats, readNotifyFile } from '../../../src/notify/notifyFile.ts';
import { thrownBy } from '../../support/thrownBy.ts';

function fileOf(content: unknown): string {
  const dir = mkdtempSync(join(tmpdir(), 'retarget-notify-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'notify.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const URL = 'https://example.com/hook';
const channel = (more: object): object => ({ channels: { ops: { type: 'webhook', url: URL, ...more } } });
const MAIL = { type: 'email', host: 'mail.example.com', from: 'a@example.com', to: ['b@example.com'] };

/** What is wrong with a file, line by line, without its path. */
function faultsOf(content: unknown): string[] {
  const path = fileOf(content);
  const error = thrownBy(() => readNotifyFile(path, true));
  if (!(error instanceof UserError)) throw new Error('it was taken', { cause: error });
  expect(error.remedy).not.toBe('');
  return error.message.split('\n').map((line) => line.replaceAll(`${path}: `, '').replaceAll(path, 'it'));
}

test('a file with one channel of each kind is read, with what it leaves out', () => {
  const file = readNotifyFile(
    fileOf({
      channels: {
        ops: { type: 'webhook', url: URL, secret: { env: 'OPS_SECRET' }, events: ['ended'] },
        team: { type: 'teams', url: { file: '/run/secrets/teams' } },
        mail: MAIL,
        alive: { type: 'heartbeat', url: 'http://127.0.0.1:8000/ping' },
      },
      default: ['ops', 'mail'],
    }),
    true,
  );
  expect(file).toMatchObject({ byDefault: ['ops', 'mail'], failuresAbove: 1 });
  expect([...eventChannels(file).keys()]).toEqual(['ops', 'team', 'mail']);
  expect(file?.channels.get('mail')).toMatchObject({ port: 465 });
  expect(heartbeats(file).get('alive')).toMatchObject({ everySeconds: 60 });
});

test('none is no fault where nobody has asked for one, and is where somebody has', () => {
  expect(readNotifyFile('/nonexistent/notify.json', false)).toBeUndefined();
  expect(thrownBy(() => readNotifyFile('/nonexistent/notify.json', true))).toMatchObject({
    message: expect.stringContaining("can't be read (ENOENT)"),
  });
});

test.each<[unknown, string]>([
  ['{"channels": {', 'it is no JSON'],
  ['{"channels": hunter2hunter2}', "it is no JSON: Unexpected token 'h'."],
  [{}, 'channels has to be there'],
  [{ channels: {}, defualt: [] }, 'the file has "defualt", which means nothing here'],
  [{ channels: { Ops: { type: 'webhook', url: URL } } }, 'channels.Ops is no name'],
  [{ channels: { off: { type: 'webhook', url: URL } } }, 'channels.off is no name'],
  [channel({ type: 'sms' }), 'channels.ops.type has to be one of webhook, teams, email, heartbeat'],
  [channel({ url: 'example.com' }), 'channels.ops.url is no address'],
  [channel({ url: 'http://example.com/x' }), 'channels.ops.url does not begin with https://'],
  [channel({ url: 'https://me:pass@example.com/x' }), 'channels.ops.url has a user or password in it'],
  [channel({ url: { env: 'A', file: 'b' } }), 'channels.ops.url is an address, or where it is kept'],
  [channel({ secret: 'hunter2hunter2' }), 'channels.ops.secret is kept elsewhere: write {"env": "NAME"}'],
  [channel({ secret: { env: 'A B' } }), 'channels.ops.secret.env is no name of an environment variable'],
  [channel({ events: ['finished'] }), 'channels.ops.events.0 has to be one of begun, '],
  [channel({ events: [] }), 'channels.ops.events names nobody'],
  [channel({ header: 'x' }), 'channels.ops has "header", which means nothing here'],
  [{ channels: { mail: { ...MAIL, user: 'x' } } }, 'channels.mail.password goes with user'],
  [{ channels: { mail: { ...MAIL, to: ['x'] } } }, 'channels.mail.to.0 is no address of mail'],
  [{ channels: { mail: { ...MAIL, from: 'a@b\r\nBcc: c@d' } } }, 'channels.mail.from is no address of mail'],
  [{ channels: { mail: { ...MAIL, port: 0 } } }, 'channels.mail.port has to be at least 1'],
  [{ channels: {}, default: ['ops'] }, 'default.0: there is no channel "ops"; there is none'],
  [{ ...channel({}), default: ['obs'] }, 'default.0: there is no channel "obs"; did you mean "ops"?'],
  [
    { channels: { alive: { type: 'heartbeat', url: URL } }, default: ['alive'] },
    'default.0: "alive" is a heartbeat',
  ],
  [{ channels: {}, failuresAbove: 101 }, 'failuresAbove has to be at most 100'],
])('%j is refused: %s', (content, fault) => {
  expect(faultsOf(content)).toEqual([expect.stringContaining(fault)]);
});

test('each fault is told, and no secret that stands where it must not', () => {
  const faults = faultsOf({
    channels: { a: { type: 'webhook', url: 'http://example.com/?sig=hunter2hunter2' }, b: { type: 'teams' } },
  });
  expect(faults).toHaveLength(2);
  expect(faults.join()).not.toContain('hunter2');
});

test('one that others may write says where nothing goes', () => {
  const path = fileOf({ channels: {} });
  chmodSync(path, 0o666);
  expect(thrownBy(() => readNotifyFile(path, false))).toMatchObject({
    message: `Nobody is told by ${path}: the file may be written by others.`,
    remedy: expect.stringContaining(`chmod 600 ${path}`),
  });
});
