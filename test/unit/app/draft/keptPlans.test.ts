import { mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pruneKeptPlans } from '../../../../src/app/draft/keptPlans.ts';

const NOW = Date.parse('2027-06-01T00:00:00Z');
const OLD = '20270101-120000-abcd.ndjson';

function directory() {
  const dir = mkdtempSync(join(tmpdir(), 'retarget-plans-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return {
    dir,
    file(
      name: string,
      days: number,
      text = `${JSON.stringify({ kind: 'plan', tenant: 'north' })}\n{"line":2}\n`,
    ) {
      writeFileSync(join(dir, name), text);
      const at = new Date(NOW - days * 86_400_000);
      utimesSync(join(dir, name), at, at);
    },
    left: () => readdirSync(dir).toSorted(),
    prune: (recorded: readonly string[] = [], keepDays = 30) =>
      pruneKeptPlans(dir, async ({ runId, tenant }) => recorded.includes(`${tenant} ${runId}`), {
        ...{ keepDays, now: NOW },
      }),
  };
}

test('plans older than the days that runs are kept go, younger ones stay', async () => {
  const { file, prune, left } = directory();
  file(OLD, 31);
  file('20270502-120000-efgh.ndjson', 29);
  expect(await prune()).toEqual([OLD]);
  expect(left()).toEqual(['20270502-120000-efgh.ndjson']);
});

test('a run that is still in the record of its tenant keeps its plan, however old', async () => {
  const { file, prune } = directory();
  file(OLD, 400);
  expect(await prune(['north 20270101-120000-abcd'])).toEqual([]);
  expect(await prune(['south 20270101-120000-abcd'])).toEqual([OLD]);
});

test('a run that is kept longer keeps plans longer, one that is kept shorter takes none away', async () => {
  const { file, prune } = directory();
  file(OLD, 31);
  expect(await prune([], 90)).toEqual([]);
  file('20270502-120000-efgh.ndjson', 2);
  expect(await prune([], 1)).toEqual([OLD]);
});

test('what is none of ours stays: another name, another content, a link', async () => {
  const { dir, file, prune, left } = directory();
  file('plan.ndjson', 400);
  file('20270101-120000-abcd.ndjson.bak', 400);
  file('20270101-120000-aaaa.ndjson', 400, 'no JSON');
  file('20270101-120000-bbbb.ndjson', 400, '{"kind":"other","tenant":"north"}\n');
  file('20270101-120000-cccc.ndjson', 400, '');
  symlinkSync(join(dir, 'plan.ndjson'), join(dir, '20270101-120000-dddd.ndjson'));
  const before = left();
  expect(await prune()).toEqual([]);
  expect(left()).toEqual(before);
});
