import { describe, expect, test } from 'vitest';
import { ABSENT, beforeOf, NOT_READ, type Before } from '../../../../src/assignments/changes/decision.ts';
import { Differences, ExpectedDecisions } from '../../../../src/app/plan/differences.ts';
import type { PlannedRow } from '../../../../src/app/plan/planTally.ts';
import {
  PLAN_FORMAT,
  UNSEALED_FORMAT,
  type PlanDecision,
  type PlanFormat,
} from '../../../../src/formats/planFile.ts';
import { allDevices, excluded, group, current } from '../../../support/graphShapes.ts';
import { changeOf, configuration } from '../../../support/inputRow.ts';

const change = changeOf({ ...configuration, targetType: 'group', groupId: 'G1' });
const decided = (more: Partial<PlanDecision> = {}): PlanDecision => ({
  ...{ kind: 'write', before: beforeOf(current(group('G0'))), after: { target: group('G1') } },
  ...{ via: 'patch', waitsFor: [], findings: [], ...more },
});
const refused = (code: string, more: Partial<PlanDecision> = {}): PlanDecision =>
  decided({ kind: 'refused', after: undefined, code, message: 'No.', ...more });

/** A row in line 2, 3, … of the input. */
const rowAt = (place: number, decision: PlanDecision): PlannedRow => ({
  ...{ input: { line: place + 2, cells: new Map() }, change, decision, names: {}, list: undefined },
});

function differences(
  given: readonly PlanDecision[],
  now: readonly PlanDecision[],
  format: PlanFormat = PLAN_FORMAT,
): readonly string[] {
  const expected = new ExpectedDecisions(format);
  for (const decision of given) expected.add({ decision });
  const found = new Differences(expected);
  for (const [place, decision] of now.entries()) found.compare(place, rowAt(place, decision));
  return found.found;
}

const difference = (given: PlanDecision, now: PlanDecision, format?: PlanFormat): string | undefined =>
  differences([given], [now], format)[0];

const ELSE = 'line 2: the plan says write, with something else before it or found in it';

describe('a plan that is made anew comes to the same', () => {
  test.each<readonly [string, PlanDecision, PlanDecision]>([
    ['nothing has changed', decided(), decided()],
    [
      'an assignment has another id and spelling',
      decided(),
      decided({ before: beforeOf(current(group('g0'), {}, 'other')) }),
    ],
    [
      'a sentence or a name in it is another one',
      decided({ findings: [{ kind: 'narrowed', what: 'a' }] }),
      decided({ findings: [{ kind: 'narrowed', what: 'b' }] }),
    ],
    [
      'findings come in another order',
      decided({ findings: kinds('narrowed', 'filter-lost') }),
      decided({ findings: kinds('filter-lost', 'narrowed') }),
    ],
    [
      'what is so already is something else now',
      decided({ kind: 'alreadySo' }),
      decided({ kind: 'alreadySo', before: ABSENT }),
    ],
    ['a message is worded otherwise', refused('PolicySetOwned'), refused('PolicySetOwned', { message: 'n' })],
    [
      'what is gone is told of by one of the two only',
      refused('AssignmentGone'),
      refused('AssignmentGone', { findings: kinds('gone') }),
    ],
  ])('where %s', (_, given, now) => {
    expect(difference(given, now)).toBeUndefined();
  });
});

function kinds(...each: PlanDecision['findings'][number]['kind'][]): PlanDecision['findings'] {
  return each.map((kind) => ({ kind, what: '' }));
}

const entries = (...targets: Parameters<typeof current>[0][]): Before => ({
  kind: 'entries',
  entries: targets.map((each, i) => current(each, {}, `C${i}`)),
});

describe('a plan that is made anew says otherwise', () => {
  test.each<readonly [string, PlanDecision, PlanDecision, string]>([
    [
      'what is decided',
      decided(),
      decided({ kind: 'alreadySo' }),
      'line 2: the plan says write, now alreadySo',
    ],
    [
      'why it can’t be done',
      refused('AssignmentGone'),
      refused('PolicySetOwned'),
      'line 2: the plan says refused (AssignmentGone), now refused (PolicySetOwned)',
    ],
    ['what is there', decided(), decided({ before: beforeOf(current(allDevices())) }), ELSE],
    ['what is written', decided(), decided({ after: { target: group('G2') } }), ELSE],
    ['that nothing is there', decided(), decided({ before: ABSENT }), ELSE],
    ['that nothing was there that is there now', decided({ before: ABSENT }), decided(), ELSE],
    [
      'that nothing was there where nobody has read',
      decided({ before: NOT_READ }),
      decided({ before: ABSENT }),
      ELSE,
    ],
    [
      'all that is cleared',
      decided({ before: entries(group('G1'), excluded('G2')) }),
      decided({ before: entries(group('G1')) }),
      ELSE,
    ],
    [
      'what is found',
      decided({ findings: kinds('narrowed') }),
      decided({ findings: kinds('narrowed', 'filter-lost') }),
      ELSE,
    ],
  ])('about %s', (_, given, now, told) => {
    expect(difference(given, now)).toBe(told);
  });

  test('with the line of each row, whatever stands before it', () => {
    expect(differences([decided(), refused('A'), decided()], [decided(), decided(), decided()])).toEqual([
      'line 3: the plan says refused (A), now write',
    ]);
  });

  test('where it has a row more', () => {
    expect(differences([], [decided()])).toEqual(['line 2: the plan says nothing, now write']);
  });
});

test('a plan of the format before has no codes, so that they do not count', () => {
  const { code: _code, message: _message, ...uncoded } = refused('');
  expect(difference(uncoded, refused('AssignmentGone'), UNSEALED_FORMAT)).toBeUndefined();
  expect(difference(uncoded, decided(), UNSEALED_FORMAT)).toBe('line 2: the plan says refused, now write');
  expect(difference(uncoded, refused('AssignmentGone'))).toBeDefined();
});

test('a plan of the format before does not tell nothing that is there from nothing that was read', () => {
  const added = decided({ before: NOT_READ, via: 'assign' });
  expect(difference(added, decided({ before: ABSENT, via: 'assign' }), UNSEALED_FORMAT)).toBeUndefined();
});

test('twenty differences are told one by one, and then how many more there are', () => {
  const [given, now] = [decided(), decided({ kind: 'alreadySo' })];
  const many = (count: number): readonly string[] =>
    differences(
      Array.from({ length: count }, () => given),
      Array.from({ length: count }, () => now),
    );
  expect(many(20)).toHaveLength(20);
  expect(many(20).at(-1)).toContain('line 21: ');
  expect(many(1_021)).toHaveLength(21);
  expect(many(1_021).at(-1)).toBe('and 1,001 more');
});

test('a plan that was sealed here, or none, has nothing to be compared with', () => {
  const found = new Differences(undefined);
  found.compare(0, rowAt(0, decided()));
  expect(found.found).toEqual([]);
});
