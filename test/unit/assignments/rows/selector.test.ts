import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aboutKey } from '../../../../src/assignments/rows/about.ts';
import type { Fault } from '../../../../src/assignments/rows/row.ts';
import {
  cellText,
  parseWhere,
  rowAbout,
  type SelectableColumn,
  type Selector,
} from '../../../../src/assignments/rows/selector.ts';
import {
  anyChangeOf,
  BETA,
  changeOf,
  compliance,
  configuration,
  inputRow,
  type Cells,
} from '../../../support/inputRow.ts';

type Texts = { readonly [column in SelectableColumn]?: string };

function selector(...texts: string[]): Selector {
  const parsed = parseWhere(texts);
  if ('message' in parsed) throw new Error(parsed.message);
  return parsed;
}

function faultOf(...texts: string[]): Fault {
  const parsed = parseWhere(texts);
  if ('message' in parsed) return parsed;
  throw new Error('it is no fault');
}

const isSelected = (cells: Texts, ...texts: string[]): boolean =>
  selector(...texts).matches((column) => cells[column]);

test.each([
  ['status=failed', true],
  ['STATUS=Failed', true],
  [' sta_tus =FAILED', true],
  ['status=fail', false],
  ['status=ailed', false],
  ['status=fail*', true],
  ['status=*ed', true],
  ['status=*ail*', true],
  ['status=f*l*d', true],
  ['status=f*l*l*d', false],
  ['status=failed*', true],
  ['status=*', true],
  ['status=**', true],
  ['status=', false],
  ['status=failed ', false],
])('of a failed row, %j holds: %s', (text, holds) => {
  expect(isSelected({ status: 'failed' }, text)).toBe(holds);
});

test.each([
  ['note=', true],
  ['note=*', true],
  ['note=?', false],
  ['note=a*', false],
  ['note=* ', false],
])('of a blank cell, %j holds: %s', (text, holds) => {
  expect(isSelected({}, text)).toBe(holds);
  expect(isSelected({ note: '' }, text)).toBe(holds);
});

test.each([
  ['policyName!=*Kiosk*', 'WIN - Kiosk 1', false],
  ['policyName!=*Kiosk*', 'WIN - BitLocker', true],
  ['policy_name !=*kiosk*', 'WIN - Kiosk 1', false],
  ['policyName!=', 'WIN', true],
  ['policyName!=', '', false],
  ['policyName!=WIN', '', true],
  // Only what stands before the first equals sign says how it is compared.
  ['policyName=!=', '!=', true],
  ['policyName=a!=b', 'a!=b', true],
])('%j holds for the policy %j: %s', (text, policyName, holds) => {
  expect(isSelected({ policyName }, text)).toBe(holds);
});

test('nothing but * is special, an equals sign and a line end neither', () => {
  const note = '.+?[a](b){1}|^$\\=c';
  expect(isSelected({ note }, `note=${note}`)).toBe(true);
  expect(isSelected({ note: 'abc' }, 'note=a.c')).toBe(false);
  expect(isSelected({ note: 'abc' }, 'note=...')).toBe(false);
  expect(isSelected({ note: 'two\nlines' }, 'note=two*lines')).toBe(true);
});

test('parts do not share a character', () => {
  expect(isSelected({ note: 'aba' }, 'note=ab*ba')).toBe(false);
  expect(isSelected({ note: 'abba' }, 'note=ab*ba')).toBe(true);
  expect(isSelected({ note: 'ab' }, 'note=a*b*b')).toBe(false);
});

test('a glob holds exactly when its regular expression does', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'B', '.'), maxLength: 8 });
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*', '*', '.'), maxLength: 6 });
  fc.assert(
    fc.property(letters, glob, (note, written) => {
      const expression = new RegExp(`^${written.replaceAll('.', '\\.').replaceAll('*', '.*')}$`, 'is');
      expect(isSelected({ note }, `note=${written}`)).toBe(expression.test(note));
    }),
    { numRuns: 1_000 },
  );
});

test('all conditions must hold, and without one every row is meant', () => {
  const cells = { status: 'failed', policyName: 'iOS base', row: '7' };
  expect(isSelected(cells, 'status=failed', 'policy name=ios*')).toBe(true);
  expect(isSelected(cells, 'status=failed', 'policyName=win*')).toBe(false);
  expect(isSelected(cells, 'policyName=ios*', 'policyName=*base', 'row=7')).toBe(true);
  expect(isSelected(cells)).toBe(true);
});

test('what is no condition, or of no column, is told with a remedy', () => {
  expect(faultOf('status=failed', 'failed')).toEqual({
    message: '"failed" is no condition.',
    remedy: expect.stringContaining('status=failed'),
  });
  expect(faultOf('statsu=failed')).toEqual({
    message: 'There is no column "statsu" to select by.',
    remedy: expect.stringMatching(/^Did you mean status\? .*errorCode/),
  });
  expect(faultOf('assignment-id-aftr=x').remedy).toContain('Did you mean assignmentIdAfter?');
  expect(faultOf('=x').remedy).not.toContain('Did you mean');
  for (const name of ['__proto__', 'constructor']) expect(faultOf(`${name}=x`).message).toContain(name);
});

test('the text of a cell is what CSV shows', () => {
  expect([null, undefined].map(cellText)).toEqual([undefined, undefined]);
  expect(['a', 200, true, { a: [1] }].map(cellText)).toEqual(['a', '200', 'true', '{"a":[1]}']);
});

describe('rows of a file select those that are about the same', () => {
  const key = (cells: Cells): string | undefined => {
    const about = rowAbout(inputRow(cells), BETA);
    return 'key' in about ? about.key : undefined;
  };
  const desired = { targetType: 'allDevices' };
  const policy = { policyType: 'deviceConfiguration', policyId: 'P1' };

  test('however the assignment is spelled, and without a desired state', () => {
    const meant = aboutKey(changeOf({ ...configuration, ...desired }));
    expect(key(configuration)).toBe(meant);
    expect(key({ ...configuration, policyId: 'p1', assignmentId: 'a1' })).toBe(meant);
    expect(key({ url: '/deviceManagement/deviceConfigurations/P1/assignments/A1' })).toBe(meant);
    expect(key({ ...configuration, action: 'remove' })).toBe(meant);
    for (const other of [compliance, { ...configuration, via: 'rootCertificate' }])
      expect(key(other)).not.toBe(meant);
    expect(key({ ...configuration, assignmentId: 'A2' })).not.toBe(meant);
  });

  test('by what they want or name where there is no id', () => {
    const added = { ...policy, ...desired, action: 'add' };
    expect(key(added)).toBe(aboutKey(changeOf({ ...added, filterType: 'none' })));
    expect(key({ ...policy, action: 'clear' })).toBe(aboutKey(anyChangeOf({ ...policy, action: 'clear' })));
    const named = { ...policy, fromTargetType: 'allDevices' };
    expect(key({ ...named, action: 'remove' })).toBe(aboutKey(changeOf({ ...named, ...desired })));
    expect(
      new Set([key(added), key({ ...policy, action: 'clear' }), key({ ...named, ...desired })]).size,
    ).toBe(3);
  });

  test('but not when they name none', () => {
    expect(rowAbout(inputRow({ ...policy, ...desired }), BETA)).toMatchObject({
      problems: [{ name: 'assignmentId' }],
    });
    expect(rowAbout(inputRow({ policyId: 'P1' }), BETA)).toMatchObject({
      problems: [{ name: 'policyType' }],
    });
  });
});
