import type { CurrentAssignment } from '../../assignments/changes/current.ts';
import { createHash } from 'node:crypto';
import { INPUT_COLUMNS, type InputColumn } from '../../assignments/rows/columns.ts';
import { fingerprintOf, fingerprintOfList, UNREAD } from '../../assignments/changes/fingerprint.ts';
import {
  inverseCells,
  removalByTarget,
  type Inverse,
  type InverseCells,
} from '../../assignments/changes/inverse.ts';
import { listPath, policyKey, type Address } from '../../assignments/kinds/address.ts';
import { writesBy } from '../../assignments/kinds/kind.ts';
import { isAsReadBack, lossesOf, undoOfLoss } from '../../assignments/changes/losses.ts';
import { undosIn, type Undo } from '../../assignments/changes/undo.ts';
import type { PolicyLists } from '../../graph/reads/policyLists.ts';
import type { RecentWrite } from '../../runs/lastWrites.ts';
import type { StagedRow, Staging } from '../../runs/staging.ts';
import { readBelievedLists, type BelievedLists, type ListSource } from '../believedLists.ts';
import { expectRead } from '../plan/unreadable.ts';
import { graphOf } from '../graphOf.ts';
import type { Identity } from '../identity.ts';
import { inChunks } from '../inChunks.ts';
import { patientReads } from '../patientReads.ts';
import type { Services } from '../services.ts';
import { untilLanded } from './untilLanded.ts';
import type { Written, WrittenRow } from './writtenRows.ts';

/** Rows that somebody has changed since, and that are told one by one. */
export const CHANGED_SHOWN = 10;

/** Cells that go with a row to the results of its rollback. */
const CARRIED = ['note', 'policyName', 'groupName', 'platform'] as const satisfies readonly InputColumn[];

/** Batches whose lists are read side by side. */
const BATCHES_READ_TOGETHER = 10;
export interface StagingTerms {
  /** Put back also what somebody has changed since. */
  readonly force: boolean;
  readonly lists: PolicyLists;
  readonly waitsForLateWrites: boolean;
  /**
   * Nobody looks at it before it goes: what is taken back is so whatever else changes in its list meanwhile, and what somebody has changed since
   * becomes a row that is left as it is, so that the results tell it.
   */
  readonly isUnattended: boolean;
}

/** Looks at what is there now, and stages a row for each assignment that is to be put back. */
export async function stageInverses(
  written: Written,
  staging: Staging,
  { force, lists, waitsForLateWrites, isUnattended }: StagingTerms,
  services: Services,
): Promise<Inverses> {
  const { identity } = services;
  const graph = graphOf(identity, services, written.apiVersion);
  const source = { lists, send: patientReads(services, graph), root: identity.config.graphUrl };
  const inverses = new Inverses(written, staging, { force, isUnattended });
  let isPatient = true;
  try {
    for await (const batches of inChunks(written.batches(), BATCHES_READ_TOGETHER)) {
      const rows = batches.flat();
      const paths = [...new Set(rows.map(({ change }) => listPath(change.address)))];
      const landed = waitsForLateWrites ? await untilLanded(paths, services) : new Set<string>();
      const read = await listsOf(rows, written, { ...source, landed }, services, isPatient);
      // One wait of two windows tells of a tenant that lags behind for longer; one for each batch would take hours.
      isPatient = read.lagging.size === 0;
      for (const batch of batches) await takeBatch(batch, read, inverses, identity);
    }
    await staging.flush();
  } finally {
    await graph.close();
  }
  return inverses;
}

/**
 * The lists of these rows. A page of many decides only of what is there as it was written; where anything else is found, the list is read by
 * itself, or a row would be left out for what is not so.
 */
async function listsOf(
  rows: readonly WrittenRow[],
  written: Written,
  { landed, ...source }: ListSource & { readonly landed: ReadonlySet<string> },
  services: Services,
  isPatient: boolean,
): Promise<BelievedLists> {
  const addresses = rows.map(({ change }) => change.address);
  const read = await readBelievedLists(addresses, source, services, { isPatient });
  const doubtful = [...Map.groupBy(rows, ({ change }) => listPath(change.address))].filter(
    ([path, ofList]) => {
      const list = read.lists.get(path);
      if (!source.lists.isFromPage(path) || list?.kind !== 'list') return false;
      // A page may be older than what has landed meanwhile.
      if (landed.has(path)) return true;
      const undos = undosIn(ofList, list.assignments, written.apiVersion).flat();
      return ofList.some(({ lossy }) => lossy !== undefined) || undos.some(({ kind }) => kind !== 'restore');
    },
  );
  if (doubtful.length === 0) return read;
  const alone = await readBelievedLists(
    doubtful.flatMap(([, [first]]) => (first === undefined ? [] : [first.change.address])),
    ...([source, services, { isPatient, isAlone: true }] as const),
  );
  return {
    lists: new Map([...read.lists, ...alone.lists]),
    lagging: new Map([...read.lagging, ...alone.lagging]),
  };
}

async function takeBatch(
  batch: readonly WrittenRow[],
  { lists, lagging }: BelievedLists,
  inverses: Inverses,
  identity: Identity,
): Promise<void> {
  // What was done last is taken back first: another row may have taken the place that it left.
  const byList = Map.groupBy(batch.toReversed(), ({ change }) => listPath(change.address));
  for (const [path, rows] of byList) {
    const reading = lists.get(path);
    if (reading === undefined) throw new Error(`nobody has read ${path}`);
    expectRead(reading, identity);
    const late = lagging.get(path);
    if (late !== undefined) inverses.passLagging(rows, path, late);
    else if (reading.kind === 'list') await inverses.add(rows, reading.assignments);
    else for (const row of rows.filter(({ knownAs }) => knownAs !== 'maybe')) inverses.passGone(row);
  }
}

/** A row that somebody has changed since. */
export interface ChangedRow {
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
  /** Assignments that somebody has changed since, left out, or rows that are left as they are. */
  changed = 0;
  /** Assignments that are not there any more, or can't be read. */
  gone = 0;
  /** Assignments that a write has lost of a list that somebody has changed since, left out. */
  lost = 0;
  /** Rows whose list still reads as it was before it was written, left out. */
  lagging = 0;
  /** Their lists. */
  readonly laggingLists = new Map<string, RecentWrite>();
  /** The lines of the first of those that are gone. */
  readonly goneLines: number[] = [];
  /** The first of those that were changed. */
  readonly changedRows: ChangedRow[] = [];
  readonly #written: Written;
  readonly #staging: Staging;
  readonly #force: boolean;
  readonly #isUnattended: boolean;
  readonly #columns = new Set<InputColumn>();
  readonly #sha = createHash('sha256');

  constructor(
    written: Written,
    staging: Staging,
    { force, isUnattended }: Pick<StagingTerms, 'force' | 'isUnattended'>,
  ) {
    this.#written = written;
    this.#staging = staging;
    this.#force = force;
    this.#isUnattended = isUnattended;
  }

  /** What stays as it is. */
  get left(): number {
    return this.changed + this.gone + this.lost + this.lagging;
  }

  /** The same, of what is no row. */
  get leftOut(): number {
    return this.#isUnattended ? this.left - this.changed : this.left;
  }

  passGone({ input }: WrittenRow): void {
    this.gone += 1;
    if (this.goneLines.length < CHANGED_SHOWN) this.goneLines.push(input.line);
  }

  /** Nobody knows what these lists hold. */
  passLagging(rows: readonly WrittenRow[], path: string, recent: RecentWrite): void {
    this.lagging += rows.length;
    this.laggingLists.set(path, recent);
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
        this.passGone(row);
        return;
      case 'changed':
        if (this.#force) return this.#restore(row, undo.inverse, plannedList);
        this.changed += 1;
        if (this.#isUnattended) await this.#stage(row, undo.inverse, { planned: UNREAD });
        if (this.changedRows.length < CHANGED_SHOWN) this.changedRows.push({ row, inverse: undo.inverse });
        return;
      case 'restore':
        return this.#restore(row, undo.inverse, plannedList);
    }
  }

  async #restore(row: WrittenRow, inverse: Inverse, plannedList: string): Promise<void> {
    const planned = fingerprintOf(currentOf(inverse));
    await this.#stage(row, inverse, { planned, ...(!this.#isUnattended && { plannedList }) });
  }

  #cellsOf(inverse: Inverse, address: Address): InverseCells {
    const byTarget =
      this.#isUnattended && inverse.action === 'remove'
        ? removalByTarget(inverse.current, address)
        : undefined;
    return byTarget ?? inverseCells(inverse, address, this.#written.apiVersion);
  }

  async #stage(
    { input, change }: WrittenRow,
    inverse: Inverse,
    seen: Pick<StagedRow, 'planned' | 'plannedList'>,
  ): Promise<void> {
    const { address } = change;
    const cells = new Map<InputColumn, unknown>(this.#cellsOf(inverse, address));
    for (const column of CARRIED) if (input.cells.has(column)) cells.set(column, input.cells.get(column));
    this.rows += 1;
    for (const column of cells.keys()) this.#columns.add(column);
    this.#sha.update(JSON.stringify([...cells]));
    await this.#staging.add({
      input: { line: input.line, cells },
      policy: policyKey(address),
      family: address.kind.family,
      ...seen,
    });
  }
}

const byUs = (undo: Undo): Undo => (undo.kind === 'asBefore' ? undo : { ...undo, kind: 'restore' });

export const currentOf = (inverse: Inverse): CurrentAssignment | undefined =>
  inverse.action === 'add' ? undefined : inverse.current;
