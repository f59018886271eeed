import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { SeedAssignment } from '../../src/simulator/tenantFile.ts';
import { site, type Site } from './assignSite.ts';
import { ALLOW_ALL, csv } from './cli.ts';
import { ANY_SIZE } from './plannedTenant.ts';
import {
  columnsOf,
  expectedOf,
  inWords,
  listAfter,
  policyOf,
  type Cell,
  type Expected,
  type Way,
} from './targetCells.ts';

/** What policies hold, in the words of a cell and in no order. */
type Lists = Readonly<Record<string, readonly string[]>>;

/** Cells laid out in one tenant, a policy each, and their rows in one file. */
interface Laid extends Site {
  readonly way: Way;
  readonly changes: string;
  /** Of each row: its cell, and what it says. */
  readonly rows: readonly { readonly cell: string; readonly text: string; readonly expected: Expected }[];
  /** What the policies hold at first, and when all is done. */
  readonly before: Lists;
  readonly meant: Lists;
  heldNow(): Lists;
}

/**
 * Plans all cells as one file against one tenant, lets through exactly what is found, works, and rolls back. What the plan shows,
 * what becomes of each row and what the tenant holds must be what the cells say.
 */
export async function expectAllCells(
  redisUrl: string | undefined,
  cells: readonly Cell[],
  way: Way,
): Promise<void> {
  const laid = await layOut(redisUrl, cells, way);
  if (way.isPlanned) {
    const shown = await planOf(laid);
    expectSame(
      laid,
      shown.map(({ decision, code, findings = [] }) => [
        ...[decision, code],
        findings.some(({ kind }) => kind === 'include-and-exclude'),
      ]),
      ({ decision, code, isFound = false }) => [decision, code, isFound],
    );
    expect(listsShown(shown, laid)).toEqual(laid.meant);
    await laid.must(1, 'apply', planFile(laid), '--yes', ...ALLOW_ALL, ...ANY_SIZE, '--max-failures', 'off');
  } else {
    const flags = ['--strategy', way.strategy, '--no-plan', '--max-failures', 'off'];
    await laid.must(0, 'submit', laid.changes, ...flags);
    await laid.must(1, 'worker', '--until-idle');
  }
  expectSame(
    laid,
    (await laid.results()).map(({ status, errorCode }) => [status, errorCode]),
    ({ decision, code = null }) => [STATUS[decision], code],
  );
  expect(laid.heldNow()).toEqual(laid.meant);
  await laid.must(0, 'rollback', '@last', '--yes', '--work');
  expect(laid.heldNow()).toEqual(laid.before);
  // What goes back stands under ids that are made of groups by now.
  if (way.rekey && way.ids === 'opaque') {
    await laid.must(0, 'rollback', '@last', '--yes', '--work');
    expect(laid.heldNow()).toEqual(laid.meant);
  }
}

/** The tenant keeps one of two entries that the plan shows: the run stops and says so, and a rollback has both again. */
export async function expectLossTold(redisUrl: string | undefined, cell: Cell, way: Way): Promise<void> {
  // What is missing is looked for again, some windows long.
  const laid = await layOut(redisUrl, [cell], way, { RETARGET_WINDOW_MS: '200' });
  await planOf(laid);
  const ran = await laid.must(3, 'apply', planFile(laid), '--yes', ...ALLOW_ALL, ...ANY_SIZE);
  expect(ran.stderr).toContain('read back it lacks');
  expect(await laid.results()).toMatchObject(
    cell.rows.map(() => ({ status: 'failed', errorCode: 'VerifyMismatch' })),
  );
  expect(laid.heldNow()).not.toEqual(laid.meant);
  await laid.must(0, 'rollback', '@last', '--yes', '--work');
  expect(laid.heldNow()).toEqual(laid.before);
}

const STATUS = { write: 'succeeded', alreadySo: 'skipped', refused: 'failed' } as const;

/** Rows name what they are about by its id in one cell, and by its target in the next; in another way the other way round. */
async function layOut(
  redisUrl: string | undefined,
  cells: readonly Cell[],
  way: Way,
  env: Record<string, string> = {},
): Promise<Laid> {
  const offset = Number(way.strategy === 'assign') + Number(way.rekey);
  const laid = cells.map((cell, n) => {
    const isById = cell.by === undefined ? (n + offset) % 2 === 0 : cell.by === 'id';
    const name = `${isById ? 'id' : 'target'}: ${cell.list.join(', ')} | ${cell.rows.join('; ')}`;
    const type = n % 3 === 0 ? 'deviceCompliancePolicy' : 'deviceConfiguration';
    const policy = policyOf(cell, { id: `p${n}`, type, displayName: name }, way.ids);
    const rows = cell.rows.map((text, i) => ({
      ...{ cell: name, text, expected: expectedOf(cell.fates[i], way) },
      columns: columnsOf(text, cell, policy, isById),
    }));
    const isWritten = rows.map(({ expected }) => expected.decision === 'write');
    return { name, policy, rows, meant: listAfter(cell, isWritten) };
  });
  const rows = laid.flatMap((each) => each.rows);
  const tenant = { policies: laid.map(({ policy }) => policy) };
  const here = await site(redisUrl, { tenant, rekey: way.rekey }, env);
  const heldNow = (): Lists =>
    Object.fromEntries(
      here.simulator
        .snapshot()
        .policies.map(({ displayName = '', assignments }) => [
          displayName,
          assignments.map(inWords).toSorted(),
        ]),
    );
  return {
    ...{ ...here, way, rows, heldNow },
    changes: here.file('changes.csv', csv(rows.map(({ columns }) => columns))),
    before: heldNow(),
    meant: Object.fromEntries(laid.map(({ name, meant }) => [name, meant])),
  };
}

/** Says only which rows differ, of hundreds. */
function expectSame(
  { rows }: Laid,
  found: readonly unknown[],
  meantBy: (expected: Expected) => unknown,
): void {
  const told = rows.map(({ cell, text, expected }, i) => {
    const which = `${cell}: ${text}:`;
    return {
      found: `${which} ${JSON.stringify(found[i])}`,
      meant: `${which} ${JSON.stringify(meantBy(expected))}`,
    };
  });
  const differ = told.filter((row) => row.found !== row.meant);
  expect(differ.map((row) => row.found)).toEqual(differ.map((row) => row.meant));
  expect(found).toHaveLength(rows.length);
}

/** A row of a plan file. */
interface PlannedRow {
  readonly line: number;
  readonly decision: string;
  readonly code?: string;
  readonly findings?: readonly { readonly kind: string }[];
  readonly before: 'absent' | number | readonly number[];
  readonly after?: Pick<SeedAssignment, 'target'>;
  readonly list: number;
  readonly assignments?: readonly SeedAssignment[];
}

const planFile = ({ dir }: Laid): string => join(dir, 'plan.ndjson');

/** The plan of all rows, in the order of the file. */
async function planOf(laid: Laid): Promise<readonly PlannedRow[]> {
  const { way, changes } = laid;
  await laid.must(3, 'plan', changes, '--strategy', way.strategy, '-o', planFile(laid), ...ANY_SIZE);
  const lines = readFileSync(planFile(laid), 'utf8').trimEnd().split('\n').slice(1, -1);
  return lines.map((line) => JSON.parse(line) as PlannedRow).toSorted((a, b) => a.line - b.line);
}

/** The lists that a plan promises: what its rows find gives way to what they make. */
function listsShown(shown: readonly PlannedRow[], { rows }: Laid): Lists {
  const lists = new Map<number, { readonly cell: string; readonly after: Map<number, string> }>();
  for (const [i, { list, assignments }] of shown.entries())
    if (assignments !== undefined)
      lists.set(list, {
        cell: rows[i]?.cell ?? '',
        after: new Map(assignments.map(inWords).entries()),
      });
  for (const [i, { list, decision, before, after }] of shown.entries()) {
    const held = lists.get(list)?.after;
    if (decision !== 'write' || held === undefined) continue;
    for (const place of before === 'absent' ? [] : [before].flat()) held.delete(place);
    if (after !== undefined) held.set(-1 - i, inWords(after));
  }
  return Object.fromEntries(
    [...lists.values()].map(({ cell, after }) => [cell, [...after.values()].toSorted()]),
  );
}
