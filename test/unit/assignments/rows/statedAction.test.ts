import { describe, expect, test } from 'vitest';
import { withStatedAction } from '../../../../src/assignments/rows/statedAction.ts';
import { BETA, inputRow, type Cells } from '../../../support/inputRow.ts';

const G1 = '11111111-1111-4111-8111-111111111111';
const G2 = '22222222-2222-4222-8222-222222222222';
const F1 = '33333333-3333-4333-8333-333333333333';
const asExported: Cells = {
  ...{ policyType: 'deviceConfiguration', policyId: 'P1' },
  ...{ targetType: 'group', groupId: G1, filterId: F1, filterType: 'include' },
  ...{ fromTargetType: 'group', fromGroupId: G1, fromFilterId: F1 },
};
const told = (cells: Cells, action: 'add' | 'set' | 'remove' | undefined, byName = false) =>
  Object.fromEntries(withStatedAction(inputRow(cells), { action, byName }, BETA).cells);

describe('a row that says only what is there', () => {
  test.each(['add', 'remove'] as const)('does what is said for all: %s', (action) => {
    expect(told(asExported, action)).toEqual({ ...asExported, action });
  });

  test('gets filter and intent with set, whatever filter is there now', () => {
    const { fromFilterId: _filter, ...rest } = asExported;
    expect(told(asExported, 'set')).toEqual(rest);
  });

  test('of another tenant is added, as it need not be there', () => {
    expect(told(asExported, undefined, true)).toMatchObject({ action: 'add' });
  });

  test.each([
    ['says its action itself', { ...asExported, action: 'set' }],
    ['moves an assignment', { ...asExported, groupId: G2 }],
    ['sets another filter', { ...asExported, filterId: G2 }],
    ['takes the filter off', { ...asExported, filterId: '', filterType: 'none' }],
  ])('is as it is where it %s', (_what, cells) => {
    const blank = Object.fromEntries(Object.entries(cells).filter(([, text]) => text !== ''));
    expect(told(blank, undefined, true)).toEqual(blank);
    expect(told(blank, 'set')).toEqual(blank);
  });

  test('of this tenant sets, unless something else is said', () => {
    expect(told(asExported, undefined)).toEqual(asExported);
  });
});
