import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { closeRedis, openRedis } from '../../src/redis/connection.ts';
import type { RedisPatience, RedisClient } from '../../src/redis/connection.ts';
import type { RedisFiles } from '../../src/redis/files.ts';
import { newGroups, startRun } from '../support/redisRun.ts';
import { freePort, startRedisServer } from '../support/redisServer.ts';
import { makeCertificates } from '../support/redisTls.ts';
import type { Certificates } from '../support/redisTls.ts';

vi.setConfig({ testTimeout: 30_000 });
const ROWS = 20;
const WAIT = { timeout: 15_000, interval: 20 };
const quiet = { info: () => {}, warn: () => {} };

test('a whole run over TLS, with certificates on both sides, a user and a password from a file', async () => {
  const certificates = makeCertificates();
  const { url, dir } = await tlsServer(certificates, 'with a certificate', [
    ...['--user', 'ann', 'on', '>p@ss/w:rd', '~*', '&*', '+@all'],
  ]);
  const password = join(dir, 'password');
  writeFileSync(password, 'p@ss/w:rd\n');
  const files = {
    REDIS_TLS_CA_FILE: certificates.ca,
    REDIS_TLS_CERT_FILE: certificates.client.cert,
    REDIS_TLS_KEY_FILE: certificates.client.key,
    REDIS_PASSWORD_FILE: password,
  };
  const run = await startRun((patience) => open(url.replace('//', '//ann@'), files, patience), {
    rows: ROWS,
  });
  expect(await run.ended()).toMatchObject({ state: 'completed', counts: { succeeded: ROWS } });
  expect(run.tenant().groups).toEqual(newGroups(ROWS));
});

test('a certificate of an unknown authority is refused, and the setting that mends it is named', async () => {
  const certificates = makeCertificates();
  const { url } = await tlsServer(certificates);
  for (const files of [{}, { REDIS_TLS_CA_FILE: certificates.otherCa }])
    await expect(open(url, files)).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('certificate'),
      remedy: expect.stringContaining('REDIS_TLS_CA_FILE'),
    });
});

test('a certificate for another name is refused, also when it is one for the address', async () => {
  const certificates = makeCertificates('DNS:redis.example');
  const { url } = await tlsServer(certificates);
  for (const wrong of [url, url.replace('localhost', '127.0.0.1')])
    await expect(open(wrong, { REDIS_TLS_CA_FILE: certificates.ca })).rejects.toMatchObject({
      exitCode: 4,
      remedy: expect.stringContaining('the name that the certificate of Redis is for'),
    });
});

test('an address without a name does, when the certificate is for it', async () => {
  const certificates = makeCertificates('IP:127.0.0.1');
  const { url } = await tlsServer(certificates);
  const redis = await open(url.replace('localhost', '127.0.0.1'), { REDIS_TLS_CA_FILE: certificates.ca });
  expect(await redis.ping()).toBe('PONG');
});

test('a server that asks for a certificate of ours, and gets none, is told apart', async () => {
  const certificates = makeCertificates();
  const { url } = await tlsServer(certificates, 'with a certificate');
  await expect(open(url, { REDIS_TLS_CA_FILE: certificates.ca })).rejects.toMatchObject({
    exitCode: 4,
    remedy: expect.stringContaining('REDIS_TLS_CERT_FILE'),
  });
});

test('TLS to a port without it, and none to a port with it, are told apart', async () => {
  const certificates = makeCertificates();
  const { url } = await tlsServer(certificates);
  await expect(open(url.replace('rediss', 'redis'), {})).rejects.toMatchObject({
    exitCode: 4,
    remedy: expect.stringContaining('rediss instead of redis'),
  });
  const plain = await startRedisServer({ tcp: true });
  onTestFinished(() => plain.stop());
  await expect(open(String(plain.url).replace('redis', 'rediss'), {})).rejects.toMatchObject({
    exitCode: 4,
    remedy: expect.stringContaining('redis instead of rediss'),
  });
});

// Nodes and masters are known by their addresses only; a certificate is for a name.
test('a cluster over TLS may show the certificate of the name in the address, and of no other', async () => {
  const certificates = makeCertificates('DNS:localhost');
  const [bus, ownIp] = [await freePort(), '127.0.0.1'];
  const { url, socketPath } = await tlsServer(certificates, 'anyone', [
    ...['--cluster-enabled', 'yes', '--cluster-port', `${bus}`, '--cluster-announce-ip', ownIp],
    ...['--tls-cluster', 'yes'],
  ]);
  const node = await openRedis({ socketPath }, { patience: 'failFast', name: 'test', log: quiet });
  onTestFinished(() => closeRedis(node));
  await node.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await vi.waitUntil(async () => String(await node.cluster('INFO')).includes('cluster_state:ok'), WAIT);

  const files = { REDIS_TLS_CA_FILE: certificates.ca };
  const redis = await open(url.replace('rediss', 'rediss+cluster'), files);
  expect(await redis.set('{k}', '1')).toBe('OK');
  await expect(
    open(url.replace('rediss', 'rediss+cluster').replace('localhost', ownIp), files),
  ).rejects.toMatchObject({ exitCode: 4, remedy: expect.stringContaining('the name') });
  await expect(open(url.replace('rediss', 'rediss+cluster'), {})).rejects.toMatchObject({
    exitCode: 4,
    remedy: expect.stringContaining('REDIS_TLS_CA_FILE'),
  });
});

test('sentinel and master are reached over TLS, both with the certificate of the name in the address', async () => {
  const certificates = makeCertificates('DNS:localhost');
  const master = await tlsServer(certificates);
  const port = await freePort();
  const sentinel = await startRedisServer({
    args: ['--sentinel', ...certificates.serverArgs(port), '--tls-replication', 'yes'],
    config: `sentinel monitor mymaster 127.0.0.1 ${master.port} 1\n`,
  });
  onTestFinished(() => sentinel.stop());
  const files = { REDIS_TLS_CA_FILE: certificates.ca };
  const redis = await open(`rediss+sentinel://localhost:${port}/mymaster`, files);
  expect(await redis.info('server')).toContain(`tcp_port:${master.port}`);
  await expect(open(`rediss+sentinel://localhost:${port}/mymaster`, {})).rejects.toMatchObject({
    exitCode: 4,
    remedy: expect.stringContaining('REDIS_TLS_CA_FILE'),
  });
});

async function tlsServer(
  certificates: Certificates,
  clients: 'with a certificate' | 'anyone' = 'anyone',
  args: readonly string[] = [],
): Promise<{
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  readonly socketPath: string;
}> {
  const port = await freePort();
  const server = await startRedisServer({ args: [...certificates.serverArgs(port, clients), ...args] });
  onTestFinished(() => server.stop());
  return { url: `rediss://localhost:${port}`, port, dir: server.dir, socketPath: server.socketPath };
}

async function open(
  url: string,
  files: RedisFiles,
  patience: RedisPatience = 'failFast',
): Promise<RedisClient> {
  const redis = await openRedis({ url, files }, { patience, name: 'test', log: quiet });
  onTestFinished(() => closeRedis(redis));
  return redis;
}
