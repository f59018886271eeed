import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  byteOfState,
  isInDoubt,
  isSettled,
  ROW_STATUSES,
  STATE,
  stateOfByte,
  rowStatusOf,
  type StateName,
} from '../../../src/runs/rowState.ts';

// The names are the table's own keys.
const NAMES = Object.keys(STATE) as StateName[];

test('a state and its attempts fit in one byte', () => {
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), fc.integer({ min: 0, max: 15 }), (state, attempts) => {
      const byte = byteOfState({ state, attempts });
      expect(byte).toBeLessThan(256);
      expect(stateOfByte(byte)).toEqual({ state, attempts });
    }),
  );
});

test('more attempts than fit are shown as the most that do, and do not change the state', () => {
  expect(stateOfByte(byteOfState({ state: 'sent', attempts: 16 }))).toEqual({ state: 'sent', attempts: 15 });
});

test('the numbers of the states are those that are recorded, so they never change', () => {
  expect(STATE).toEqual({
    pending: 0,
    sent: 1,
    written: 2,
    unsure: 3,
    succeeded: 4,
    skipped: 5,
    failed: 6,
    stale: 7,
    awaitingApproval: 8,
    cancelled: 9,
    leftUnsure: 10,
  });
});

test('pending, sent, written and unsure rows are not settled, and all but the first may have been written', () => {
  expect(NAMES.filter((name) => !isSettled(name))).toEqual(['pending', 'sent', 'written', 'unsure']);
  expect(NAMES.filter(isInDoubt)).toEqual(['sent', 'written', 'unsure']);
});

test('users see a row in doubt as pending, and a pending row of a cancelled run as cancelled', () => {
  for (const name of NAMES.filter(isInDoubt))
    expect([rowStatusOf(name, false), rowStatusOf(name, true)]).toEqual(['pending', 'pending']);
  expect(rowStatusOf('pending', false)).toBe('pending');
  expect(rowStatusOf('pending', true)).toBe('cancelled');
  for (const name of NAMES.filter((each) => isSettled(each) && each !== 'leftUnsure'))
    expect(rowStatusOf(name, true)).toBe(name);
  expect([rowStatusOf('leftUnsure', false), rowStatusOf('leftUnsure', true)]).toEqual(['unsure', 'unsure']);
  expect(NAMES.map((name) => rowStatusOf(name, false)).every((status) => ROW_STATUSES.includes(status))).toBe(
    true,
  );
});
