import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { changeOf, type DesiredChange } from '../../src/assignments/rows/change.ts';
import { Duplicates } from '../../src/assignments/rows/duplicates.ts';
import { assignmentPath } from '../../src/assignments/kinds/address.ts';
import { deviceCompliancePolicy } from '../../src/assignments/kinds/deviceCompliancePolicy.ts';
import { deviceConfiguration } from '../../src/assignments/kinds/deviceConfiguration.ts';
import { patchBody } from '../../src/assignments/changes/request.ts';
import type { Problem, InputRow } from '../../src/assignments/rows/row.ts';
import { TARGET_TYPES } from '../../src/assignments/targets/target.ts';
import { formatOf } from '../../src/formats/format.ts';
import { readAll, valuesOf } from '../support/readAll.ts';

const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));
const RULES = { root: 'https://graph.microsoft.com', apiVersion: 'beta', blind: false } as const;

const sampleText = (name: string): string => readFileSync(`${SAMPLES}${name}`, 'utf8');

/** A sample as `plan` reads it: each row with its change, and every problem. */
async function readSample(name: string): Promise<{
  rows: readonly InputRow[];
  changes: DesiredChange[];
  problems: Problem[];
}> {
  const { rows, problems, complete } = await readAll(sampleText(name), formatOf(name));
  expect([complete, problems]).toEqual([true, []]);
  const read = rows.map((row) => changeOf(row, RULES));
  return {
    rows,
    changes: read.flatMap((each) => ('change' in each && each.change.desired ? [each.change] : [])),
    problems: read.flatMap((each) => ('problems' in each ? each.problems : [])),
  };
}

/** What a change sends when nothing is known of the current assignment. */
const requestOf = (change: DesiredChange): [url: string, body: unknown] => [
  assignmentPath(change.address),
  patchBody(change, undefined),
];

/** What Graph is told by the rows of every-form.csv, in order: the body but for its own type, ids by the row's column. */
const bodiesOfEveryForm = (rows: readonly Record<string, unknown>[]): unknown[] => {
  const cell = (row: number, column: string): unknown => rows[row]?.[column];
  const target = (type: string, more: Record<string, unknown> = {}): unknown => ({
    '@odata.type': `#microsoft.graph.${type}AssignmentTarget`,
    ...more,
  });
  const filter = (id: unknown, type: string): Record<string, unknown> => ({
    deviceAndAppManagementAssignmentFilterId: id,
    deviceAndAppManagementAssignmentFilterType: type,
  });
  const group = (row: number): Record<string, unknown> => ({ groupId: cell(row, 'groupId') });
  return [
    { target: target('group', group(0)) },
    { intent: 'apply', target: target('group', { ...group(1), ...filter(cell(1, 'filterId'), 'include') }) },
    { target: target('exclusionGroup', group(2)) },
    { target: target('allDevices', filter(cell(3, 'filterId'), 'exclude')) },
    { target: target('allLicensedUsers', filter(null, 'none')) },
    { target: target('configurationManagerCollection', { collectionId: 'SMS00001' }) },
    {
      target: target('scopeTagGroup', { targetType: 'device', entraObjectId: cell(6, 'entraObjectId') }),
    },
    {
      intent: 'remove',
      target: target('organizationalUnit', {
        organizationalUnitId: cell(7, 'organizationalUnitId'),
        assignmentConflictSetting: {
          '@odata.type': '#microsoft.graph.organizationalUnitAssignmentConflictSetting',
          assignmentOverride: 'denied',
          versionNumber: 3,
        },
      }),
    },
    { target: target('group', group(8)) },
    { target: JSON.parse(String(cell(9, 'target'))) as unknown },
    { intent: 'apply', target: target('allDevices') },
    { target: target('group', group(11)) },
    { target: target('group', group(12)) },
    {
      source: 'direct',
      sourceId: cell(13, 'policyId'),
      target: target('allDevices', filter(cell(13, 'filterId'), 'include')),
    },
    { target: target('allLicensedUsers') },
  ];
};

test('every-form.csv says of each row exactly what its columns say', async () => {
  const { rows, changes, problems } = await readSample('every-form.csv');
  expect(problems).toEqual([]);
  const cells = rows.map(valuesOf);
  const urls = cells.map(({ policyType, policyId, via, assignmentId, url }) => {
    if (url !== undefined) return url;
    const isCompliance = String(policyType).startsWith('deviceCompliance');
    const collection = isCompliance ? 'deviceCompliancePolicies' : 'deviceConfigurations';
    const way = via === undefined ? '' : `/${String(via)}`;
    return `/deviceManagement/${collection}/${String(policyId)}${way}/assignments/${String(assignmentId)}`;
  });
  const bodies = bodiesOfEveryForm(cells).map((body, i) => ({
    '@odata.type': urls[i]?.toString().includes('Compliance')
      ? '#microsoft.graph.deviceCompliancePolicyAssignment'
      : '#microsoft.graph.deviceConfigurationAssignment',
    ...(body as object),
  }));
  expect(changes.map(requestOf)).toEqual(urls.map((url, i) => [url, bodies[i]]));
});

test('every-form.csv has every endpoint form, target type, filter and intent, and no row twice', async () => {
  const { rows, changes } = await readSample('every-form.csv');
  const forms = [deviceConfiguration, deviceCompliancePolicy].flatMap(({ collection, forms }) =>
    forms.map((via) => [collection, ...via].join('/')),
  );
  expect(new Set(changes.map(({ address: { kind, via } }) => [kind.collection, ...via].join('/')))).toEqual(
    new Set(forms),
  );
  const described = changes.flatMap(({ desired }) => (desired.kind === 'described' ? [desired] : []));
  expect(new Set(described.map(({ target }) => target.type))).toEqual(new Set(TARGET_TYPES));
  expect(
    new Set(described.map(({ filter }) => (filter.kind === 'filter' ? filter.type : filter.kind))),
  ).toEqual(new Set(['keep', 'none', 'include', 'exclude']));
  expect(new Set(described.map(({ intent }) => intent))).toEqual(new Set(['apply', 'remove', undefined]));
  const used = new Set(rows.flatMap(({ cells }) => [...cells.keys()]));
  expect(
    ['target', 'body', 'url', 'source', 'sourceId', 'via'].filter((name) => !used.has(name as never)),
  ).toEqual([]);
  const duplicates = new Duplicates();
  expect(changes.filter((change) => duplicates.seen(change) !== undefined)).toEqual([]);
});

test('changes.ndjson says the same as changes.json, line by line', async () => {
  const [json, ndjson] = [await readSample('changes.json'), await readSample('changes.ndjson')];
  expect([json.problems, ndjson.problems]).toEqual([[], []]);
  expect(ndjson.rows.map(({ line }) => line)).toEqual([1, 2, 3, 4]);
  expect(json.rows.map(({ line }) => line)).toEqual([2, 3, 4, 5]);
  expect(ndjson.changes.map(requestOf)).toEqual(json.changes.map(requestOf));
  expect(json.changes.map((change) => patchBody(change, undefined)['target'])).toEqual([
    {
      '@odata.type': '#microsoft.graph.groupAssignmentTarget',
      groupId: json.rows[0]?.cells.get('groupId'),
      deviceAndAppManagementAssignmentFilterId: json.rows[0]?.cells.get('filterId'),
      deviceAndAppManagementAssignmentFilterType: 'include',
    },
    { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' },
    {
      '@odata.type': '#microsoft.graph.exclusionGroupAssignmentTarget',
      groupId: json.rows[2]?.cells.get('groupId'),
    },
    {
      '@odata.type': '#microsoft.graph.organizationalUnitAssignmentTarget',
      organizationalUnitId: json.rows[3]?.cells.get('organizationalUnitId'),
      assignmentConflictSetting: {
        '@odata.type': '#microsoft.graph.organizationalUnitAssignmentConflictSetting',
        assignmentOverride: 'allowed',
        versionNumber: 7,
      },
    },
  ]);
});

test('batch.json, a saved $batch, is sent as it was saved', async () => {
  const { changes, problems } = await readSample('batch.json');
  const { requests } = JSON.parse(sampleText('batch.json')) as { requests: { url: string; body: unknown }[] };
  expect(problems).toEqual([]);
  expect(requests).toHaveLength(3);
  expect(changes.map(requestOf)).toEqual(requests.map(({ url, body }) => [url, body]));
});

// Microsoft's own examples leave the # out of their types and name a source that is documented as read-only.
test.each([
  ['microsoft-configuration.json', 'configurationManagerCollectionAssignmentTarget'],
  ['microsoft-compliance.json', 'organizationalUnitAssignmentTarget'],
])('the example body in %s is sent unchanged', async (name, targetType) => {
  const { changes, problems } = await readSample(name);
  const records = JSON.parse(sampleText(name)) as {
    url: string;
    body: { target: Record<string, unknown> };
  }[];
  expect(problems).toEqual([]);
  expect(records.map(({ body }) => body.target['@odata.type'])).toEqual([`microsoft.graph.${targetType}`]);
  expect(changes.map(requestOf)).toEqual(records.map(({ url, body }) => [url, body]));
});

test('problems.csv has one problem in every row but the first, each at the cell that its note is about', async () => {
  const { rows, changes, problems } = await readSample('problems.csv');
  expect(problems.map(({ line, column, name }) => [line, column, name])).toEqual([
    [3, 1, 'policyType'],
    [4, 3, 'assignmentId'],
    [5, 3, 'assignmentId'],
    [6, 5, 'groupId'],
    [7, 6, 'filterId'],
    [8, 7, 'filterType'],
    [9, 4, 'targetType'],
  ]);
  expect(problems.filter(({ message, remedy }) => message === '' || remedy === '')).toEqual([]);
  const duplicates = new Duplicates();
  expect(changes.map((change) => [change.line, duplicates.seen(change)])).toEqual([
    [2, undefined],
    [10, { line: 2, same: false }],
  ]);
  expect(rows.every(({ cells }) => cells.has('note'))).toBe(true);
});

/** Read by tests of their own: recipes, nightSamples and monitoringSamples. */
const FOLDERS = ['recipes', 'night', 'monitoring', 'team'];

test('every sample is read by a test here, is of the demo, or of a recipe, which its own test follows', () => {
  const own = readFileSync(fileURLToPath(import.meta.url), 'utf8');
  const unread = readdirSync(SAMPLES).filter(
    (name) => !own.includes(`'${name}'`) && !name.startsWith('demo') && !FOLDERS.includes(name),
  );
  const recipes = readFileSync(`${SAMPLES}recipes/README.md`, 'utf8');
  unread.push(
    ...readdirSync(`${SAMPLES}recipes`).filter((name) => name !== 'README.md' && !recipes.includes(name)),
  );
  expect(unread).toEqual([]);
});

test('demo.csv has no problem, and says of some rows that they are meant to fail', async () => {
  const { rows, problems } = await readSample('demo.csv');
  const scripted = rows.filter(({ cells }) => String(cells.get('note')).includes('meant to fail'));
  expect(problems).toEqual([]);
  expect(rows.length).toBeGreaterThan(200);
  expect(scripted.length).toBeGreaterThan(0);
});
