import { UNKNOWN_SUBMITTER } from '../../../../src/runs/approval.ts';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Draft } from '../../../../src/app/draft/draft.ts';
import type { DraftRows } from '../../../../src/app/draft/draftRows.ts';
import type { Stagings } from '../../../../src/app/draft/stagings.ts';
import type { Published } from '../../../../src/runs/lua/publish.ts';
import type { Staging } from '../../../../src/runs/staging.ts';
import { fakeServices, type Fakes } from '../../../support/fakeServices.ts';
import { FROM_FILE } from '../../../support/inputRow.ts';

const PUBLICATION = { again: false, action: 'submit', said: { reason: 'CHG-7' } } as const;

interface Given {
  readonly published?: Published;
  /** Whether what was staged could be deleted. */
  readonly areGone?: boolean;
  readonly keptPlan?: string;
  readonly stageFails?: Error;
  readonly fakes?: Fakes;
}

/** A draft of three rows, of which no more is known than how it is published and forgotten. */
function drafting({
  published = { kind: 'published' },
  areGone = true,
  keptPlan,
  stageFails,
  fakes,
}: Given = {}) {
  const permitMark = async () => ({ permits: 0, isQuiet: true });
  const services = fakeServices({ ...fakes, runs: { permitMark, ...fakes?.runs } });
  const discards: string[] = [];
  const publications: object[] = [];
  const stagings: Pick<Stagings, 'discard' | 'rules'> = {
    rules: FROM_FILE,
    async discard() {
      discards.push('all');
      return areGone;
    },
  };
  const staging: Pick<Staging, 'runId' | 'rows' | 'publish'> = {
    ...{ runId: 'r1', rows: 3 },
    async publish(publication) {
      publications.push(publication);
      return published;
    },
  };
  const stage = async (): Promise<DraftRows> => {
    if (stageFails !== undefined) throw stageFails;
    return {
      staging: staging as Staging,
      intake: { name: 'f.csv', sha256: 'abc', columns: ['policyId'] },
      ...{ rules: FROM_FILE, leftOut: 1, isRestoring: false, keptPlan },
    };
  };
  const open = (): Promise<Draft> => Draft.of(stagings as Stagings, stage, { given: {} }, services);
  return { services, discards, publications, open };
}

function planFile(): string {
  const dir = mkdtempSync(join(tmpdir(), 'retarget-draft-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'r1.ndjson');
  writeFileSync(path, '{"kind":"plan"}\n');
  return path;
}

test('what is published is a run: its id is told before anything else can fail, then its jobs are queued and the log says who', async () => {
  const { services, publications, open } = drafting();
  await using draft = await open();
  expect([draft.source, draft.rows, draft.leftOut]).toEqual(['rows', 3, 1]);
  expect(await draft.publish(PUBLICATION)).toBe('r1');
  expect(publications).toEqual([
    {
      ...{ sha256: 'abc', columns: ['policyId'], leftOut: 1, submitter: UNKNOWN_SUBMITTER, again: false },
      ...{ planFingerprint: null, approved: null },
    },
  ]);
  expect(services.heard).toEqual([['published', 'r1']]);
  expect(services.done).toEqual(['runs.permitMark', 'runs.approvalRule', 'producer.topUp', 'runs.tell']);
  expect(services.told).toMatchObject([{ runId: 'r1', action: 'submit', reason: 'CHG-7' }]);
});

test('a run stands although its jobs could not be queued', async () => {
  const lost = new Error('Connection is closed.');
  const { services, open } = drafting({ fakes: { producer: { topUp: () => Promise.reject(lost) } } });
  await using draft = await open();
  await expect(draft.publish(PUBLICATION)).rejects.toBe(lost);
  expect(services.heard).toEqual([['published', 'r1']]);
});

test('the same file as that of an unfinished run is refused, with the run and how to follow it', async () => {
  const { services, open } = drafting({ published: { kind: 'sameFile', runId: 'r0' } });
  await using draft = await open();
  await expect(draft.publish(PUBLICATION)).rejects.toMatchObject({
    message: 'Run r0 of the same file is not finished.',
    remedy: expect.stringMatching(/`retarget watch r0`.*--again/),
    exitCode: 2,
  });
  expect([services.heard, services.told]).toEqual([[], []]);
});

test('rows that are gone from Redis are no run', async () => {
  const { services, open } = drafting({ published: { kind: 'lost' } });
  await using draft = await open();
  await expect(draft.publish(PUBLICATION)).rejects.toMatchObject({
    message: expect.stringContaining('nothing was queued'),
    remedy: expect.stringContaining('Start again.'),
    exitCode: 4,
  });
  expect([services.heard, services.told]).toEqual([[], []]);
});

test('a draft that was not published forgets its rows and its plan, and says nothing of it', async () => {
  const keptPlan = planFile();
  const { services, discards, open } = drafting({ keptPlan });
  {
    await using draft = await open();
    expect(draft.rows).toBe(3);
  }
  expect(discards).toEqual(['all']);
  expect(existsSync(keptPlan)).toBe(false);
  expect(services.heard).toEqual([]);
});

test('one that may be a run after all keeps its plan', async () => {
  const keptPlan = planFile();
  const { open } = drafting({ keptPlan, areGone: false });
  await (await open())[Symbol.asyncDispose]();
  expect(existsSync(keptPlan)).toBe(true);
});

test('one that was published keeps its plan, and forgets what it staged besides', async () => {
  const keptPlan = planFile();
  const { discards, open } = drafting({ keptPlan, fakes: { runs: { run: async () => undefined } } });
  {
    await using draft = await open();
    await draft.publish(PUBLICATION);
  }
  expect(discards).toEqual(['all']);
  expect(existsSync(keptPlan)).toBe(true);
});

test('a draft that a signal ends says that nothing was queued; one that was published does not', async () => {
  const interrupted = AbortSignal.abort('SIGINT');
  const ended = drafting({ fakes: { interrupted } });
  await (await ended.open())[Symbol.asyncDispose]();
  expect(ended.services.heard).toEqual([['discarded']]);
  const published = drafting({ fakes: { interrupted } });
  const draft = await published.open();
  await draft.publish(PUBLICATION);
  await draft[Symbol.asyncDispose]();
  expect(published.services.heard).toEqual([['published', 'r1']]);
});

test('a file that can not be staged leaves nothing, and only a signal is told of', async () => {
  const wrong = new Error('the file is wrong');
  const failed = drafting({ stageFails: wrong });
  await expect(failed.open()).rejects.toBe(wrong);
  expect([failed.discards, failed.services.heard]).toEqual([['all'], []]);
  const abort = Object.assign(new Error('aborted'), { name: 'AbortError' });
  const stopped = drafting({ stageFails: abort, fakes: { interrupted: AbortSignal.abort('SIGTERM') } });
  await expect(stopped.open()).rejects.toBe(abort);
  expect([stopped.discards, stopped.services.heard]).toEqual([['all'], [['discarded']]]);
});
