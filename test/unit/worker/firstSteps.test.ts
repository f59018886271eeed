import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FirstSteps } from '../../../src/worker/firstSteps.ts';

const NEVER = new AbortController().signal;
/** Far longer than any step here. */
const LONG_MS = 60_000;

/** Steps that say when they begin, and end when they are told to. */
function steps() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const step = (name: string) => (): Promise<string> => {
    begun.push(name);
    const { promise, resolve } = Promise.withResolvers<string>();
    ends.set(name, () => resolve(name));
    return promise;
  };
  return { begun, step, end: (name: string) => ends.get(name)?.() };
}

test('the first step of a run is taken alone, and then the others together', async () => {
  const { begun, step, end } = steps();
  const first = new FirstSteps(LONG_MS);
  const taken = ['a', 'b', 'c'].map((name) => first.take('r1', step(name), NEVER));
  await sleep(5);
  expect(begun).toEqual(['a']);
  end('a');
  expect(await taken[0]).toBe('a');
  await sleep(5);
  expect(begun).toEqual(['a', 'b', 'c']);
  // It is over once and for all.
  void first.take('r1', step('d'), NEVER);
  await sleep(0);
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
});

test('another run has a first step of its own', () => {
  const { begun, step } = steps();
  const first = new FirstSteps(LONG_MS);
  for (const run of ['r1', 'r2']) void first.take(run, step(run), NEVER);
  expect(begun).toEqual(['r1', 'r2']);
});

test('a first step that fails, or waits for long, keeps nobody', async () => {
  const { begun, step } = steps();
  const first = new FirstSteps(10);
  const wrong = new Error('wrong');
  await expect(first.take('r1', () => Promise.reject(wrong), NEVER)).rejects.toBe(wrong);
  void first.take('r1', step('next'), NEVER);
  void first.take('r2', step('slow'), NEVER);
  void first.take('r2', step('other'), NEVER);
  await sleep(50);
  expect(begun).toEqual(['next', 'slow', 'other']);
});

test('who waits for it and is stopped begins nothing', async () => {
  const { begun, step, end } = steps();
  const first = new FirstSteps(LONG_MS);
  const stopping = new AbortController();
  void first.take('r1', step('a'), NEVER);
  const waiting = first.take('r1', step('b'), stopping.signal);
  stopping.abort(new Error('stopped'));
  end('a');
  await expect(waiting).rejects.toThrow('stopped');
  expect(begun).toEqual(['a']);
});
