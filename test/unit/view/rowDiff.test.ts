import { describe, expect, test } from 'vitest';
import { currentAssignmentOf } from '../../../src/assignments/changes/current.ts';
import { ABSENT, beforeOf, NOT_READ, type Before } from '../../../src/assignments/changes/decision.ts';
import type { JsonObject } from '../../../src/assignments/values/json.ts';
import { rowDiff, sideInWords } from '../../../src/view/rowDiff.ts';

const SALES = '11111111-0000-4000-8000-000000000001';
const OFFICE = '11111111-0000-4000-8000-000000000002';
const KIOSKS = '22222222-0000-4000-8000-000000000001';
const CALLED = { [SALES]: 'GRP-Sales', [OFFICE]: 'GRP-Office', [KIOSKS]: 'Kiosks' };

const group = (groupId: string, more: JsonObject = {}): JsonObject => ({
  ...{ '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId, ...more },
});
const filter = (id: string, type: string): JsonObject => ({
  deviceAndAppManagementAssignmentFilterId: id,
  deviceAndAppManagementAssignmentFilterType: type,
});

function entry(target: JsonObject, more: JsonObject = {}): Before {
  return beforeOf(currentAssignmentOf({ id: 'a1', target, ...more }));
}

const shown = (before: Before, after: JsonObject | undefined): string[] =>
  rowDiff(before, after, CALLED).map(
    ({ part, before: was, after: becomes, isChanged }) =>
      `${part}${isChanged ? '' : ' kept'}: ${was.map(sideInWords).join('; ')} → ${becomes ? sideInWords(becomes) : '∅'}`,
  );

test('a target that is changed stands with names and whole ids', () => {
  expect(shown(entry(group(SALES)), { target: group(OFFICE) })).toEqual([
    `target: group GRP-Sales (${SALES}) → group GRP-Office (${OFFICE})`,
  ]);
});

test('an id without a known name stands alone', () => {
  expect(rowDiff(ABSENT, { target: group(SALES) }, {}).map(({ after }) => after)).toEqual([
    { words: 'group', id: SALES },
  ]);
});

describe('filters', () => {
  test('one that is added to what stays', () => {
    expect(shown(entry(group(SALES)), { target: { ...group(SALES), ...filter(KIOSKS, 'exclude') } })).toEqual(
      [
        `target kept: group GRP-Sales (${SALES}) → group GRP-Sales (${SALES})`,
        `filter: no filter → exclude filter Kiosks (${KIOSKS})`,
      ],
    );
  });

  test('one that is kept, and one that is lost', () => {
    const before = entry(group(SALES, filter(KIOSKS, 'include')));
    expect(shown(before, { target: group(OFFICE, filter(KIOSKS.toUpperCase(), 'include')) })[1]).toContain(
      'filter kept',
    );
    expect(shown(before, { target: group(OFFICE) })[1]).toBe(
      `filter: include filter Kiosks (${KIOSKS}) → no filter`,
    );
  });
});

describe('intents', () => {
  test('one that turns', () => {
    const before = entry(group(SALES), { intent: 'available' });
    expect(shown(before, { target: group(SALES), intent: 'required' })[1]).toBe(
      'intent: available → required',
    );
  });

  test('a configuration that has none applies', () => {
    expect(shown(entry(group(SALES)), { target: group(SALES), intent: 'apply' })[1]).toBe(
      'intent kept: apply → apply',
    );
    expect(shown(entry(group(SALES)), { target: group(SALES), intent: 'remove' })[1]).toBe(
      'intent: apply → remove',
    );
  });
});

test('what a kind carries besides is told where it changes', () => {
  const before = entry(group(SALES), { settings: { notifications: 'showAll' }, runRemediationScript: true });
  expect(
    shown(before, {
      '@odata.type': '#microsoft.graph.mobileAppAssignment',
      target: group(SALES),
      settings: { notifications: 'hideAll' },
      runRemediationScript: true,
    }),
  ).toEqual([
    `target kept: group GRP-Sales (${SALES}) → group GRP-Sales (${SALES})`,
    'settings: {"notifications":"showAll"} → {"notifications":"hideAll"}',
  ]);
});

test('what is added, removed, cleared or was never read says so', () => {
  expect(shown(ABSENT, { target: group(SALES) })).toEqual([`target: nothing → group GRP-Sales (${SALES})`]);
  expect(shown(entry(group(SALES)), undefined)).toEqual([`target: group GRP-Sales (${SALES}) → nothing`]);
  expect(shown(NOT_READ, { target: group(SALES) })[0]).toMatch(/^target: not read → /);
  const entries = [group(SALES), group(OFFICE)].flatMap((target, i) => {
    const one = currentAssignmentOf({ id: `a${i}`, target });
    return one === undefined ? [] : [one];
  });
  expect(shown({ kind: 'entries', entries }, undefined)).toEqual([
    `target: group GRP-Sales (${SALES}); group GRP-Office (${OFFICE}) → nothing`,
  ]);
});

test('a name that hides or turns text is spelled out', () => {
  const [target] = rowDiff(ABSENT, { target: group(SALES) }, { [SALES]: 'GRP\u202esales' });
  expect(target?.after?.name).toBe('GRP\\u202esales');
});
