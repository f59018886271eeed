import { expect, test } from 'vitest';
import { addressFromParts, type Address } from '../../../../src/assignments/kinds/address.ts';
import { deviceConfiguration } from '../../../../src/assignments/kinds/deviceConfiguration.ts';
import type { PolicyKind } from '../../../../src/assignments/kinds/registry.ts';
import { refuseUnfit, refuseUnread } from '../../../../src/assignments/rows/fitsKind.ts';
import { RowReader, type ReadingRules } from '../../../../src/assignments/rows/rowReader.ts';
import type { Desired } from '../../../../src/assignments/rows/desired.ts';
import { excluded, filter, group, unheardOf } from '../../../support/graphShapes.ts';
import { BETA, BLIND, configuration, inputRow, V1, type Cells } from '../../../support/inputRow.ts';

/** A kind that takes groups without filters only, and has no PATCH. */
const NARROW: PolicyKind = {
  ...deviceConfiguration,
  label: { one: 'thing', many: 'things' },
  targets: ['group', 'exclusionGroup'],
  takesFilters: false,
  write: { how: 'assign', assignProperty: 'assignments' },
};

function addressIn(kind: PolicyKind): Address {
  const address = addressFromParts({ kind, policyId: 'P1', via: '', assignmentId: 'A1' });
  if ('part' in address) throw new Error(address.message);
  return address;
}

type Told = [column: string | undefined, message: string][];
const toldBy = (cells: Cells, rules: ReadingRules, refuse: (reader: RowReader) => void): Told => {
  const reader = new RowReader(inputRow({ ...configuration, ...cells }), rules);
  refuse(reader);
  return reader.problems.map(({ name, message }) => [name, message]);
};
const unfit = (kind: PolicyKind, desired: Desired, cells: Cells = {}, rules = BETA): Told =>
  toldBy(cells, rules, (reader) => refuseUnfit(reader, addressIn(kind), desired));
const unread = (kind: PolicyKind, rules: ReadingRules, cells: Cells = {}): Told =>
  toldBy(cells, rules, (reader) => refuseUnread(reader, addressIn(kind)));

const described = (
  target: Extract<Desired, { kind: 'described' }>['target'],
  hasFilter: boolean,
): Desired => ({
  kind: 'described',
  target,
  filter: hasFilter ? { kind: 'filter', id: 'F1', type: 'include' } : { kind: 'keep' },
});
const GROUP = { type: 'group', groupId: 'G1' } as const;

test('a target that a kind does not take is a problem, in columns and in Graph’s own shape', () => {
  const says = "Things can't be assigned to allDevices.";
  expect(unfit(NARROW, described({ type: 'allDevices' }, false))).toEqual([['targetType', says]]);
  const raw: Desired = {
    kind: 'raw',
    body: { target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' } },
  };
  expect(unfit(NARROW, raw, { target: {} })).toEqual([['target', says]]);
  expect(unfit(NARROW, raw, { body: {} })).toEqual([['body', says]]);
});

test('so is a filter of a kind that takes none', () => {
  expect(unfit(NARROW, described(GROUP, true))).toEqual([['filterId', 'Things take no filter.']]);
  const raw: Desired = { kind: 'raw', body: { target: group('G1', filter('F1')) } };
  expect(unfit(NARROW, raw, { body: {} })).toEqual([['body', 'Things take no filter.']]);
});

test('what a kind takes is none', () => {
  expect(unfit(NARROW, described(GROUP, false))).toEqual([]);
  expect(unfit(NARROW, { kind: 'raw', body: { target: excluded('G1') } })).toEqual([]);
  expect(unfit(deviceConfiguration, described({ type: 'allDevices' }, true))).toEqual([]);
});

test('what is put back may be what nobody documents', () => {
  const restores = { ...BETA, restores: true };
  const raw = (target: object): Desired => ({ kind: 'raw', body: { target } as never });
  expect(unfit(NARROW, raw(unheardOf), {}, restores)).toEqual([]);
  expect(unfit(NARROW, raw(group('G1', filter('F1'))), {}, restores)).toEqual([]);
});

test('a kind that is written as whole lists has to be read, in beta', () => {
  expect(unread(NARROW, BLIND)).toEqual([['policyType', expect.stringContaining('--blind reads none')]]);
  expect(unread(NARROW, V1)).toEqual([['policyType', expect.stringContaining('v1.0 hides filters')]]);
  const url = '/deviceManagement/deviceConfigurations/P1/assignments/A1';
  expect(unread(NARROW, BLIND, { url })).toEqual([['url', expect.anything()]]);
  expect(unread(NARROW, BETA)).toEqual([]);
  for (const rules of [BETA, BLIND, V1]) expect(unread(deviceConfiguration, rules)).toEqual([]);
});
