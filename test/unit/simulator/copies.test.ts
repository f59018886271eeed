import { expect, test } from 'vitest';
import { createCopies } from '../../../src/simulator/copies.ts';
import type { StoredAssignment } from '../../../src/simulator/tenant.ts';

const assignment = (groupId: string): StoredAssignment => ({
  id: 'a',
  target: { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId },
  own: { intent: 'apply', source: 'direct', sourceId: null },
  key: 'a',
  ownedByPolicySet: false,
});

function site(lagMs: number) {
  let now = 1_000;
  const list = new Map([['a', assignment('g0')]]);
  const copies = createCopies(
    () => lagMs,
    () => now,
  );
  return {
    at(ms: number) {
      now = 1_000 + ms;
    },
    write(groupId: string) {
      copies.changes(list);
      Object.assign(list.get('a') ?? {}, assignment(groupId));
    },
    shown: (behindMs: number) => copies.shown(list, behindMs).get('a')?.target.groupId,
  };
}

test('a copy shows each state of a list so much later, and one that does not lag shows the current one', () => {
  const { at, write, shown } = site(100);
  write('g1');
  at(60);
  write('g2');
  const seen = [60, 99, 100, 159, 160].map((ms) => {
    at(ms);
    return [ms, shown(0), shown(30), shown(100)];
  });
  expect(seen).toEqual([
    [60, 'g2', 'g1', 'g0'],
    [99, 'g2', 'g2', 'g0'],
    [100, 'g2', 'g2', 'g1'],
    [159, 'g2', 'g2', 'g1'],
    [160, 'g2', 'g2', 'g2'],
  ]);
});

test('without a lag nothing of the past is kept', () => {
  const { write, shown } = site(0);
  write('g1');
  expect(shown(10_000)).toBe('g1');
});
