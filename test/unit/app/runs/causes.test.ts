import { expect, test } from 'vitest';
import { causeIdOf, causesOf } from '../../../../src/app/runs/causes.ts';
import type { Detail } from '../../../../src/runs/batchCodec.ts';
import { byteOfState, type StateName } from '../../../../src/runs/rowState.ts';
import { runThatIs } from '../../../support/fakeServices.ts';

/** A record whose batches have these rows. */
const record = (batches: readonly (readonly (readonly [StateName, Detail])[])[]) => ({
  runs: {
    called: async () => undefined,
    async *states() {
      yield batches.map(
        (rows, batch) =>
          [batch, Buffer.from(rows.map(([state]) => byteOfState({ state, attempts: 1 })))] as const,
      );
    },
    details: async (_run: string, wanted: readonly number[]) =>
      wanted.map((batch) => new Map((batches[batch] ?? []).map(([, detail], place) => [place, detail]))),
  },
});

const forbidden = (id: string): Detail => ({
  errorCode: 'Forbidden',
  errorMessage: `Not authorized. (Activity ID ${id})`,
});

test('rows that differ in nothing but ids have one cause, the commonest comes first', async () => {
  const { causes, others } = await causesOf(
    runThatIs('completed', { failed: 3, stale: 1 }),
    record([
      [
        ['succeeded', {}],
        ['stale', { errorCode: 'Stale', errorMessage: 'It was changed.' }],
      ],
      [
        ['failed', forbidden('a4c351e7-2380-496b-9972-4f51e0d85a11')],
        ['failed', forbidden('52b85d23-7e48-4de5-aa88-a52adfbcef9a')],
        ['failed', { errorCode: 'AssignmentGone', errorMessage: 'Gone.' }],
      ],
    ]),
  );
  expect(causes.map(({ status, code, rows }) => [status, code, rows])).toEqual([
    ['failed', 'Forbidden', 2],
    ['stale', 'Stale', 1],
    ['failed', 'AssignmentGone', 1],
  ]);
  expect(causes[0]?.id).toBe(
    causeIdOf('failed', 'Forbidden', 'Not authorized. (Activity ID 00000000-0000-0000-0000-000000000000)'),
  );
  expect(others).toBe(0);
});

test('of very many rows the first are looked at, and the others are counted', async () => {
  const rows = Array.from({ length: 20 }, () => ['failed', forbidden('0')] as const);
  const { causes, others } = await causesOf(
    runThatIs('running', { failed: 6_000 }),
    record(Array.from({ length: 300 }, () => rows)),
  );
  expect(causes[0]?.rows).toBe(5_000);
  expect(others).toBe(1_000);
});

test('of a run without such rows nothing is read', async () => {
  const { runs } = record([]);
  const unread = { runs: { ...runs, called: () => Promise.reject(new Error('read')) } };
  expect(await causesOf(runThatIs('running'), unread)).toEqual({ causes: [], others: 0 });
});
