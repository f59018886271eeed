import { expect, test } from 'vitest';
import { findRows, type RowFound, type RowsSought } from '../../../../src/app/runs/findRows.ts';
import type { RecordedRow } from '../../../../src/runs/batchRow.ts';
import { byteOfState, type StateName } from '../../../../src/runs/rowState.ts';
import { runThatIs } from '../../../support/fakeServices.ts';
import { guid } from '../../../support/guid.ts';

const PLACES = 20;
const BERLIN = guid('berlin');

/** A record of so many batches of twenty rows; `stateOf` a row by its number. */
function record(batches: number, stateOf: (row: number) => StateName = () => 'pending') {
  const read: number[] = [];
  const state = (batch: number, place: number): StateName => stateOf(batch * PLACES + place);
  const rowOf = (batch: number, place: number): RecordedRow =>
    ({
      ...{ batch, place, state: state(batch, place), attempts: 0, detail: {} },
      names: { policy: `Wi-Fi ${batch * PLACES + place}`, platform: undefined },
      input: { line: 1, cells: new Map([['groupId', batch === 1 ? BERLIN : guid('other')]]) },
    }) as unknown as RecordedRow;
  const places = Array.from({ length: PLACES }, (_, place) => place);
  const runs = {
    called: async () => ({ [BERLIN]: 'GRP-Berlin' }),
    familiesOf: async () => Buffer.from(Array.from({ length: batches }, (_, batch) => batch % 2)),
    async *states(_run: unknown, from = 0) {
      yield Array.from(
        { length: batches - from },
        (_, i) =>
          [
            from + i,
            Buffer.from(places.map((place) => byteOfState({ state: state(from + i, place), attempts: 1 }))),
          ] as const,
      );
    },
    async rowsOf(_run: unknown, wanted: readonly number[]) {
      read.push(...wanted);
      return wanted.map((batch) => places.map((place) => rowOf(batch, place)));
    },
  };
  return { runs, read };
}

const RUN = runThatIs('running', { batches: 10_000 });

async function found(of: ReturnType<typeof record>, sought: RowsSought): Promise<number[]> {
  const rows: number[] = [];
  for await (const next of findRows(RUN, sought, of))
    if (next.kind === 'row') rows.push(next.row.batch * PLACES + next.row.place);
  return rows;
}

test('rows of a status are looked up: batches without one are not read', async () => {
  const of = record(1_000, (row) => (row % 4_000 === 7 ? 'failed' : 'succeeded'));
  expect(await found(of, { status: 'failed' })).toEqual([7, 4_007, 8_007, 12_007, 16_007]);
  expect(of.read).toEqual([0, 200, 400, 600, 800]);
});

test('a page goes on behind the last row of the one before', async () => {
  const of = record(3);
  expect(await found(of, { after: 256 + 18 })).toEqual([39, ...Array.from({ length: 20 }, (_, i) => 40 + i)]);
});

test('rows are found by a part of what their policy is called, and by that of a group that only the plan knew', async () => {
  expect(await found(record(3), { text: 'WI-FI 5' })).toEqual([
    5,
    ...Array.from({ length: 10 }, (_, i) => 50 + i),
  ]);
  expect(await found(record(3), { text: 'grp-ber' })).toEqual(Array.from({ length: 20 }, (_, i) => 20 + i));
  expect(await found(record(3), { text: BERLIN.slice(0, 12) })).toHaveLength(20);
});

test('the first rows are there when a few batches are read, and who stops asking ends the search', async () => {
  const of = record(10_000);
  const search = findRows(RUN, { text: 'wi-fi' }, of);
  const first: RowFound[] = [];
  for await (const next of search) {
    first.push(next);
    break;
  }
  expect(first).toHaveLength(1);
  expect(of.read.length).toBeLessThanOrEqual(5);
});

test('what is searched is told on the way, also while nothing is found', async () => {
  const said: number[] = [];
  for await (const next of findRows(RUN, { text: 'nothing' }, record(500)))
    if (next.kind === 'searched') said.push(next.rows);
  expect(said.at(0)).toBe(100);
  expect(said.at(-1)).toBe(10_000);
  expect(said.length).toBeGreaterThan(5);
});

test('rows of a throttle family are looked up: batches of another one are not read', async () => {
  const of = record(4);
  const run = { ...RUN, families: ['deviceConfiguration', 'devices'] as const };
  const rows: number[] = [];
  for await (const next of findRows(run, { family: 'devices' }, of))
    if (next.kind === 'row') rows.push(next.row.batch);
  expect([...new Set(rows)]).toEqual([1, 3]);
  expect(of.read).toEqual([1, 3]);
  expect(await found(of, { family: 'deviceConfiguration' })).toHaveLength(4 * PLACES);
  expect(await found(of, { family: 'devices' })).toEqual([]);
});

test('rows that were sent and whose answer is not known are looked up among those that are pending', async () => {
  const states: readonly StateName[] = ['pending', 'sent', 'written', 'unsure', 'succeeded'];
  const of = record(1, (row) => states[row] ?? 'succeeded');
  expect(await found(of, { status: 'pending', isInDoubt: true })).toEqual([1, 2, 3]);
});
