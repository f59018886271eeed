import { expect, test } from 'vitest';
import { RunNews } from '../../../../src/app/work/runNews.ts';
import { createLog } from '../../../../src/log.ts';
import type { Run } from '../../../../src/runs/run.ts';
import { fakeServices, NOW, runThatIs } from '../../../support/fakeServices.ts';

/** What the log says at each of these moments: the runs in line, and those that are gone from it. */
async function told(...moments: { line?: readonly Run[]; gone?: readonly Run[] }[]): Promise<string[][]> {
  let [lines, at]: [string[], number] = [[], -1];
  const services = fakeServices({
    runs: {
      line: async () => [...(moments[at]?.line ?? [])],
      createdSince: async () => (moments[at]?.gone ?? []).map(({ runId }) => runId),
      run: async (id) => moments[at]?.gone?.find(({ runId }) => runId === id),
    },
  });
  const log = createLog((line) => lines.push(line.replace(/^\S+ (\S+) +/, '$1 ')));
  const news = new RunNews({ ...services, log });
  const all: string[][] = [];
  for (at = 0; at < moments.length; at += 1) {
    lines = [];
    await news.tell();
    all.push(lines);
  }
  return all;
}

const working = runThatIs('running', { fileName: 'in/big.csv', operator: 'ann@host', startedAt: NOW });
const later = runThatIs('running', { fileName: 'in/big.csv', operator: 'ann@host', left: 4, succeeded: 6 });
const over = runThatIs('completed', {
  ...{ startedAt: NOW, finishedAt: NOW + 61_000, left: 0, succeeded: 10 },
  ...{ fileName: 'in/big.csv', operator: 'ann@host' },
});
const ENDED = 'info Run completed in 1 min 1 s: 10 succeeded. (run: r1)';
const BEGUN = 'info Run of ann@host begins with 10 rows of big.csv. (run: r1)';

test('a run is told when it begins and when it ends, each once', async () => {
  const queued = runThatIs('queued');
  expect(
    await told(
      { line: [queued] },
      { line: [working] },
      { line: [later] },
      { gone: [over] },
      { gone: [over] },
    ),
  ).toEqual([[], [BEGUN], [], [ENDED], []]);
});

test('one that went by between two looks is told as well, one that rests goes on', async () => {
  expect(await told({}, { gone: [over] }, { gone: [over] })).toEqual([[], [BEGUN, ENDED], []]);
  const paused = runThatIs('paused', { reason: 'operator', fileName: 'big.csv' });
  expect(await told({ line: [working] }, { line: [paused] }, { line: [later] })).toEqual([
    [BEGUN],
    ['info Run is paused at 0 of 10 rows of big.csv. (run: r1)'],
    ['info Run of ann@host goes on at 6 of 10 rows of big.csv. (run: r1)'],
  ]);
});

test('one that rests is told with its reason, once', async () => {
  const resting = runThatIs('queued', {
    ...{ reason: 'window', reasonFacts: JSON.stringify({ at: Date.UTC(2026, 11, 4, 22) }) },
    ...{ fileName: 'in/big.csv', left: 4, succeeded: 6 },
  });
  expect(await told({ line: [working] }, { line: [resting] }, { line: [resting] })).toEqual([
    [BEGUN],
    [
      'info Run rests at 6 of 10 rows of big.csv: it is outside its windows; the next one opens at Fri 2026-12-04 22:00 (UTC). (run: r1)',
    ],
    [],
  ]);
});

test('one that has ended before the first look, if only by less than a second, is no news', async () => {
  expect(await told({ gone: [over] }, { gone: [over] })).toEqual([[], []]);
});

test('one that was stopped with writes in doubt ends when they are settled, and is a warning', async () => {
  const fields = { startedAt: NOW, finishedAt: NOW + 1_000, reason: 'operator', reasonText: 'by bob@desk' };
  const inDoubt = runThatIs('cancelled', { ...fields, sent: 2 });
  const settled = runThatIs('cancelled', { ...fields, sent: 0, left: 8, succeeded: 2 });
  expect(await told({ line: [working] }, { line: [inDoubt] }, { gone: [settled] })).toEqual([
    [BEGUN],
    [],
    ['warn Run cancelled in 1 s: 2 succeeded, 8 cancelled. by bob@desk. (run: r1)'],
  ]);
});

test('one that workers like this one leave alone is no news', async () => {
  const foreign = runThatIs('running', { graphUrl: 'http://other' });
  expect(await told({ line: [foreign] })).toEqual([[]]);
});
