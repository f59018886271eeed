import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { notifyDiagnosis } from '../../../../src/app/doctor/notifyDiagnosis.ts';
import { fakeServices } from '../../../support/fakeServices.ts';

/** What doctor says of a machine with this file, and these variables. */
async function checks(content?: object, env: Record<string, string> = {}, mode = 0o600) {
  const dir = mkdtempSync(join(tmpdir(), 'retarget-doctor-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'notify.json');
  if (content !== undefined) {
    writeFileSync(path, JSON.stringify(content));
    chmodSync(path, mode);
  }
  writeFileSync(join(dir, 'none.pem'), 'no certificate');
  const { identity, ...host } = fakeServices({ env });
  return (await notifyDiagnosis(identity, { ...host, cwd: dir })).map(({ status, message }) =>
    `${status}: ${message}`.replaceAll(dir, ''),
  );
}

const hook = { type: 'webhook', url: 'https://example.com/hook' };

test('a machine that tells nobody is well, and so is one whose channels can be told', async () => {
  expect(await checks()).toEqual([]);
  const channels = { ops: { ...hook, secret: { env: 'OPS_SECRET' } }, alive: { ...hook, type: 'heartbeat' } };
  expect(await checks({ channels, default: ['ops'] }, { OPS_SECRET: 'x'.repeat(20) })).toEqual([
    'ok: /notify.json has 2 channels: ops (webhook), alive (heartbeat); ops is told by default. Nothing was sent.',
  ]);
});

test('what a channel lacks is a warning that names it, and shows no secret', async () => {
  const channels = {
    ops: { ...hook, secret: { env: 'OPS_SECRET' } },
    team: { type: 'teams', url: { env: 'TEAM_URL' } },
    mail: {
      type: 'email',
      host: 'smtp.example.com',
      from: 'a@example.com',
      to: ['b@example.com'],
      ca: '/nowhere.pem',
    },
  };
  const found = await checks({ channels }, { TEAM_URL: 'http://secret.example.com/hook' });
  expect(found).toEqual([
    'warning: Channel ops is told nothing: its secret is empty: the variable OPS_SECRET is not set.',
    'warning: Channel team is told nothing: its address does not begin with https://; plain http goes to this machine only.',
    "warning: Channel mail is told nothing: the file of its ca, /nowhere.pem, can't be read (ENOENT).",
  ]);
});

test('a file that can not be understood, or that others may write, would stop runs that name a channel', async () => {
  expect(await checks({ channels: { ops: hook }, default: ['opps'] })).toEqual([
    expect.stringMatching(/^failed: .*did you mean "ops"\?/),
  ]);
  expect(await checks({ channels: { ops: hook } }, {}, 0o666)).toEqual([
    expect.stringMatching(/^failed: Nobody is told by .*may be written by others/),
  ]);
});
