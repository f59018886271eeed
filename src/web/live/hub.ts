import { setTimeout as sleep } from 'node:timers/promises';
import { isOfRedis } from '../../app/failure.ts';
import type { Overview, Overviews } from '../../app/runs/overview.ts';
import type { Log } from '../../log.ts';
import { rendered, type LiveParts, type Rendered } from './parts.tsx';

/** How often the record is read for all pages of this server together. */
export const SEEN_EVERY_MS = 1_000;
/** So that a page can tell a server that is silent from a run that rests. */
const BEAT_EVERY_MS = 5_000;
/** A page that has taken nothing for so long is let go: it comes again by itself, and is shown all of it then. */
const STUCK_AFTER_MS = 30_000;

/** A Redis whose host is gone refuses nothing: it is silent. */
const ANSWER_MAX_MS = 5_000;

class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** What some pages show. */
export interface Topic {
  /** Pages of one name share what is read and rendered. */
  readonly name: string;
  /** Undefined: it is gone. */
  read(overview: Overview): Promise<LiveParts | undefined>;
}

/** An open page. */
export interface Listener {
  /** The state that it shows; undefined: none that is known. */
  has: string | undefined;
  /** It has not taken yet what it was sent: it is sent nothing more, and its next message tells it everything. */
  isFull(): boolean;
  send(message: PageMessage): void;
  end(): void;
}

export type PageMessage =
  | { readonly event: 'parts'; readonly id: string; readonly parts: Readonly<Record<string, string>> }
  /** Nothing has changed. */
  | { readonly event: 'beat' }
  /** The server can't see the record. */
  | { readonly event: 'away'; readonly since: number }
  /** What the page is about is no more. */
  | { readonly event: 'gone' };

interface Room {
  readonly topic: Topic;
  readonly listeners: Set<Listener>;
  now: Rendered | undefined;
  before: Rendered | undefined;
}

interface HubOptions {
  readonly everyMs?: number;
  readonly beatEveryMs?: number;
}

/**
 * Sees the record once a second for all pages that are open, and tells each what has changed of it. While no page is open nothing is read. What a page
 * has not taken yet is never kept for it: a slow one misses states, and gets the newest as soon as it takes something.
 */
export class Hub {
  readonly #overviews: Pick<Overviews, 'see'>;
  readonly #log: Log;
  readonly #everyMs: number;
  readonly #beatEveryMs: number;
  readonly #rooms = new Map<string, Room>();
  readonly #fullSince = new Map<Listener, number>();
  readonly #closed = new AbortController();
  #seen: { readonly overview: Overview; readonly at: number } | undefined;
  #seeing: Promise<Overview> | undefined;
  #awaySince: number | undefined;
  #isGoing = false;
  #beatAt = 0;

  constructor(
    overviews: Pick<Overviews, 'see'>,
    log: Log,
    { everyMs = SEEN_EVERY_MS, beatEveryMs = BEAT_EVERY_MS }: HubOptions = {},
  ) {
    this.#overviews = overviews;
    this.#log = log;
    this.#everyMs = everyMs;
    this.#beatEveryMs = beatEveryMs;
  }

  get listeners(): number {
    return [...this.#rooms.values()].reduce((sum, { listeners }) => sum + listeners.size, 0);
  }

  /** The runs as they were seen within the last second. */
  async overview(): Promise<Overview> {
    const seen = this.#seen;
    if (seen !== undefined && performance.now() - seen.at < this.#everyMs) return seen.overview;
    this.#seeing ??= this.#overviews
      .see()
      .then((overview) => {
        this.#seen = { overview, at: performance.now() };
        return overview;
      })
      .finally(() => (this.#seeing = undefined));
    return this.#seeing;
  }

  /** @returns how the page leaves again */
  join(topic: Topic, listener: Listener): () => void {
    const room = this.#rooms.get(topic.name) ?? {
      ...{ topic, listeners: new Set<Listener>(), now: undefined, before: undefined },
    };
    this.#rooms.set(topic.name, room);
    room.listeners.add(listener);
    if (!this.#isGoing) void this.#go();
    else void this.#welcome(room, listener);
    return () => {
      room.listeners.delete(listener);
      this.#fullSince.delete(listener);
      if (room.listeners.size === 0 && this.#rooms.get(topic.name) === room) this.#rooms.delete(topic.name);
    };
  }

  /** Somebody has changed something: what was seen before is not shown any more. */
  renew(): void {
    this.#seen = undefined;
    for (const room of this.#rooms.values()) void this.#renew(room);
  }

  close(): void {
    this.#closed.abort();
    for (const { listeners } of this.#rooms.values()) for (const listener of listeners) listener.end();
    this.#rooms.clear();
  }

  /** Right after it came, not with the next second. */
  async #welcome(room: Room, listener: Listener): Promise<void> {
    if (this.#awaySince !== undefined) listener.send({ event: 'away', since: this.#awaySince });
    else if (room.now !== undefined) this.#tell(room, listener);
    else await this.#renew(room);
  }

  async #go(): Promise<void> {
    this.#isGoing = true;
    while (this.#rooms.size > 0 && !this.#closed.signal.aborted) {
      await this.#turn();
      await sleep(this.#everyMs, undefined, { signal: this.#closed.signal }).catch(() => undefined);
    }
    this.#isGoing = false;
    this.#awaySince = undefined;
  }

  async #turn(): Promise<void> {
    this.#letStuckGo();
    await Promise.all([...this.#rooms.values()].map((room) => this.#renew(room)));
    if (performance.now() - this.#beatAt < this.#beatEveryMs) return;
    this.#beatAt = performance.now();
    if (this.#awaySince === undefined) this.#toAll({ event: 'beat' });
    else this.#toAll({ event: 'away', since: this.#awaySince });
  }

  async #renew(room: Room): Promise<void> {
    try {
      const parts = await withinReason(this.overview().then((seen) => room.topic.read(seen)));
      this.#awaySince = undefined;
      if (parts === undefined) {
        for (const listener of room.listeners) if (!listener.isFull()) listener.send({ event: 'gone' });
        return;
      }
      const next = rendered(parts);
      if (next.id !== room.now?.id) [room.before, room.now] = [room.now, next];
      for (const listener of room.listeners) this.#tell(room, listener);
    } catch (error) {
      if (!isOfRedis(error) && !(error instanceof NoAnswer))
        this.#log.error('A page could not be renewed.', { err: error });
      if (this.#awaySince !== undefined) return;
      this.#awaySince = Date.now();
      this.#toAll({ event: 'away', since: this.#awaySince });
    }
  }

  #tell({ now, before }: Room, listener: Listener): void {
    if (now === undefined || listener.has === now.id || listener.isFull()) return;
    const known = listener.has !== undefined && listener.has === before?.id ? before.parts : undefined;
    const changed = [...now.parts].filter(([name, markup]) => known?.get(name) !== markup);
    listener.has = now.id;
    listener.send({ event: 'parts', id: now.id, parts: Object.fromEntries(changed) });
  }

  #toAll(message: PageMessage): void {
    for (const { listeners } of this.#rooms.values())
      for (const listener of listeners) if (!listener.isFull()) listener.send(message);
  }

  #letStuckGo(): void {
    for (const { listeners } of this.#rooms.values())
      for (const listener of listeners) {
        if (!listener.isFull()) this.#fullSince.delete(listener);
        else if (!this.#fullSince.has(listener)) this.#fullSince.set(listener, performance.now());
        else if (performance.now() - (this.#fullSince.get(listener) ?? 0) > STUCK_AFTER_MS) listener.end();
      }
  }
}

async function withinReason<T>(asked: Promise<T>): Promise<T> {
  const answered = new AbortController();
  const late = sleep(ANSWER_MAX_MS, undefined, { signal: answered.signal }).then(() => {
    throw new NoAnswer('Redis does not answer');
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([asked, late]);
  } finally {
    answered.abort();
  }
}
