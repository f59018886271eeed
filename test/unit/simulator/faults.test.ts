import { expect, test } from 'vitest';
import {
  exchangeFault,
  FAULT_NAMES,
  requestFault,
  type FaultName,
  type Sort,
} from '../../../src/simulator/faults.ts';
import { seededRandom, shuffled } from '../../../src/simulator/random.ts';

const never = (): never => {
  throw new Error('nothing should be left to chance here');
};

test('without faults chance is not asked', () => {
  expect(exchangeFault({ faults: {}, script: [] }, never, 1, never)).toBeUndefined();
  expect(
    requestFault({ faults: { lost: 0 }, script: [] }, never, { envelope: 1, request: 0 }, never),
  ).toBeUndefined();
});

test('a scripted fault hits its envelope, and its request or all of them', () => {
  const settings = {
    faults: {},
    script: [
      { envelope: 2, fault: 'html502' },
      { envelope: 3, fault: 'lost', request: 1 },
      { envelope: 4, fault: 'error500' },
    ],
  } as const;
  expect([1, 2, 3].map((envelope) => exchangeFault(settings, never, envelope, never))).toEqual([
    undefined,
    'html502',
    undefined,
  ]);
  const onRequest = (envelope: number, request: number) =>
    requestFault(settings, never, { envelope, request }, never);
  expect([onRequest(3, 0), onRequest(3, 1), onRequest(4, 0), onRequest(4, 7)]).toEqual([
    undefined,
    'lost',
    'error500',
    'error500',
  ]);
});

test('a request outside of any envelope is never hit by the script', () => {
  const script = FAULT_NAMES.map((fault) => ({ envelope: 1, fault }));
  expect(exchangeFault({ faults: {}, script }, never, undefined, () => 'assign')).toBeUndefined();
  expect(requestFault({ faults: {}, script }, never, undefined, () => 'assign')).toBeUndefined();
});

test('the same seed gives the same faults, near their probability', () => {
  const draw = (seed: number): unknown[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 2_000 }, () =>
      exchangeFault({ faults: { slow: 0.1 }, script: [] }, random, 1, never),
    );
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  const hits = draw(7).filter((fault) => fault === 'slow').length;
  expect(hits).toBeGreaterThan(150);
  expect(hits).toBeLessThan(250);
});

test('a shuffle keeps every item and never the order', () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const order = shuffled([1, 2, 3], seededRandom(seed));
    expect(order).not.toEqual([1, 2, 3]);
    expect(order.toSorted()).toEqual([1, 2, 3]);
  }
});

test('a fault of writes or of reads hits nothing else, and lets the next one in the table strike', () => {
  const all = Object.fromEntries(FAULT_NAMES.map((name) => [name, 1]));
  const only = (...names: FaultName[]) => ({
    faults: Object.fromEntries(names.map((name) => [name, all[name] ?? 0])),
    script: [],
  });
  const zero = (): number => 0;
  const exchange = (sort: Sort, ...names: FaultName[]) => exchangeFault(only(...names), zero, 1, () => sort);
  const request = (sort: Sort, ...names: FaultName[]) =>
    requestFault(only(...names), zero, { envelope: 1, request: 0 }, () => sort);
  expect(exchange('read', 'slowApply', 'resetLate', 'proxy407')).toBe('proxy407');
  expect(exchange('patch', 'proxy403', 'proxy404', 'proxy407', 'halfOpenLate')).toBe('halfOpenLate');
  expect(request('read', 'lostLate', 'timeoutLate', 'conflict409')).toBeUndefined();
  expect(request('patch', 'exclusionsDropped', 'entriesDropped')).toBeUndefined();
  expect(request('assign', 'entriesDropped')).toBe('entriesDropped');
});

test('a scripted fault that can not hit what it meets does not hide the next one', () => {
  const script = [
    { envelope: 1, fault: 'entriesDropped' },
    { envelope: 1, fault: 'missing404' },
  ] as const;
  const place = { envelope: 1, request: 0 };
  expect(requestFault({ faults: {}, script }, never, place, () => 'patch')).toBe('missing404');
});
