import { expect, test } from 'vitest';
import { findRun } from '../../../../src/app/runs/findRun.ts';
import { fakeServices, runThatIs } from '../../../support/fakeServices.ts';

const RUNS = ['20261128-090000-zwgd', '20261127-090000-abcd', '20261126-090000-xycd'].map((runId) =>
  runThatIs('completed', { fileName: `${runId.slice(-4)}.csv` }, runId),
);
const services = () =>
  fakeServices({
    runs: { runs: async () => RUNS, run: async (id) => RUNS.find(({ runId }) => runId === id) },
  });

test('a run is named by its id, its last letters, or @last, and it is told which one that is', async () => {
  const here = services();
  expect((await findRun('20261127-090000-abcd', here)).runId).toBe('20261127-090000-abcd');
  expect(here.heard).toEqual([]);
  expect((await findRun('bcd', here)).runId).toBe('20261127-090000-abcd');
  expect((await findRun('ZWGD', here)).runId).toBe('20261128-090000-zwgd');
  expect((await findRun('@last', here)).runId).toBe('20261128-090000-zwgd');
  expect(here.heard).toEqual([
    ['runNamed', 'bcd', '20261127-090000-abcd', 'abcd.csv'],
    ['runNamed', 'ZWGD', '20261128-090000-zwgd', 'zwgd.csv'],
    ['runNamed', '@last', '20261128-090000-zwgd', 'zwgd.csv'],
  ]);
});

test('letters that several end in name none of them: the candidates are told', async () => {
  const all = RUNS.map((run) => ({ ...run, runId: `${run.runId}-end` }));
  const here = fakeServices({ runs: { runs: async () => all, run: async () => undefined } });
  await expect(findRun('-end', here)).rejects.toMatchObject({
    message: '3 runs of tenant north end in "-end".',
    remedy: expect.stringContaining('20261126-090000-xycd-end (xycd.csv, completed)'),
    exitCode: 2,
  });
});

test('two letters, or letters that none ends in, name nothing', async () => {
  for (const name of ['gd', 'none', 'a*'])
    await expect(findRun(name, services())).rejects.toMatchObject({
      message: `Tenant north has no run "${name}".`,
      exitCode: 2,
    });
});
