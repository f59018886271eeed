import { EventEmitter, once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import type { Overview } from '../../../../src/app/runs/overview.ts';
import { NO_LOG } from '../../../../src/log.ts';
import { Hub, type Listener, type PageMessage, type Topic } from '../../../../src/web/live/hub.ts';

const EVERY_MS = 5;

/** A record that can be seen, and how often it was. */
function record() {
  const state = {
    seen: 0,
    isAway: false,
    parts: { head: 'one', rows: 'two' } as Record<string, string> | undefined,
  };
  const overviews = {
    async see(): Promise<Overview> {
      state.seen += 1;
      if (state.isAway) throw new Error('Connection is closed.');
      return { now: 0, stop: undefined, runs: [] };
    },
  };
  const hub = new Hub(overviews, NO_LOG, { everyMs: EVERY_MS, beatEveryMs: 3 * EVERY_MS });
  onTestFinished(() => hub.close());
  const topic = (name = 'runs'): Topic => ({ name, read: async () => state.parts });
  return { state, hub, topic };
}

interface Page extends Listener {
  readonly told: PageMessage[];
  isSlow: boolean;
  isOver: boolean;
  /** Resolves with the next message of this kind. */
  next<E extends PageMessage['event']>(event: E): Promise<Extract<PageMessage, { event: E }>>;
}

function page(has?: string): Page {
  const told: PageMessage[] = [];
  const heard = new EventEmitter();
  return {
    ...{ has, told, isSlow: false, isOver: false },
    isFull() {
      return this.isSlow;
    },
    send(message) {
      told.push(message);
      heard.emit(message.event, message);
    },
    end() {
      this.isOver = true;
    },
    next: async (event) => (await once(heard, event))[0],
  };
}

const turns = (n: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, n * EVERY_MS * 3));

test('fifty pages cost the record what one costs, and no page costs nothing', async () => {
  const { state, hub, topic } = record();
  await turns(2);
  expect(state.seen).toBe(0);
  const pages = Array.from({ length: 50 }, () => page());
  const partings = pages.map((each) => hub.join(topic(), each));
  await Promise.all(pages.map((each) => each.next('parts')));
  // Who comes first is told with the first look, all others with that or the next.
  expect(state.seen).toBeLessThanOrEqual(2);
  for (const part of partings) part();
  await turns(2);
  const { seen } = state;
  await turns(3);
  expect(state.seen).toBe(seen);
});

test('a page is told everything at first, then what has changed, and nothing while nothing does', async () => {
  const { state, hub, topic } = record();
  const here = page();
  hub.join(topic(), here);
  expect((await here.next('parts')).parts).toEqual({ head: 'one', rows: 'two' });
  await turns(3);
  expect(here.told.filter(({ event }) => event === 'parts')).toHaveLength(1);
  state.parts = { head: 'one', rows: 'three' };
  expect((await here.next('parts')).parts).toEqual({ rows: 'three' });
});

test('a page that comes again with what it has is told only what it lacks, whichever server showed it', async () => {
  const { hub, topic } = record();
  const first = page();
  hub.join(topic(), first);
  const { id } = await first.next('parts');
  const elsewhere = record();
  const again = page(id);
  elsewhere.hub.join(elsewhere.topic(), again);
  await again.next('beat');
  expect(again.told.filter(({ event }) => event === 'parts')).toEqual([]);
  const older = page('another state');
  hub.join(topic(), older);
  await expect
    .poll(() => older.told)
    .toContainEqual({ event: 'parts', id, parts: { head: 'one', rows: 'two' } });
});

test('a page that takes nothing is sent nothing, and gets the newest when it does', async () => {
  const { state, hub, topic } = record();
  const [slow, quick] = [page(), page()];
  hub.join(topic(), slow);
  hub.join(topic(), quick);
  await slow.next('parts');
  slow.isSlow = true;
  const before = slow.told.length;
  for (const rows of ['a', 'b', 'c']) {
    state.parts = { head: rows, rows };
    await quick.next('parts');
  }
  expect(slow.told).toHaveLength(before);
  slow.isSlow = false;
  expect((await slow.next('parts')).parts).toEqual({ head: 'c', rows: 'c' });
});

test('while the record is away pages are told since when, and what it is when it is back', async () => {
  const { state, hub, topic } = record();
  const here = page();
  hub.join(topic(), here);
  await here.next('parts');
  state.isAway = true;
  const { since } = await here.next('away');
  expect(Date.now() - since).toBeLessThan(60_000);
  const later = page();
  hub.join(topic(), later);
  expect(later.told).toEqual([{ event: 'away', since }]);
  state.isAway = false;
  state.parts = { head: 'back', rows: 'two' };
  expect((await here.next('parts')).parts).toEqual({ head: 'back' });
});

test('a page about what is no more is told so', async () => {
  const { state, hub, topic } = record();
  const here = page();
  hub.join(topic('run x'), here);
  await here.next('parts');
  state.parts = undefined;
  await here.next('gone');
});

test('pages end with their server', async () => {
  const { hub, topic } = record();
  const here = page();
  hub.join(topic(), here);
  await here.next('parts');
  hub.close();
  expect(here.isOver).toBe(true);
});
