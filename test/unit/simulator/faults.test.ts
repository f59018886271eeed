import { expect, test } from 'vitest';
import { exchangeFault, FAULT_NAMES, requestFault } from '../../../src/simulator/faults.ts';
import { seededRandom, shuffled } from '../../../src/simulator/random.ts';

const never = (): number => {
  throw new Error('nothing should be left to chance here');
};

test('without faults chance is not asked', () => {
  expect(exchangeFault({ faults: {}, script: [] }, never, 1)).toBeUndefined();
  expect(
    requestFault({ faults: { lost: 0 }, script: [] }, never, { envelope: 1, request: 0 }),
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
  expect([1, 2, 3].map((envelope) => exchangeFault(settings, never, envelope))).toEqual([
    undefined,
    'html502',
    undefined,
  ]);
  const onRequest = (envelope: number, request: number) =>
    requestFault(settings, never, { envelope, request });
  expect([onRequest(3, 0), onRequest(3, 1), onRequest(4, 0), onRequest(4, 7)]).toEqual([
    undefined,
    'lost',
    'error500',
    'error500',
  ]);
});

test('a request outside of any envelope is never hit by the script', () => {
  const script = FAULT_NAMES.map((fault) => ({ envelope: 1, fault }));
  expect(exchangeFault({ faults: {}, script }, never, undefined)).toBeUndefined();
  expect(requestFault({ faults: {}, script }, never, undefined)).toBeUndefined();
});

test('the same seed gives the same faults, near their probability', () => {
  const draw = (seed: number): unknown[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 2_000 }, () =>
      exchangeFault({ faults: { slow: 0.1 }, script: [] }, random, 1),
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
