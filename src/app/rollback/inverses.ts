import type { CurrentAssignment } from '../../assignments/changes/current.ts';
import { createHash } from 'node:crypto';
import { targetInWords } from '../../assignments/changes/changeKind.ts';
import { INPUT_COLUMNS, type InputColumn } from '../../assignments/rows/columns.ts';
import { fingerprintOf, fingerprintOfList } from '../../assignments/changes/fingerprint.ts';
import { inverseCells, type Inverse } from '../../assignments/changes/inverse.ts';
import { listPath, policyKey } from '../../assignments/kinds/address.ts';
import { writesBy } from '../../assignments/kinds/kind.ts';
import { isAsReadBack, lossesOf, undoOfLoss } from '../../assignments/changes/losses.ts';
import { undosIn, type Undo } from '../../assignments/changes/undo.ts';
import type { LateWrite } from '../../runs/lastWrites.ts';
import type { Staging } from '../../runs/staging.ts';
import { lagLeft, readBelievedLists } from '../plan/believedLists.ts';
import { commandReads } from '../patientReads.ts';
import type { Context } from '../../cli/context.ts';
import { expectRead } from '../plan/unreadable.ts';
import { graphClientOf } from '../plan/makePlan.ts';
import type { Session } from '../services.ts';
import type { Written, WrittenRow } from './writtenRows.ts';
import { count, shortened } from '../words.ts';

/** Rows that somebody has changed since, and that are shown one by one. */
const CHANGED_SHOWN = 10;
const CELL_CHARS_MAX = 60;

/** Cells that go with a row to the results of its rollback. */
const CARRIED = ['note', 'policyName', 'groupName', 'platform'] as const satisfies readonly InputColumn[];

/** Looks at what is there now, and stages a row for each assignment that is to be put back. */
export async function stageInverses(
  written: Written,
  staging: Staging,
  force: boolean,
  session: Session,
  context: Context,
): Promise<Inverses> {
  const { identity } = session;
  const graph = graphClientOf(identity, undefined, written.apiVersion);
  const send = commandReads(session, graph, context);
  const from = { root: identity.config.graphUrl, apiVersion: written.apiVersion };
  const inverses = new Inverses(written, staging, force);
  let isPatient = true;
  try {
    for await (const batch of written.batches()) {
      const addresses = batch.map(({ change }) => change.address);
      const { lists: looks, lagging } = await readBelievedLists(addresses, send, from, session, {
        signal: context.interrupted,
        isPatient,
      });
      // One wait of two windows tells of a tenant that lags behind for longer; one for each batch would take hours.
      isPatient = lagging.size === 0;
      // What was done last is taken back first: another row may have taken the place that it left.
      const lists = Map.groupBy(batch.toReversed(), ({ change }) => listPath(change.address));
      for (const [path, rows] of lists) {
        const look = looks.get(path);
        if (look === undefined) throw new Error(`nobody has read ${path}`);
        expectRead(look, identity);
        const late = lagging.get(path);
        if (late !== undefined) inverses.leaveLagging(rows, path, late);
        else if (look.kind === 'list') await inverses.add(rows, look.assignments);
        else for (const row of rows.filter(({ knownAs }) => knownAs !== 'maybe')) inverses.leaveGone(row);
      }
    }
    await staging.flush();
  } finally {
    await graph.close();
  }
  return inverses;
}

interface ChangedRow {
  readonly row: WrittenRow;
  readonly inverse: Inverse;
}

/** What is to be put back, as rows that are staged, and what is not. */
export class Inverses {
  rows = 0;
  /** Assignments that are as before already. */
  asBefore = 0;
  /** Among those: assignments whose write may still land. */
  mayLand = 0;
  /** Assignments that somebody has changed since, left out. */
  changed = 0;
  /** Assignments that are not there any more, or can't be read. */
  gone = 0;
  /** Assignments that a write has lost of a list that somebody has changed since, left out. */
  lost = 0;
  /** Rows whose list still reads as it was before it was written, left out. */
  lagging = 0;
  /** Their lists. */
  readonly laggingLists = new Map<string, LateWrite>();
  /** The lines of the first of those that are gone. */
  readonly goneLines: number[] = [];
  /** The first of those that were changed. */
  readonly changedRows: ChangedRow[] = [];
  readonly #written: Written;
  readonly #staging: Staging;
  readonly #force: boolean;
  readonly #columns = new Set<InputColumn>();
  readonly #sha = createHash('sha256');

  constructor(written: Written, staging: Staging, force: boolean) {
    this.#written = written;
    this.#staging = staging;
    this.#force = force;
  }

  get leftOut(): number {
    return this.changed + this.gone + this.lost + this.lagging;
  }

  leaveGone({ input }: WrittenRow): void {
    this.gone += 1;
    if (this.goneLines.length < CHANGED_SHOWN) this.goneLines.push(input.line);
  }

  /** Nobody knows what these lists hold. */
  leaveLagging(rows: readonly WrittenRow[], path: string, late: LateWrite): void {
    this.lagging += rows.length;
    this.laggingLists.set(path, late);
  }

  get columns(): readonly InputColumn[] {
    return INPUT_COLUMNS.filter((column) => this.#columns.has(column));
  }

  /** Of the rows. */
  get sha256(): string {
    return this.#sha.copy().digest('hex');
  }

  /** Takes written rows of one list, given what the list holds now. */
  async add(rows: readonly WrittenRow[], list: readonly CurrentAssignment[]): Promise<void> {
    const plannedList = fingerprintOfList(list);
    const [first] = rows;
    const lossy = rows.find((row) => row.lossy !== undefined)?.lossy;
    const losses = lossy && first ? lossesOf(lossy.list, list, first.change) : [];
    // What was lost is put back after the rows, whose own entries come first.
    const undos = undosIn([...rows, ...losses], list, this.#written.apiVersion);
    // Then nobody but the write itself has made the list what it is.
    const isOurs = lossy !== undefined && isAsReadBack(lossy, list);
    for (const [i, row] of rows.entries())
      for (const undo of undos[i] ?? []) await this.#take(row, isOurs ? byUs(undo) : undo, plannedList);
    for (const [i, loss] of losses.entries())
      for (const undo of undos[rows.length + i] ?? [])
        if (lossy !== undefined && first !== undefined)
          await this.#putBack(first, undoOfLoss(undo, loss, lossy.list, list), isOurs, plannedList);
  }

  /** An entry that a write has lost goes back while the list is as that write left it. */
  async #putBack(row: WrittenRow, undo: Undo, isOurs: boolean, plannedList: string): Promise<void> {
    if (undo.kind === 'asBefore') {
      this.asBefore += 1;
      return;
    }
    if (isOurs || this.#force) return this.#restore(row, undo.inverse, plannedList);
    this.lost += 1;
  }

  async #take(row: WrittenRow, undo: Undo, plannedList: string): Promise<void> {
    if (row.knownAs === 'maybe' && undo.kind !== 'restore') return;
    switch (undo.kind) {
      case 'asBefore':
        this.asBefore += 1;
        if (row.knownAs === 'unsure') this.mayLand += 1;
        return;
      case 'gone':
        // Only a list that is written as a whole can have it again.
        if (this.#force && writesBy(row.change.address.kind, this.#written.strategy) === 'assign')
          return this.#restore(row, undo.inverse, plannedList);
        this.leaveGone(row);
        return;
      case 'changed':
        if (this.#force) return this.#restore(row, undo.inverse, plannedList);
        this.changed += 1;
        if (this.changedRows.length < CHANGED_SHOWN) this.changedRows.push({ row, inverse: undo.inverse });
        return;
      case 'restore':
        return this.#restore(row, undo.inverse, plannedList);
    }
  }

  async #restore({ input, change }: WrittenRow, inverse: Inverse, plannedList: string): Promise<void> {
    const { address } = change;
    const cells = new Map<InputColumn, unknown>(inverseCells(inverse, address, this.#written.apiVersion));
    for (const column of CARRIED) if (input.cells.has(column)) cells.set(column, input.cells.get(column));
    this.rows += 1;
    for (const column of cells.keys()) this.#columns.add(column);
    this.#sha.update(JSON.stringify([...cells]));
    await this.#staging.add({
      input: { line: input.line, cells },
      policy: policyKey(address),
      planned: fingerprintOf(presentOf(inverse)),
      plannedList,
    });
  }
}

const byUs = (undo: Undo): Undo => (undo.kind === 'asBefore' ? undo : { ...undo, kind: 'restore' });

const presentOf = (inverse: Inverse): CurrentAssignment | undefined =>
  inverse.action === 'add' ? undefined : inverse.present;

const wasOf = (inverse: Inverse): CurrentAssignment | undefined =>
  inverse.action === 'remove' ? undefined : inverse.was;

/** Says what a rollback would do before its plan does, and what it leaves alone. */
export function showInverses(
  inverses: Inverses,
  { name, strategy, withoutImage, unrecordedLines }: Written,
  { print }: Context,
): void {
  const { rows, asBefore, mayLand, changed, gone, lost, lagging, laggingLists, goneLines } = inverses;
  const some = (n: number, what: string): void => {
    if (n > 0) print.say(`  ${count(n, 'assignment')} ${what}`);
  };
  print.say(rows === 0 ? `Nothing of ${name} is to be put back.` : `Rollback of ${name}:`);
  some(rows, 'to be put back');
  some(asBefore, 'as before already');
  some(mayLand, 'of these had a write sent that may still land: look again later with the same command');
  some(withoutImage(), 'of which nobody has seen what was there: left out');
  some(gone, `gone since, or unreadable: left out${strategy === 'assign' ? GONE_BY_ASSIGN : GONE_BY_PATCH}`);
  if (gone > 0) print.say(`    line ${goneLines.join(', ')}${gone > goneLines.length ? ', …' : ''}`);
  if (unrecordedLines.length > 0) {
    some(
      unrecordedLines.length,
      'found so by the run though the plan wanted a write, and none is on record (Redis may have lost it, or somebody else made it): left out (--include-unrecorded puts them back from the plan)',
    );
    print.say(`    ${linesInWords(unrecordedLines)}`);
  }
  some(changed, 'changed by somebody else since: left out (--force puts them back as well)');
  some(
    lost,
    'lost in a write whose list somebody has changed since: left out (--force puts them back as well)',
  );
  some(
    lagging,
    `still read as before they were written, as the tenant's reads lag behind or somebody has put them back: left out; roll back again in ${lagLeft(laggingLists)}`,
  );
  showChanged(inverses, print);
}

const GONE_BY_PATCH = ", as a PATCH can't bring back what is not there";
const GONE_BY_ASSIGN = ' (--force adds them again where their policy can be read)';

const linesInWords = (lines: readonly number[]): string =>
  `line ${lines.slice(0, CHANGED_SHOWN).join(', ')}${lines.length > CHANGED_SHOWN ? ', …' : ''}`;

function showChanged({ changed, changedRows }: Inverses, print: Context['print']): void {
  if (changed === 0) return;
  print.talkTable(
    ['line', 'policy', 'was before', 'is now'],
    changedRows.map(({ row, inverse }) =>
      [
        String(row.input.line),
        row.change.address.policyId,
        inWords(wasOf(inverse)),
        inWords(presentOf(inverse), wasOf(inverse)),
      ].map((cell) => shortened(cell, CELL_CHARS_MAX)),
    ),
  );
  if (changed > changedRows.length)
    print.say(`  … and ${count(changed - changedRows.length, 'more', 'more')}`);
}

function inWords(assignment: CurrentAssignment | undefined, before = assignment): string {
  if (assignment === undefined) return 'nothing';
  const { intent } = assignment.whole;
  const isTurned = typeof intent === 'string' && intent !== before?.whole['intent'];
  return `${targetInWords(assignment.target)}${isTurned ? `, intent ${intent}` : ''}`;
}
