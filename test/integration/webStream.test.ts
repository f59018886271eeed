import fastify from 'fastify';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { Overview } from '../../src/app/runs/overview.ts';
import { NO_LOG } from '../../src/log.ts';
import { Hub, type Topic } from '../../src/web/live/hub.ts';
import { streamOf } from '../../src/web/live/stream.ts';

const EVERY_MS = 5;
const PART_BYTES = 200_000;

/** A page that is another one each time it is seen, and large. */
async function busyPage() {
  const state = { turns: 0 };
  const topic: Topic = {
    name: 'busy',
    async read() {
      state.turns += 1;
      return { head: randomBytes(PART_BYTES / 2).toString('hex') };
    },
  };
  const overview: Overview = { now: 0, stop: undefined, runs: [] };
  const hub = new Hub({ see: async () => overview }, NO_LOG, { everyMs: EVERY_MS });
  const app = fastify({ forceCloseConnections: true });
  app.get('/live', (request, reply) => streamOf(topic, hub, request, reply));
  const sockets: Socket[] = [];
  app.server.on('connection', (socket) => sockets.push(socket));
  await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(async () => {
    hub.close();
    await app.close();
  });
  return { state, hub, sockets, port: (app.server.address() as AddressInfo).port };
}

async function open(port: number, more = ''): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write(`GET /live HTTP/1.1\r\nhost: here\r\n${more}\r\n`);
  return socket;
}

test('a browser that takes nothing never makes the server hold more than a state or two for it', async () => {
  const { state, sockets, port } = await busyPage();
  const slow = await open(port);
  slow.pause();
  while (state.turns < 100) await sleep(EVERY_MS);
  const held = sockets.reduce((sum, { writableLength }) => sum + writableLength, 0);
  expect(state.turns * PART_BYTES).toBeGreaterThan(15_000_000);
  expect(held).toBeLessThan(3 * PART_BYTES);
  // And when it takes something again it gets the newest, whole.
  let text = '';
  slow.on('data', (piece) => (text += String(piece)));
  slow.resume();
  const before = state.turns;
  while (state.turns < before + 5) await sleep(EVERY_MS);
  expect(text).toMatch(/event: parts\ndata: \{"head":"[0-9a-f]+"\}/);
});

test('a browser that leaves is forgotten, and nothing is seen for nobody', async () => {
  const { state, hub, port } = await busyPage();
  const page = await open(port);
  await once(page, 'data');
  expect(hub.listeners).toBe(1);
  page.destroy();
  await expect.poll(() => hub.listeners).toBe(0);
  await sleep(3 * EVERY_MS);
  const { turns } = state;
  await sleep(5 * EVERY_MS);
  expect(state.turns).toBe(turns);
});

test('a browser that comes again says what it has by Last-Event-ID', async () => {
  const { port } = await busyPage();
  const page = await open(port, 'last-event-id: some older state\r\n');
  let text = '';
  page.on('data', (piece) => (text += String(piece)));
  await expect.poll(() => text).toMatch(/id: [0-9a-f]{16}\nevent: parts/);
  expect(text).toContain('retry: 1000');
  expect(text).toMatch(/content-type: text\/event-stream/i);
});
