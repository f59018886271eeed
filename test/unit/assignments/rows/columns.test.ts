import { expect, test } from 'vitest';
import { columnMeaning, INPUT_COLUMNS, RESULT_COLUMNS } from '../../../../src/assignments/rows/columns.ts';

const DOCUMENTED = [
  ...['policyType', 'policyId', 'assignmentId', 'via', 'url', 'targetType', 'groupId', 'collectionId'],
  ...['entraObjectId', 'scopeTagTargetType', 'organizationalUnitId', 'assignmentOverride', 'versionNumber'],
  ...[
    'filterId',
    'filterType',
    'intent',
    'settings',
    'runSchedule',
    'runRemediationScript',
    'source',
    'sourceId',
    'target',
    'body',
    'action',
    'fromTargetType',
  ],
  ...['fromGroupId', 'fromFilterId', 'fromIntent', 'note', 'policyName', 'groupName', 'filterName'],
  ...['fromGroupName', 'fromFilterName', 'platform'],
];

test('the columns are the documented ones', () => {
  expect([...INPUT_COLUMNS].toSorted()).toEqual(DOCUMENTED.toSorted());
});

test.each(DOCUMENTED)('%s is known in any letter case, with spaces, _ and -', (name) => {
  const spaced = name.replace(/[A-Z]/g, (letter) => ` ${letter}`);
  const spellings = [
    name,
    name.toUpperCase(),
    ` ${name} `,
    spaced,
    spaced.replaceAll(' ', '_'),
    spaced.replaceAll(' ', '-'),
    `${spaced.replaceAll(' ', '_- ')}\t`,
  ];
  for (const spelling of spellings) {
    expect(columnMeaning(spelling), spelling).toEqual({ kind: 'input', column: name });
  }
});

test.each([...RESULT_COLUMNS, 'row', 'HTTP Status', 'error_code', 'Assignment ID after'])(
  'the result column %s is ignored when a results file is fed back',
  (name) => {
    expect(columnMeaning(name)).toEqual({ kind: 'ignored' });
  },
);

test.each([
  ['filterIdd', 'filterId'],
  ['Fliter ID', 'filterId'],
  ['scope_tag_target_typ', 'scopeTagTargetType'],
  ['colour', undefined],
  ['', undefined],
  ['__proto__', undefined],
  ['constructor', undefined],
  ['toString', undefined],
])('%j is no column', (name, didYouMean) => {
  expect(columnMeaning(name)).toEqual({ kind: 'unknown', didYouMean });
});
