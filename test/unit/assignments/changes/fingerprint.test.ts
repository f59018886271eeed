import { expect, test } from 'vitest';
import { fingerprintOf, fingerprintOfList } from '../../../../src/assignments/changes/fingerprint.ts';
import { allDevices, excluded, filter, group, current } from '../../../support/graphShapes.ts';

const G1 = current(group('G1'));
const G2 = current(group('G2'), {}, 'A2');

test('a fingerprint is eight bytes in hexadecimal, and none of them is the one of no plan', () => {
  for (const each of [
    fingerprintOf(G1),
    fingerprintOf(undefined),
    fingerprintOfList([]),
    fingerprintOfList([G1]),
  ]) {
    expect(each).toMatch(/^[0-9a-f]{16}$/);
    expect(each).not.toBe('0'.repeat(16));
  }
});

test('it is the same for what means the same, whatever the id', () => {
  expect(fingerprintOf(current(group('g1', filter()), {}, 'C1_G1'))).toBe(fingerprintOf(G1));
});

test.each([
  [group('G2')],
  [excluded('G1')],
  [allDevices()],
  [group('G1', filter('F1'))],
  [group('G1', { later: 1 })],
])('it is another one for %j', (target) => {
  expect(fingerprintOf(current(target))).not.toBe(fingerprintOf(G1));
});

test('what is gone has a fingerprint of its own', () => {
  expect(fingerprintOf(undefined)).not.toBe(fingerprintOf(G1));
});

// The record holds them from one version of the program to the next: another text is another RECORD_FORMAT.
test('it stays what it was', () => {
  expect([fingerprintOf(G1), fingerprintOf(undefined), fingerprintOfList([G2, G1])]).toEqual([
    ...['ae9da75d858b0874', 'e3b0c44298fc1c14', 'a8abdfd85b642bfa'],
  ]);
});

test('of a list the order does not count, but each entry does, also the second of two alike', () => {
  expect(fingerprintOfList([G1, G2])).toBe(fingerprintOfList([G2, G1]));
  const others = [[], [G1], [G1, G2, G2], [G1, current(group('G3'))]].map(fingerprintOfList);
  expect(new Set([...others, fingerprintOfList([G1, G2])]).size).toBe(5);
});
