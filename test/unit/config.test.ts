import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { configFrom, type Environment, type SharedFlags } from '../../src/config.ts';
import { EXIT, UserError } from '../../src/errors.ts';
import { thrownBy } from '../support/thrownBy.ts';

const HOME = '/home/nobody-in-particular';

/** A directory with such a `.env` in it. */
function withFile(content: string | Uint8Array, mode = 0o600): { dir: string; path: string } {
  const dir = mkdtempSync(join(tmpdir(), 'retarget-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, '.env');
  writeFileSync(path, content);
  chmodSync(path, mode);
  return { dir, path };
}

const read = (dir: string, env: Environment = {}, flags: SharedFlags = {}) =>
  configFrom(flags, { HOME, ...env }, dir);

function refusal(dir: string, env: Environment = {}, flags: SharedFlags = {}): UserError {
  const error = thrownBy(() => read(dir, env, flags));
  if (!(error instanceof UserError)) throw new Error(`nothing was refused: ${String(error)}`);
  expect(error.exitCode).toBe(EXIT.badInput);
  return error;
}

describe('a .env file', () => {
  test('may begin with the mark that editors on Windows put there', () => {
    const { dir } = withFile('\ufeffRETARGET_CLOUD=china\nRETARGET_CONCURRENCY=3\n');
    expect(read(dir)).toMatchObject({ cloud: 'china', concurrency: 3 });
  });

  test.each([
    ['with its mark', Buffer.from('\ufeffRETARGET_CLOUD=china\r\n', 'utf16le')],
    ['without its mark', Buffer.from('RETARGET_CLOUD=china\r\n', 'utf16le')],
    ['of the other order', Buffer.from('\ufeffRETARGET_CLOUD=china\r\n', 'utf16le').swap16()],
  ])('in UTF-16 %s is refused, not read as nothing', (_, content) => {
    const { dir, path } = withFile(content);
    expect(refusal(dir)).toMatchObject({
      message: expect.stringContaining(path),
      remedy: expect.stringContaining('UTF-8'),
    });
  });

  test('that is no text is refused', () => {
    expect(refusal(withFile(Uint8Array.of(0x41, 0x3d, 0xe4, 0x0a)).dir).message).toContain('not UTF-8');
  });

  test.each([
    '$env:RETARGET_CLOUD = "china"',
    'set RETARGET_CLOUD=china',
    'setx RETARGET_CLOUD china',
    'RETARGET_CLOUD: china',
    'RETARGET_CLOUD',
    '\u00a0RETARGET_CLOUD=china',
    '\u200bRETARGET_CLOUD=china',
    '[settings]',
  ])('with a line that is no setting is refused with its place, and without the line: %j', (line) => {
    const { dir, path } = withFile(`# ours\n\nA="two\nlines"\n${line}\nB=1\n`);
    const { message } = refusal(dir);
    expect(message).toBe(`${path}:5: this line is no setting.`);
  });

  test('is read as Node reads it: comments, quotes over several lines, export', () => {
    const { dir } = withFile(
      [
        '# a comment',
        '  export RETARGET_CLOUD = usgov  # behind a value',
        "RETARGET_WINDOW_MS='4000'",
        'CERT="-----BEGIN',
        'no setting here',
        '-----END"',
        'OPEN="never closed',
        'RETARGET_CONCURRENCY=2',
        '',
      ].join('\r\n'),
    );
    expect(read(dir)).toMatchObject({ cloud: 'usgov', windowMs: 4000, concurrency: 2 });
  });

  test('says which settings came from it, but not what is for other programs or set elsewhere', () => {
    const { dir, path } = withFile(
      'RETARGET_CLOUD=usgov\nPORT=80\nREDIS_URL=redis://127.0.0.1:6379\nAZURE_TENANT_ID=contoso.example\nRETARGET_CONCURRENCY=2\n',
    );
    const { remarks } = read(dir, { RETARGET_CONCURRENCY: '4' }, { redisUrl: 'redis://127.0.0.1:1' });
    expect(remarks).toEqual([`From ${path}: AZURE_TENANT_ID, RETARGET_CLOUD.`]);
    expect(read('/').remarks).toEqual([]);
  });

  test('that is a directory, as Python makes them, sets nothing, and that is told', () => {
    const { dir, path } = withFile('');
    rmSync(path);
    mkdirSync(path);
    expect(read(dir).remarks).toEqual([`Nothing is taken from ${path}: it is a directory.`]);
  });
});

describe('a .env file that others may write', () => {
  const secrets = [
    'RETARGET_GRAPH_URL=https://graph.example',
    'RETARGET_CLOUD=china',
    'RETARGET_DATA_DIR=/tmp/x',
    'RETARGET_ACCESS_TOKEN=token',
    'REDIS_URL=redis://redis.example',
    'AZURE_AUTHORITY_HOST=https://login.example',
    'AZURE_CLIENT_ID=11111111-1111-4111-8111-111111111111',
    'HTTPS_PROXY=http://proxy.example',
    'https_proxy=http://proxy.example',
  ];
  test.each(secrets)('does not decide where secrets go: %s', (line) => {
    const { dir, path } = withFile(`${line}\n`, 0o666);
    const { message, remedy } = refusal(dir);
    expect(message).toBe(
      `${line.split('=')[0]} is not taken from ${path}: the file may be written by others.`,
    );
    expect(remedy).toContain(`chmod 600 ${path}`);
  });

  test('says nothing of a name that is not ours when others may write it: a channel may be told with that', () => {
    const { dir } = withFile('OPS_HOOK_SECRET=theirs\n', 0o666);
    expect(configFrom({}, {}, dir).env['OPS_HOOK_SECRET']).toBeUndefined();
    const own = withFile('OPS_HOOK_SECRET=mine\n');
    expect(configFrom({}, {}, own.dir).env['OPS_HOOK_SECRET']).toBe('mine');
  });

  test('may set the pace, and settings of other programs', () => {
    const { dir } = withFile('RETARGET_CONCURRENCY=2\nPORT=1\n', 0o666);
    expect(read(dir)).toMatchObject({ concurrency: 2 });
  });

  test('does not matter where environment or flags say the same', () => {
    const { dir } = withFile('RETARGET_GRAPH_URL=https://a.example\nREDIS_URL=redis://b.example\n', 0o666);
    const config = read(dir, { REDIS_URL: 'redis://127.0.0.1:1' }, { graphUrl: 'https://c.example' });
    expect(config).toMatchObject({ graphUrl: 'https://c.example', redisUrl: 'redis://127.0.0.1:1' });
  });
});

describe('a variable that begins like our settings', () => {
  test.each([
    'RETARGET_PORT',
    'RETARGET_PORT_8080_TCP',
    'RETARGET_PORT_8080_TCP_ADDR',
    'RETARGET_SERVICE_HOST',
    'RETARGET_SERVICE_PORT_HTTP',
    'RETARGET_REDIS_SERVICE_HOST',
    'RETARGET_REDIS_PORT_6379_TCP',
  ])('and is one of Kubernetes’ is nobody’s concern: %s', (name) => {
    expect(read('/', { [name]: 'tcp://10.0.0.1:8080' }).remarks).toEqual([]);
  });

  test('and is nearly one of them is refused, in any letter case', () => {
    expect(refusal('/', { RETARGET_CONCURENCY: '2' }).remedy).toContain('Did you mean RETARGET_CONCURRENCY?');
    expect(refusal(withFile('retarget_cloud=china\n').dir).remedy).toContain('Did you mean RETARGET_CLOUD?');
  });

  test('and is far from all of them is told of, and refused where nobody else writes such', () => {
    expect(read('/', { RETARGET_RELEASE_NAME: 'blue' }).remarks).toEqual([
      'RETARGET_RELEASE_NAME is no setting of retarget and is passed over.',
    ]);
    expect(refusal(withFile('RETARGET_RELEASE_NAME=blue\n').dir).message).toContain('RETARGET_RELEASE_NAME');
  });
});

describe('paths in settings', () => {
  test('may begin with ~, which no shell has read', () => {
    const { dir } = withFile(
      'RETARGET_DATA_DIR=~/runs\nREDIS_URL=rediss://a\nREDIS_PASSWORD_FILE=~/secret\n',
    );
    const config = read(dir, { AZURE_CLIENT_SECRET_FILE: '~/other' });
    expect(config).toMatchObject({
      dataDir: `${HOME}/runs`,
      redisFiles: { REDIS_PASSWORD_FILE: `${HOME}/secret` },
      env: { AZURE_CLIENT_SECRET_FILE: `${HOME}/other` },
    });
  });

  test('name the same data directory wherever a command runs', () => {
    const { message, remedy } = refusal('/srv', { RETARGET_DATA_DIR: 'runs' });
    expect(message).toContain('another place in every directory');
    expect(remedy).toContain('RETARGET_DATA_DIR=/srv/runs');
  });
});
