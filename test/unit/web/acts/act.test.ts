import { expect, test } from 'vitest';
import { actsFor, approverOf } from '../../../../src/web/acts/act.ts';
import { runThatIs } from '../../../support/fakeServices.ts';

test.each([
  ['queued', {}, ['pause']],
  ['queued', { reason: 'approval' }, ['approve', 'pause']],
  ['running', {}, ['pause']],
  ['paused', { reason: 'operator' }, ['resume']],
  // It would go on by itself, which a pause ends.
  ['paused', { reason: 'signIn' }, ['resume', 'pause']],
  ['aborted', {}, ['resume']],
  ['completed', {}, []],
  ['completed', { awaitingApproval: 2 }, ['resume']],
  ['cancelled', {}, []],
] as const)('of a run that is %s (%o) this is offered: %o', (state, fields, acts) => {
  expect(actsFor(runThatIs(state, fields))).toEqual(acts);
});

test('only who has signed in approves, and only as an operator', () => {
  const bob = { name: 'Bob', oid: 'b', role: 'operator', how: 'openid' } as const;
  expect(approverOf(bob)).toEqual({ oid: 'b', name: 'Bob' });
  expect(approverOf({ ...bob, role: 'reader' })).toBeUndefined();
  expect(approverOf({ ...bob, how: 'link' })).toBeUndefined();
  expect(approverOf({ ...bob, oid: null })).toBeUndefined();
});
