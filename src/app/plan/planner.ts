import { listPath, type Address } from '../../assignments/kinds/address.ts';
import type { CurrentAssignment, RowError } from '../../assignments/changes/current.ts';
import { entryOf, isGone, type Decision } from '../../assignments/changes/decision.ts';
import { entryAfter } from '../../assignments/changes/entryAfter.ts';
import { findCurrent } from '../../assignments/changes/findCurrent.ts';
import { fingerprintOf, fingerprintOfList, UNREAD } from '../../assignments/changes/fingerprint.ts';
import { holds } from '../../assignments/changes/holds.ts';
import {
  KIND_NOT_WRITTEN,
  planBatch,
  type BatchRow,
  type ListSnapshot,
  type PlanRules,
} from '../../assignments/changes/planBatch.ts';
import { nameFault } from '../../assignments/names/nameFault.ts';
import { NOT_TAKEN, notTakenIn } from '../../assignments/changes/steps.ts';
import { listAfter } from '../../assignments/changes/writes.ts';
import type { PartTargets } from '../../assignments/guard/audience.ts';
import { uncounted, type CountNeeded, type KnownCounts } from '../../assignments/guard/countsNeeded.ts';
import { Guard, type JudgedList } from '../../assignments/guard/guard.ts';
import { isUninstall } from '../../assignments/guard/kindConcerns.ts';
import { partOf } from '../../assignments/kinds/kind.ts';
import { targetIn } from '../../assignments/targets/currentTarget.ts';
import type { JsonObject } from '../../assignments/values/json.ts';
import { Audiences, type AudiencesCounted } from './audiences.ts';
import type { Change } from '../../assignments/rows/change.ts';
import { policyNameFault } from '../../assignments/rows/policyName.ts';
import type { ReadList } from '../../graph/reads/currentAssignments.ts';
import type { InputRow } from '../../assignments/rows/row.ts';
import { changeOfKnownRow } from '../../assignments/rows/knownRow.ts';
import type { StagedRow } from '../../runs/staging.ts';
import { expectNoneLagging, readBelievedLists, type ListSource } from '../believedLists.ts';
import type { Identity } from '../identity.ts';
import type { PlanSubject } from './planSubject.ts';
import type { PlannedRow, RowFault } from './planTally.ts';
import type { FactsOfTenant, PolicyFact } from './tenantFacts.ts';
import { expectRead, nothingRead } from './unreadable.ts';

/** Counts of a plan, in the order of its rows: reads, of the thousand that a window has. */
const COUNTS_MAX = 2_000;
/** Groups that are counted for no finding but to be shown: twice what a screen has room for. */
const GROUPS_COUNTED_TO_SHOW = 10;

/** What the planner is told of the rows. */
type PlannerSubject = Pick<PlanSubject, 'services' | 'rules' | 'isRestoring'>;

/** Reads the lists of some batches at a time, and judges their rows. A batch has all rows of its policies. */
export class Planner {
  readonly #subject: PlannerSubject;
  readonly #source: ListSource;
  readonly #facts: FactsOfTenant;
  readonly #guard: Guard;
  readonly #audiences = new Audiences();
  /** What is judged by the number of members must know all of them. */
  readonly #countsAll: boolean;
  #hasRead = false;
  #refusal: Extract<ReadList, { kind: 'refused' }> | undefined;

  constructor(subject: PlannerSubject, source: ListSource, facts: FactsOfTenant, maxAudience?: number) {
    this.#subject = subject;
    this.#source = source;
    this.#facts = facts;
    this.#guard = new Guard(facts, maxAudience);
    this.#countsAll = maxAudience !== undefined;
  }

  async plan(batches: readonly (readonly InputRow[])[]): Promise<readonly (readonly PlannedRow[])[]> {
    const { rules } = this.#subject;
    const rows = batches.flat().map((input) => ({ input, change: changeOfKnownRow(input, rules) }));
    const snapshot = new Map<string, ListSnapshot>();
    const kinds = [...new Set(rows.map(({ change }) => change.address.kind))];
    await Promise.all([this.#facts.know(kinds), this.#facts.knowDeployments(kinds)]);
    await this.#read(addressesOf(rows), snapshot);
    let decisions = planBatch(rows, snapshot, planRules(this.#subject));
    const doubtful = this.#doubtful(decisions, snapshot);
    if (doubtful.length > 0) {
      await this.#read(doubtful, snapshot, { isAlone: true });
      decisions = planBatch(rows, snapshot, planRules(this.#subject));
    }
    if (decisions.some(isGone)) await this.#facts.knowOwners();
    else if (decisions.some((decision) => isUnfound(decision, snapshot))) await this.#facts.knowOwnersHere();
    const byList = Map.groupBy(decisions, ({ row }) => listPath(row.change.address));
    const counting = this.#countFor(
      [...byList].map(([path, ofList]) => ({
        assignments: assignmentsIn(snapshot.get(path)) ?? [],
        decisions: ofList,
      })),
    );
    await Promise.all([
      counting,
      this.#facts.learn(decisions, this.#subject.isRestoring ? [] : batches.flat(), counting),
    ]);
    for (const [path, ofList] of byList) this.#audiences.add(partsAround(ofList, snapshot.get(path)));
    const planned = new Map<InputRow, PlannedRow>();
    for (const [path, ofList] of byList)
      for (const row of this.#judged(ofList, snapshot.get(path))) planned.set(row.input, row);
    return batches.map((inputs) => inputs.map((input) => planned.get(input) ?? neverPlanned(input)));
  }

  /** Counts the members of groups as far as findings about these lists depend on them. */
  async #countFor(lists: readonly Pick<JudgedList, 'assignments' | 'decisions'>[]): Promise<void> {
    let open = lists;
    const countsOf = (id: string): KnownCounts => this.#facts.counts(id);
    for (;;) {
      const needed = new Map(open.map((list) => [list, this.#guard.countsNeeded(list, countsOf)]));
      open = open.filter((list) => needed.get(list)?.length !== 0);
      if (open.length === 0) return;
      await this.#facts.count([...needed.values()].flat(), this.#countsAll ? undefined : COUNTS_MAX);
    }
  }

  /**
   * Counts the groups that gain or lose policies.
   * @param isWhole all of them; otherwise those that gain and lose most
   */
  async countToShow(isWhole: boolean): Promise<void> {
    const { groups } = this.#audiences;
    const asked = isWhole ? groups : groups.slice(0, GROUPS_COUNTED_TO_SHOW);
    await this.#facts.count(
      asked.flatMap((id) => this.#uncounted(id)),
      COUNTS_MAX,
    );
  }

  /** The groups that gain or lose policies, as far as they could be counted. */
  get audiences(): AudiencesCounted {
    const facts = this.#facts;
    const { groups } = this.#audiences;
    return {
      changes: this.#audiences.changes((id) => ({
        members: facts.group(id).members,
        name: facts.nameOf(id),
      })),
      uncounted: groups.filter((id) => this.#uncounted(id).length > 0).length,
    };
  }

  #uncounted(groupId: string): readonly CountNeeded[] {
    return uncounted(groupId, (id) => this.#facts.counts(id));
  }

  async #read(
    addresses: readonly Address[],
    snapshot: Map<string, ListSnapshot>,
    terms: { readonly isAlone?: boolean } = {},
  ): Promise<void> {
    const { services } = this.#subject;
    const { lists, lagging } = await readBelievedLists(addresses, this.#source, services, terms);
    expectNoneLagging(lagging);
    for (const [path, list] of lists) {
      this.#note(list);
      snapshot.set(path, shown(list, services.identity));
    }
  }

  /**
   * Lists that are known from a page only and stand in the way of a row. What is missing from a page may be there all the same, and a row
   * would fail, or a whole file, for what is not so.
   */
  #doubtful(
    decisions: readonly Decision<BatchRow>[],
    snapshot: ReadonlyMap<string, ListSnapshot>,
  ): readonly Address[] {
    return decisions.flatMap(({ row: { change }, ...decision }) => {
      const path = listPath(change.address);
      const reading = snapshot.get(path);
      if (!this.#source.lists.isFromPage(path) || reading?.kind !== 'list') return [];
      const isPlain =
        decision.kind === 'write' ||
        decision.kind === 'duplicate' ||
        (decision.kind === 'alreadySo' && entryOf(decision.before) !== undefined);
      const isMisplaced = this.#misplaced(change, reading.assignments) !== undefined;
      return isPlain && !isMisplaced ? [] : [change.address];
    });
  }

  #note(list: ReadList): void {
    if (list.kind === 'refused' && isForbidding(list)) this.#refusal ??= list;
    else this.#hasRead = true;
  }

  /** @throws UserError (exit 4) when not one list could be read: a plan of that would be about nothing. */
  expectSomethingRead(): void {
    if (!this.#hasRead && this.#refusal !== undefined)
      throw nothingRead(this.#refusal, this.#subject.services.identity);
  }

  #judged(
    decisions: readonly Decision<BatchRow & Pick<StagedRow, 'input'>>[],
    reading: ListSnapshot | undefined,
  ): PlannedRow[] {
    const [first] = decisions;
    if (first === undefined) return [];
    const { address } = first.row.change;
    const fact = this.#facts.policy(address);
    const list = assignmentsIn(reading);
    const findings = this.#guard.judgeList({
      ...{ kind: address.kind, platform: fact?.platform },
      protects: address.kind.protects?.(fact?.shown ?? {}),
      ...{ assignments: list ?? [], decisions },
      deployments: this.#facts.deploymentsOf(address),
    });
    return decisions.map(({ row, waitsFor, ...decision }, i) => ({
      ...{ input: row.input, change: row.change, list },
      names: { policy: fact?.name, platform: fact?.platform },
      decision: {
        ...decision,
        findings: findings[i] ?? [],
        waitsFor: waitsFor.map(({ input }) => input.line),
      },
      fault:
        decision.kind === 'duplicate'
          ? undefined
          : (this.#fault(row, fact?.name, list) ?? this.#notTaken({ row, ...decision }, fact, list)),
    }));
  }

  /** What the kind of a policy, or this policy of it, does not take. What goes back was there, whatever is documented. */
  #notTaken(
    {
      row: { change },
      kind: decided,
      before,
      after,
      code,
      message = '',
    }: Omit<Decision<BatchRow>, 'waitsFor'>,
    fact: PolicyFact | undefined,
    list: readonly CurrentAssignment[] | undefined,
  ): RowFault | undefined {
    if (this.#subject.isRestoring) return undefined;
    const { kind } = change.address;
    if (decided === 'refused' && code === KIND_NOT_WRITTEN && kind.write.how === 'refused')
      return { code, message: kind.write.because, remedy: kind.write.instead, column: 'policyType' };
    if (decided === 'refused' && code === NOT_TAKEN) {
      const { about, remedy = OTHERWISE } = entryRefusalOf(change, list) ?? {};
      return { code, message, remedy, ...(about !== undefined && { column: about }) };
    }
    if (decided !== 'write' || after === undefined || change.desired === undefined || fact === undefined)
      return undefined;
    const over = entryOf(before);
    const refusal = kind.refuses?.(fact.shown, entryAfter(change, over, after), over?.whole);
    if (refusal === undefined) return undefined;
    const { about, ...told } = refusal;
    return { code: NOT_TAKEN, ...told, column: about };
  }

  /** The row says of the tenant what is not so, as when one column of the file was sorted alone. */
  #fault(
    { input, change }: BatchRow & Pick<StagedRow, 'input'>,
    policyName: string | undefined,
    list: readonly CurrentAssignment[] | undefined,
  ): PlannedRow['fault'] {
    // A rollback says what its policies and groups were called then.
    const misnamed = this.#subject.isRestoring
      ? undefined
      : (policyNameFault(change, policyName) ?? nameFault(input, (id) => this.#facts.nameOf(id)));
    return misnamed ?? (list === undefined ? this.#elsewhere(change) : this.#misplaced(change, list));
  }

  /** Of a row that was written before, the current target is the desired one, and no fault. */
  #misplaced(change: Change, list: readonly CurrentAssignment[]): RowError | undefined {
    const { current, mismatch } = findCurrent(change, list);
    const elsewhere = current === undefined ? this.#elsewhere(change) : undefined;
    if (elsewhere !== undefined) return elsewhere;
    if (mismatch === undefined || change.desired === undefined) return mismatch;
    const isThere = current !== undefined && change.address.assignmentId !== '';
    return (isThere ? [current] : list).some((each) => holds(change, each)) ? undefined : mismatch;
  }

  /** An assignment that another policy has was not deleted: the row names the wrong one of the two. */
  #elsewhere({ address }: Change): RowError | undefined {
    const { assignmentId, policyId } = address;
    const owner = this.#facts.policyOfAssignment(assignmentId);
    if (owner === undefined || owner.toLowerCase() === policyId.toLowerCase() || address.via.length > 0)
      return undefined;
    return {
      code: 'AssignmentElsewhere',
      message: `Expected the assignment ${assignmentId} in policy ${policyId}, found it in policy ${owner}.`,
    };
  }
}

/** The assignment that a row names is not in its list, be it desired there or not: another policy may have it. */
function isUnfound(
  { row: { change } }: Decision<BatchRow>,
  snapshot: ReadonlyMap<string, ListSnapshot>,
): boolean {
  const list = assignmentsIn(snapshot.get(listPath(change.address)));
  return (
    change.address.assignmentId !== '' &&
    list !== undefined &&
    findCurrent(change, list).current === undefined
  );
}

const assignmentsIn = (reading: ListSnapshot | undefined): readonly CurrentAssignment[] | undefined =>
  reading?.kind === 'list' ? reading.assignments : undefined;

/** What a row does not say of itself: what its kind refuses of the entry that it makes of the one that is there. */
const entryRefusalOf = (
  change: Change,
  list: readonly CurrentAssignment[] = [],
): ReturnType<typeof notTakenIn> =>
  change.desired === undefined ? undefined : notTakenIn(change, findCurrent(change, list).current);

/** The targets of a list that is written, as it was read and as it will be, for each thing that its policy does. */
function partsAround(
  decisions: readonly Decision<BatchRow>[],
  reading: ListSnapshot | undefined,
): readonly PartTargets[] {
  const writes = decisions.filter((decision) => decision.kind === 'write');
  const [first] = writes;
  if (first === undefined || reading?.kind !== 'list') return [];
  const { kind } = first.row.change.address;
  const byPart = (entries: readonly JsonObject[]): Map<string, JsonObject[]> =>
    Map.groupBy(entries, (entry) => partOf(kind, entry));
  const before = byPart(reading.assignments.map(({ whole }) => whole));
  const after = byPart(listAfter(writes, reading.assignments));
  return [...new Set([...before.keys(), ...after.keys()])].map((part) => {
    const [was, is] = [before.get(part) ?? [], after.get(part) ?? []];
    return {
      ...{ before: was.map(targetIn), after: is.map(targetIn) },
      takesAway: [...was, ...is].some(isUninstall),
    };
  });
}

const addressesOf = (rows: readonly BatchRow[]): readonly Address[] =>
  rows.map(({ change }) => change.address);

const OTHERWISE = 'Write what the kind takes; README has the table of kinds.';

/** The sign-in or the tenant stands in the way, and not what is in the list. */
const isForbidding = ({ status }: Extract<ReadList, { kind: 'refused' }>): boolean =>
  status >= 400 && status !== 404;

/** A plan decides about every row as it stands in the file, and its guard sees what it decides. */
export const planRules = ({ rules }: Pick<PlanSubject, 'rules'>): PlanRules<BatchRow> => ({
  apiVersion: rules.apiVersion,
  strategy: rules.strategy ?? 'patch',
  restores: rules.restores === true,
  standing: () => 'open',
  isGuarded: () => true,
});

/** @throws UserError (exit 4) when the list could not be read: no answer, no sign-in. */
function shown(list: ReadList, identity: Identity): ListSnapshot {
  expectRead(list, identity);
  return list;
}

const neverPlanned = ({ line }: InputRow): never => {
  throw new Error(`line ${line} was not planned`);
};

const fingerprints = new WeakMap<readonly CurrentAssignment[], string>();

function listFingerprint(list: readonly CurrentAssignment[]): string {
  const known = fingerprints.get(list) ?? fingerprintOfList(list);
  fingerprints.set(list, known);
  return known;
}

/** The assignment that a row is about: where it adds one that is there already, that one. */
const seenIn = (
  list: readonly CurrentAssignment[],
  change: Change,
  { kind, before }: PlannedRow['decision'],
): CurrentAssignment | undefined =>
  change.action === 'add' && kind === 'alreadySo' ? entryOf(before) : findCurrent(change, list).current;

/** With which code a plan shows a row as refused: a run that somebody starts with it has that accepted. */
export const plannedRefusalOf = ({ kind, code }: PlannedRow['decision']): string | undefined =>
  kind === 'refused' ? code : undefined;

/** The same, as the run keeps it. */
export function refusedBy(decision: PlannedRow['decision']): Pick<StagedRow, 'plannedRefusal'> {
  const plannedRefusal = plannedRefusalOf(decision);
  return plannedRefusal === undefined ? {} : { plannedRefusal };
}

/**
 * What the run keeps of what the plan saw of a row: the fingerprint of its assignment, and of its policy's whole list, and with
 * which code it was refused.
 */
export function seenBy({ change, decision, list }: Pick<PlannedRow, 'change' | 'decision' | 'list'>): {
  readonly planned?: string;
  readonly plannedList?: string;
  readonly plannedRefusal?: string;
} {
  // A repeated row is settled with the first one.
  if (decision.kind === 'duplicate') return {};
  if (list === undefined) return { planned: UNREAD, plannedList: UNREAD, ...refusedBy(decision) };
  return {
    ...refusedBy(decision),
    planned: fingerprintOf(seenIn(list, change, decision)),
    plannedList: listFingerprint(list),
  };
}
