import type { Redis } from 'ioredis';
import { NOTHING_SENT, type LimiterPolicy } from '../../src/runs/permit.ts';
import type { RunStore } from '../../src/runs/runStore.ts';
import { eachAlone, pendingRows } from './rows.ts';
import { LimiterTwin } from './limiterTwin.ts';
import { tenantModel, type TenantModel, type TenantReply, type TenantRule } from './tenantModel.ts';

/** The small generator "mulberry32": a history is replayed from its seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A script that asks this clock and this server instead of the real ones. */
export const inVirtualTime = (lua: string): string =>
  lua
    .replaceAll(`redis.call('TIME')`, `{ redis.call('GET', 'virtual:s'), redis.call('GET', 'virtual:us') }`)
    .replaceAll(`redis.call('INFO', 'server')`, `('run_id:' .. redis.call('GET', 'virtual:server'))`);

export interface History {
  /** The configured limit. */
  readonly limit: number;
  /** Others that it is set to, one after the other, each for as long as the first. */
  readonly limitsLater?: readonly number[];
  readonly windowMs: number;
  readonly timeoutMs: number;
  readonly workers: number;
  readonly seed: number;
  readonly lengthWindows: number;
  /** Who answers, instead of chance. */
  readonly tenant?: TenantRule;
  /** Chances of one reply. */
  readonly throttled: number;
  readonly unnamed: number;
  readonly dies: number;
  readonly lost: number;
  /** Longest Retry-After, in windows. */
  readonly backoffWindows: number;
  /** Longest time from leave to reply, as a share of the time-out. */
  readonly latency: number;
  /** Share of the history after which it happens; the clock's step in ms. */
  readonly restartAt?: number;
  /** `unseen`: every worker's process is another one after it. */
  readonly step?: { readonly at: number; readonly ms: number; readonly unseen?: boolean };
}

export interface Permits {
  /** In true time: when leave was given, for how many, out of which budget, and when the server counted them. */
  readonly given: { at: number; n: number; budget: number; arrival: number }[];
  /** In true time, when nothing may be given: holds that were asked for, and why. */
  readonly closed: { from: number; until: number; why: string }[];
  /** What is wrong with the limiter's books, in words. */
  readonly wrong: string[];
  /** What it still counts when everything must have ended. */
  chargedAtEnd: number;
  /** Moments at which accepted writes are to be forgotten, at most. */
  acceptedEnds: number;
  steppedAt: number;
  readonly policy: LimiterPolicy;
  readonly start: number;
  readonly end: number;
  readonly tenant: TenantModel | undefined;
  /** As the limiter told them: one for each that began. */
  readonly events: string[];
}

const START = 1_800_000_000_000;
const SLICE_MS = 2_000;

interface ModelWorker {
  batch: number;
  /** The last reading of Redis' clock and when it was taken, as a worker's process knows it. */
  reading: { redis: number; at: number } | undefined;
  untold: { redis: number; at: number } | undefined;
}

/** Plays a history of workers who ask for a permit, send, are answered or die, in virtual time, on the real scripts. */
export async function play(
  history: History,
  store: RunStore,
  redis: Redis,
  runId: string,
  batches: number,
): Promise<Permits> {
  const random = seeded(history.seed);
  const { windowMs, timeoutMs, limit } = history;
  const base = {
    limit,
    limitAll: 100 * limit,
    windowMs,
    timeoutMs,
    permitValidMs: 0,
    endedInOrder: '',
    jumpedFrom: 0,
  };
  const end = START + history.lengthWindows * windowMs;
  const at = (share: number): number => START + share * (end - START);
  const tenant = history.tenant && tenantModel(history.tenant, windowMs, START, end);
  const permits: Permits = {
    ...{ given: [], closed: [], wrong: [], events: [] },
    ...{ chargedAtEnd: -1, acceptedEnds: 0, steppedAt: Infinity, policy: base, start: START, end, tenant },
  };
  const twin = new LimiterTwin();
  let offset = 0;
  let now = START;
  let server = 'one';
  let nextBatch = 0;
  const workers: ModelWorker[] = [];
  const queue: { at: number; does: () => Promise<void> }[] = [];
  const later = (when: number, does: () => Promise<void>): void => void queue.push({ at: when, does });
  const takeBatch = (): number => (nextBatch += 1) - 1;

  const setClock = (): void => {
    const redisNow = Math.floor(now + offset);
    void redis.mset(
      ...['virtual:s', Math.floor(redisNow / 1000), 'virtual:us', (redisNow % 1000) * 1000],
      ...['virtual:server', server],
    );
  };
  const limitNow = (): number => {
    const limits = [limit, ...(history.limitsLater ?? [])];
    const place = Math.floor(((now - START) / (end - START)) * limits.length);
    return limits[Math.min(limits.length - 1, place)] ?? limit;
  };
  let fullUntil: string | undefined;
  /** Looks at the books after a call, and tells the twin of it. */
  const audit = async (
    event: string,
    tell: (redisNow: number, books: Record<string, string>) => void,
  ): Promise<void> => {
    permits.events.push(...event.split(';').filter(Boolean));
    const [books, ends, acceptedEnds] = await Promise.all([
      redis.hgetall(store.keys.limiter),
      redis.zcard(store.keys.limiterWrites),
      redis.zcard(store.keys.limiterAccepted),
    ]);
    permits.acceptedEnds = Math.max(permits.acceptedEnds, acceptedEnds);
    const charges = Object.entries(books).filter(([name]) => /^w\d/.test(name));
    const sum = charges.reduce((total, [, n]) => total + Number(n), 0);
    const when = `${now - START} ms after the start`;
    if (charges.some(([, n]) => Number(n) < 0)) permits.wrong.push(`a charge is negative, ${when}`);
    if (sum !== Number(books['w'] ?? 0))
      permits.wrong.push(`${sum} is not the total of ${books['w']}, ${when}`);
    if (ends !== charges.length) permits.wrong.push(`${ends} ends for ${charges.length} charges, ${when}`);
    const redisNow = Math.floor(now + offset);
    if (books['fullUntil'] !== fullUntil) twin.distrusted(redisNow);
    fullUntil = books['fullUntil'];
    tell(redisNow, books);
    permits.wrong.push(...twin.against(books).map((why) => `${why}, ${when}`));
  };
  const policyOf = (worker: ModelWorker): LimiterPolicy => ({
    ...base,
    limit: limitNow(),
    jumpedFrom: worker.untold ? Math.floor(worker.untold.redis + (now - worker.untold.at)) : 0,
  });
  const see = (worker: ModelWorker, redisNow: number): void => {
    const before = worker.reading;
    worker.reading = { redis: redisNow, at: now };
    if (before && Math.abs(redisNow - before.redis - (now - before.at)) > 1_000) worker.untold = before;
  };

  const ask = async (worker: ModelWorker): Promise<void> => {
    const ref = { runId, batch: worker.batch };
    const rows = eachAlone(pendingRows(...Array.from({ length: 20 }, (_, place) => place)));
    setClock();
    const token = `token-${worker.batch}`;
    const policy = policyOf(worker);
    const answer = await store.permit(ref, token, rows, policy);
    worker.untold = undefined;
    await audit(answer.event, (_, books) => twin.left(answer, policy, books));
    see(worker, answer.now);
    const again = (ms: number): void => later(now + Math.max(1, Math.min(ms, SLICE_MS)), () => ask(worker));
    if (answer.kind !== 'granted') {
      if (answer.kind === 'stopped' || answer.kind === 'overtaken') throw new Error('the run stopped');
      again(answer.waitMs);
      return;
    }
    const n = answer.places.length;
    const before = answer.places.map((place) => ({ place, state: 'pending' as const, attempts: 0 }));
    const ended = { ...NOTHING_SENT, token, chargeEnd: answer.chargeEnd };
    const budget = twin.budget(policy);
    if (budget > policy.limit) permits.wrong.push(`a budget of ${budget} on a limit of ${policy.limit}`);
    if (worker.untold) {
      const { event } = await store.record(ref, before, policyOf(worker), { ...ended, returned: n });
      worker.untold = undefined;
      await audit(event, () => {});
      again(1);
      return;
    }
    const replyAt = now + random() * timeoutMs * history.latency;
    // The extremes are the dangerous ones.
    const place = random();
    const arrival = place < 0.3 ? now : place < 0.6 ? replyAt : now + random() * (replyAt - now);
    permits.given.push({ at: now, n, budget, arrival });
    let reply = chance(history, n, random);
    if (tenant)
      later(arrival, async () => {
        reply = tenant.answer(n, now);
      });
    if (random() < history.dies) {
      later(replyAt, () => {
        // The next process knows nothing of what this one has seen.
        Object.assign(worker, { batch: takeBatch(), reading: undefined, untold: undefined });
        return ask(worker);
      });
      return;
    }
    const isLost = random() < history.lost;
    later(isLost ? replyAt + random() * (now + timeoutMs - replyAt) : replyAt, async () => {
      setClock();
      const settlement = { ...ended, answered: n, ...reply };
      const { backoffMs } = reply;
      const asked = policyOf(worker);
      const { event } = await store.record(ref, before, asked, settlement);
      worker.untold = undefined;
      await audit(event, (redisNow, books) => twin.recorded(settlement, asked, redisNow, books));
      if (backoffMs > 0) permits.closed.push({ from: now, until: now + backoffMs, why: 'named' });
      if (backoffMs < 0) permits.closed.push({ from: now, until: now + windowMs / 10, why: 'unnamed' });
      again(1);
    });
  };

  for (let i = 0; i < history.workers; i += 1) {
    const worker: ModelWorker = { batch: takeBatch(), reading: undefined, untold: undefined };
    workers.push(worker);
    later(START + random() * windowMs * 0.1, () => ask(worker));
  }
  if (history.restartAt !== undefined) {
    later(at(history.restartAt), async () => {
      server = 'two';
      permits.closed.push({ from: now, until: now + windowMs + timeoutMs, why: 'restarted' });
    });
  }
  if (history.step) {
    const { ms, unseen } = history.step;
    later(at(history.step.at), async () => {
      offset += ms;
      if (unseen)
        for (const worker of workers) Object.assign(worker, { reading: undefined, untold: undefined });
      permits.steppedAt = now;
      // A step back makes all that counts count longer; only one forward could free it early.
      if (ms > 0) permits.closed.push({ from: now, until: now + windowMs + timeoutMs, why: 'jumped' });
    });
  }
  for (;;) {
    queue.sort((a, b) => a.at - b.at);
    const next = queue.shift();
    if (next === undefined || next.at > end || nextBatch >= batches) break;
    now = Math.max(now, next.at);
    await next.does();
  }
  now += 2 * (windowMs + timeoutMs);
  setClock();
  permits.chargedAtEnd = (await store.limiterNow(base)).charged;
  return permits;
}

/** A reply as chance has it: a 429 for all of it or for a part, a named wait or none, and some that were let through to no limit. */
function chance(history: History, n: number, random: () => number): TenantReply {
  const isThrottled = random() < history.throttled;
  const namedMs = Math.ceil(random() * history.backoffWindows * history.windowMs);
  const isUnnamed = random() < history.unnamed;
  const throttled = random() < 0.5 ? n : 1 + Math.floor(random() * n);
  const unknown = random() < 0.2 ? Math.floor(random() * n) : 0;
  if (!isThrottled) return { accepted: n - unknown, throttled: 0, backoffMs: 0 };
  const accepted = Math.max(0, n - throttled - unknown);
  return { accepted, throttled, backoffMs: isUnnamed ? -1 : namedMs };
}
