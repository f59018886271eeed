import { describe, expect, test } from 'vitest';
import { patchBody } from '../../../../src/assignments/changes/request.ts';
import { FILTER_ID, FILTER_TYPE, filterOf } from '../../../../src/assignments/targets/filter.ts';
import { allDevices, excluded, filter, group } from '../../../support/graphShapes.ts';
import { changeOf, configuration, FROM_FILE, problemsOf } from '../../../support/inputRow.ts';

const ZEROS = '00000000-0000-0000-0000-000000000000';
const GUID = '7b1d9e02-5f3a-4c86-9e1b-0d2f4a6c8e90';
const OFF = { ...group(GUID), ...filter() };

const spelled = (id: unknown, type: unknown) => ({
  ...(id !== undefined && { [FILTER_ID]: id }),
  ...(type !== undefined && { [FILTER_TYPE]: type }),
});

const sent = (target: object) => patchBody(changeOf({ ...configuration, target }), undefined)['target'];

describe('Graph’s spellings of "no filter"', () => {
  const spellings: [unknown, unknown][] = [
    [ZEROS, 'none'],
    [ZEROS, undefined],
    [ZEROS, null],
    ['', 'none'],
    ['', ''],
    [null, 'None'],
    [null, null],
    [null, ''],
  ];

  test.each(spellings)('in a raw target are one: %j with %j', (id, type) => {
    expect(sent(group(GUID, spelled(id, type)))).toEqual(OFF);
  });

  test.each(spellings)('read from the tenant are no filter: %j with %j', (id, type) => {
    expect(filterOf(group(GUID, spelled(id, type)))).toBeUndefined();
  });

  test('on an exclusion are not sent at all, as it takes none', () => {
    expect(sent({ ...excluded(GUID), ...filter(ZEROS, 'none') })).toEqual(excluded(GUID));
  });

  test('in columns are `none`', () => {
    for (const filterType of ['none', undefined]) {
      const cells = { ...configuration, targetType: 'group', groupId: GUID, filterId: ZEROS, filterType };
      expect(changeOf(cells, FROM_FILE)).toMatchObject({ desired: { filter: { kind: 'none' } } });
    }
  });

  test('do not go with include or exclude', () => {
    const cells = {
      ...configuration,
      targetType: 'group',
      groupId: GUID,
      filterId: ZEROS,
      filterType: 'include',
    };
    expect(problemsOf(cells, FROM_FILE)).toMatchObject([
      { name: 'filterId', message: `No filter has the id ${ZEROS}.` },
    ]);
    const target = group(GUID, filter(ZEROS, 'exclude'));
    expect(problemsOf({ ...configuration, target })).toMatchObject([
      { name: 'target', message: `No filter has the id ${ZEROS}.` },
    ]);
  });
});

test('what Graph shows of a target and takes from nobody is not sent', () => {
  expect(sent({ ...allDevices(), groupId: null, '@odata.context': 'https://x' })).toEqual(allDevices());
  const body = {
    '@odata.context': 'https://x',
    'target@odata.navigationLink': 'y',
    id: 'A1',
    intent: 'apply',
    cloudPcId: null,
    target: { ...group(GUID), ...filter(ZEROS, 'none'), servicePlanId: null },
  };
  expect(patchBody(changeOf({ ...configuration, body }), undefined)).toEqual({
    id: 'A1',
    intent: 'apply',
    target: OFF,
  });
});

test('what is as documented is sent as it was given, also the order of its properties', () => {
  const body = {
    target: { groupId: 'Group Id value', ...filter(null, 'none'), '@odata.type': group('')['@odata.type'] },
    id: 'A1',
  };
  expect(JSON.stringify(patchBody(changeOf({ ...configuration, body }), undefined))).toBe(
    JSON.stringify(body),
  );
});
