import { describe, expect, test } from 'vitest';
import { currentAssignmentOf } from '../../../src/assignments/changes/current.ts';
import { ABSENT, beforeOf } from '../../../src/assignments/changes/decision.ts';
import { kindOf } from '../../../src/assignments/kinds/registry.ts';
import type { JsonObject } from '../../../src/assignments/values/json.ts';
import { htmlOf } from '../../../src/report/html.tsx';
import { markdownOf } from '../../../src/report/markdown.ts';
import { findingsOf, ReportRows, ROWS_SHOWN_MAX, type Report } from '../../../src/report/report.ts';
import type { ReportRow } from '../../../src/report/reportRow.ts';

const group = (groupId: string): JsonObject => ({
  ...{ '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId },
});

const row = (line: number, more: Partial<ReportRow> = {}): ReportRow => ({
  ...{ line, kind: kindOf('deviceConfiguration'), policyId: `p${line}`, policy: `Policy ${line}` },
  platform: 'iOS',
  before: beforeOf(currentAssignmentOf({ id: 'a', target: group('old') })),
  after: { target: group('new') },
  ...{ result: 'succeeded', code: '', message: '', at: 0, findings: [], ...more },
});

function reportOf(rows: Iterable<ReportRow>): Report {
  const taken = new ReportRows();
  for (const each of rows) taken.add(each);
  return {
    ...taken.sums,
    ...{ name: 'r1', title: 'Change', lead: [], facts: [], findings: [], findingsNote: undefined },
    ...{ plot: undefined, log: [], restIn: 'retarget results r1 -o results.csv', called: {} },
    ...{ timeZone: 'UTC', next: [], madeAt: 0, version: '0' },
  };
}

test('rows are counted by what becomes of them, their kind, their platform and their target', () => {
  const report = reportOf([
    row(2),
    row(3, { policyId: 'p2', platform: undefined }),
    row(4, { result: 'failed', code: 'Gone', message: 'is gone' }),
    row(5, { before: ABSENT, after: { target: group('old') } }),
    row(6, { after: undefined }),
  ]);
  expect(report.results).toEqual([
    ['succeeded', 4],
    ['failed', 1],
  ]);
  expect(report).toMatchObject({ policies: 4, changedPolicies: 3, unmetRows: 1 });
  expect(report.platforms.map(({ label, rows }) => [label, rows])).toEqual([
    ['iOS', 4],
    ['not known', 1],
  ]);
  expect(report.targets.map(({ target, gained, lost }) => [target['groupId'], gained, lost])).toEqual([
    ['old', 1, 3],
    ['new', 2, 0],
  ]);
  expect(report.failures).toMatchObject([{ code: 'Gone', count: 1 }]);
});

describe('of more rows than anybody reads', () => {
  const many = function* (): Generator<ReportRow> {
    for (let line = 2; line < ROWS_SHOWN_MAX + 7; line += 1) yield row(line);
  };

  test.each([
    ['HTML', htmlOf],
    ['Markdown', markdownOf],
  ])('%s shows the first and says where the rest is', (_, made) => {
    const text = [...made(reportOf(many()))].join('');
    expect(text).toContain('The first 10,000 of 10,005 rows');
    expect(text).toContain('retarget results r1 -o results.csv');
    expect(text).toContain(`Policy ${ROWS_SHOWN_MAX + 1}`);
    expect(text).not.toContain(`Policy ${ROWS_SHOWN_MAX + 2}`);
  });
});

test('a finding names whoever allowed it last', () => {
  const said = (at: number, operator: string, allow: readonly string[]) => ({
    ...{ at, operator, action: 'apply', details: { allow } },
  });
  const findings = findingsOf(
    new Map([
      ['filter-lost', 3],
      ['gone', 1],
    ]),
    [],
    [said(1, 'ada', ['filter-lost=2']), said(2, 'sam', ['filter-lost=3,all-users=1']), said(3, 'kim', ['?'])],
  );
  expect(findings).toEqual([
    { kind: 'filter-lost', count: 3, causes: [], allowed: { by: 'sam', at: 2, count: 3 } },
    { kind: 'gone', count: 1, causes: [], allowed: undefined },
  ]);
});
