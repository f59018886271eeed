import { describe, expect, test } from 'vitest';
import {
  audienceConcerns,
  policyShiftsOf,
  shiftsOf,
  type AudienceRow,
  type PartTargets,
} from '../../../../src/assignments/guard/audience.ts';
import { membersInWords, onlyOf, type Members } from '../../../../src/assignments/guard/members.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { allDevices, allUsers, excluded, filter, group } from '../../../support/graphShapes.ts';

const MEMBERS: Readonly<Record<string, Members>> = {
  users: { users: 1240, devices: 0 },
  people: { users: 3, devices: 0 },
  devices: { users: 0, devices: 12 },
  both: { users: 1240, devices: 12 },
  nobody: { users: 0, devices: 0 },
};
const membersOf = (id: string): Members | undefined => MEMBERS[id.toLowerCase()];

test.each<readonly [keyof typeof MEMBERS, string, string | undefined]>([
  ['both', '1,240 users, 12 devices', undefined],
  ['people', '3 users', 'users'],
  ['devices', '12 devices', 'devices'],
  ['nobody', 'no users or devices', undefined],
])('%s: %s', (which, words, only) => {
  const members = MEMBERS[which];
  expect(members && [membersInWords(members), onlyOf(members)]).toEqual([words, only]);
});

describe('an app that some must have and others must lose is two', () => {
  const none: readonly JsonObject[] = [];
  const required = (before: readonly JsonObject[], after: readonly JsonObject[]): PartTargets => ({
    ...{ before, after, takesAway: false },
  });
  const removed = (before: readonly JsonObject[], after: readonly JsonObject[]): PartTargets => ({
    ...{ before, after, takesAway: true },
  });

  test.each<readonly [string, readonly PartTargets[], unknown]>([
    [
      'who must have it and is kept from losing it, gains it',
      [required([group('g1')], [group('g2')]), removed([excluded('g1')], [excluded('g2')])],
      { g1: 'loses', g2: 'gains' },
    ],
    ['who must lose it, loses it', [removed(none, [group('g1')])], { g1: 'loses' }],
    ['who must lose it no more, gains it', [removed([group('g1')], none)], { g1: 'gains' }],
    ['who is kept from losing it has it as before', [removed([group('g1')], [group('g1')])], {}],
    [
      'who may have it where it had to has it as before',
      [required([group('g1')], none), required(none, [group('g1')])],
      {},
    ],
  ])('%s', (_what, parts, shifts) => {
    expect(Object.fromEntries(policyShiftsOf(parts))).toEqual(shifts);
  });
});

describe('a group', () => {
  const shift = (before: readonly JsonObject[], after: readonly JsonObject[]): unknown =>
    Object.fromEntries(shiftsOf(before, after));

  test.each<readonly [string, readonly JsonObject[], readonly JsonObject[], unknown]>([
    ['gains what it is newly included in', [], [group('G1')], { g1: 'gains' }],
    ['loses what it is in no more', [group('g1')], [group('g2')], { g1: 'loses', g2: 'gains' }],
    ['loses what it is excluded from', [allDevices()], [allDevices(), excluded('g1')], { g1: 'loses' }],
    [
      'loses what it was included in and is excluded from',
      [group('g1')],
      [group('g1'), excluded('g1')],
      { g1: 'loses' },
    ],
    ['gains what it is excluded from no more', [excluded('g1')], [], { g1: 'gains' }],
    ['keeps what only its filter changes', [group('g1', filter('f1'))], [group('g1')], {}],
    ['is nobody’s that stands for all', [], [group('acacacac-9df4-4c7d-9d50-4ef0226f57a9')], {}],
  ])('%s', (_, before, after, shifts) => {
    expect(shift(before, after)).toEqual(shifts);
  });
});

const kinds = (row: Partial<AudienceRow>, maxAudience?: number): string[] =>
  audienceConcerns(
    { from: undefined, to: undefined, before: [], after: [], ...row },
    membersOf,
    maxAudience,
  ).map(({ kind }) => kind);

describe('group-kind-changed', () => {
  const moved = (from: JsonObject, to: JsonObject) => ({ from, to, before: [from], after: [to] });

  test('is users before and devices after, or the other way round, included or excluded', () => {
    expect(kinds(moved(group('users'), group('devices')))).toEqual(['group-kind-changed']);
    expect(kinds(moved(group('devices'), group('people')))).toEqual(['group-kind-changed']);
    expect(kinds(moved(excluded('devices'), excluded('people')))).toEqual(['group-kind-changed']);
  });

  test.each<readonly [string, JsonObject, JsonObject]>([
    ['of the same kind', group('users'), group('people')],
    ['of both kinds', group('users'), group('both')],
    ['without members', group('users'), group('nobody')],
    ['that was not counted', group('users'), group('unknown')],
    ['that stays', group('users'), group('USERS', filter('f1'))],
    ['that turns from an inclusion into an exclusion', group('users'), excluded('devices')],
  ])('is no group %s', (_, from, to) => {
    expect(kinds(moved(from, to))).toEqual([]);
  });
});

describe('exclusion-without-effect', () => {
  const WITHOUT = ['exclusion-without-effect'];
  const adds = (to: JsonObject, before: readonly JsonObject[]) => ({ to, before, after: [...before, to] });

  test('is devices excluded where users are included, or the reverse', () => {
    expect(kinds(adds(excluded('devices'), [group('users'), allUsers()]))).toEqual(WITHOUT);
    expect(kinds(adds(excluded('people'), [group('devices')]))).toEqual(WITHOUT);
    expect(kinds(adds(excluded('people'), [allDevices()]))).toEqual(WITHOUT);
  });

  test.each<readonly [string, JsonObject, readonly JsonObject[]]>([
    ['something of its kind is included', excluded('devices'), [group('users'), allDevices()]],
    ['a group of both kinds is included', excluded('devices'), [group('both')]],
    ['it has both kinds', excluded('both'), [group('users')]],
    ['nobody knows what is included', excluded('devices'), [group('users'), group('unknown')]],
    ['nothing is included', excluded('devices'), []],
  ])('is none where %s', (_, to, before) => {
    expect(kinds(adds(to, before))).toEqual([]);
  });

  test('is told of the row that leaves an exclusion nothing to take from, and not where it was so before', () => {
    const [was, is] = [group('devices'), group('users')];
    const around = { before: [was, excluded('devices')], after: [is, excluded('devices')] };
    expect(kinds({ from: was, to: is, ...around })).toContain('exclusion-without-effect');
    const more = { before: [is, excluded('devices')], after: [is, group('people'), excluded('devices')] };
    expect(kinds({ to: group('people'), ...more })).toEqual([]);
  });
});

describe('audience', () => {
  test('is a group above the limit that is brought in or taken out, and only where there is a limit', () => {
    const adds = { to: group('both'), after: [group('both')] };
    expect(kinds(adds)).toEqual([]);
    expect(kinds(adds, 1252)).toEqual([]);
    expect(kinds(adds, 1251)).toEqual(['audience']);
    expect(kinds({ from: group('both'), before: [group('both')] }, 100)).toEqual(['audience']);
    expect(kinds({ from: group('both'), to: group('both', filter('f1')) }, 100)).toEqual([]);
    expect(kinds({ from: group('people'), to: group('devices'), after: [group('devices')] }, 100)).toEqual([
      'group-kind-changed',
    ]);
  });
});
