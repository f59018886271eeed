import type { ApiVersion } from '../values/apiVersion.ts';
import { listPath, policyKey } from '../kinds/address.ts';
import { isPostDelete, writesBy, type Strategy } from '../kinds/kind.ts';
import type { Change } from '../rows/change.ts';
import { aboutKey } from '../rows/about.ts';
import { desiredKey } from '../rows/duplicates.ts';
import { targetInWords } from './changeKind.ts';
import { canonicalList } from './canonical.ts';
import { entriesOf, entryOf, NOT_READ, beforeOf, type Before, type Decision } from './decision.ts';
import type { CurrentAssignment, RowError } from './current.ts';
import { findCurrent } from './findCurrent.ts';
import { fingerprintOf, fingerprintOfList, UNREAD } from './fingerprint.ts';
import { isInPlace, nextWrite, NOT_IN_PLACE, stageOf, type NextWrite } from './postDelete.ts';
import { isExclusion } from '../targets/currentTarget.ts';
import { reducesScope } from './reducesScope.ts';
import { refuseWhatCannotBeBeside } from './beside.ts';
import { besidesOurs } from './ownAdditions.ts';
import { patchBody } from './request.ts';
import { contradictions, refuseTakenSeats, roomMakers, seatsOf, type SeatOf } from './seats.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import { refused, refuseSecondClaims, stepsIn, type RowStep } from './steps.ts';

/** What was read of one list. One that is not in a snapshot was not to be read: the run is blind, or the plan offline. */
export type ListSnapshot =
  | { readonly kind: 'list'; readonly assignments: readonly CurrentAssignment[] }
  /** Graph answered that this list can't be read: missing policy, no permission, no such route. */
  | { readonly kind: 'refused'; readonly status: number; readonly error: RowError }
  /** Not readable now, so that nothing is decided about its rows. */
  | { readonly kind: 'unread' };

/** The current assignments of a batch's policies, read together; by `listPath`. */
export type Snapshot = ReadonlyMap<string, ListSnapshot>;

/**
 * How a row stands before it is decided about. open: to be taken further. waiting: likewise, but not yet. done: it has come true.
 * failed: it has not, and will not. awaitingApproval: somebody has to approve it.
 */
export type Standing = 'open' | 'waiting' | 'done' | 'failed' | 'awaitingApproval';

/** A row of a batch. */
export interface BatchRow {
  readonly change: Change;
  /** The fingerprint of the assignment that the plan saw, and that of its policy's list; undefined: there is no plan. */
  readonly planned?: string | undefined;
  readonly plannedList?: string | undefined;
  /** The code with which that plan saw it refused. */
  readonly plannedRefusal?: string | undefined;
  /** What its last write that may have left has overwritten. */
  readonly before?: Before | undefined;
  /** Sends that count. */
  readonly attempts?: number;
}

export interface PlanRules<R> {
  readonly apiVersion: ApiVersion;
  /** How the run writes a list where both ways are open. */
  readonly strategy: Strategy;
  readonly standing: (row: R) => Standing;
  /** Whether a guard sees the row or has seen it, so that somebody allows what it finds: else it is refused here. */
  readonly isGuarded: (row: R) => boolean;
  /** The lists that are not in the snapshot are read before they are written: the plan is offline, and its run not blind. */
  readonly isReadLater?: boolean;
  /** The rows take back what a run has written, which may have made an assignment one of a policy set. */
  readonly restores?: boolean;
}

/**
 * Decides what has to happen to the open rows of a batch. The planner calls it before a run, the worker before each write. It sees
 * each policy's list as it will be after all rows of the batch, which has all rows of its policies, and it keeps nothing: what it
 * answers follows from the rows and the lists. Rows of lists that were not readable get no decision.
 */
export function planBatch<R extends BatchRow>(
  rows: readonly R[],
  snapshot: Snapshot,
  rules: PlanRules<R>,
): Decision<R>[] {
  const decisions = new Map<R, Decision<R>>();
  for (const ofPolicy of Map.groupBy(rows, ({ change }) => policyKey(change.address)).values())
    for (const decision of new PolicyPlan(ofPolicy, snapshot, rules).decisions())
      decisions.set(decision.row, decision);
  return rows.flatMap((row) => decisions.get(row) ?? []);
}

const isOpen = (standing: Standing): boolean => standing === 'open' || standing === 'waiting';

/** One list of a policy, and what its rows do to it. */
interface ListPlan<R> {
  readonly kind: PolicyKind;
  readonly reading: Exclude<ListSnapshot, { kind: 'unread' }> | { readonly kind: 'blind' };
  readonly assignments: readonly CurrentAssignment[];
  /** Those that are open, without repeated ones. */
  readonly rows: readonly R[];
  readonly changes: readonly Change[];
  readonly steps: RowStep[];
  /** `each`: an assignment comes and goes by itself, each in its turn. */
  via: Strategy | 'each';
  readonly mayAssign: boolean;
  readonly seatOf: SeatOf;
}

interface HeldBack<R> {
  readonly list: ListPlan<R>;
  readonly row: R;
  readonly at: number;
  readonly by: R;
}

/** Rows that go in one write with the rest of their list, or are refused where that can't be written whole. */
interface Together<R> {
  readonly rows: readonly R[];
  readonly unless: RowStep;
}

class PolicyPlan<R extends BatchRow> {
  readonly #rows: readonly R[];
  readonly #rules: PlanRules<R>;
  readonly #lists: readonly ListPlan<R>[];
  readonly #repeated: readonly R[];
  /** Rows that come before another one, for its place or for the policy's scope. */
  readonly #waits = new Map<R, readonly R[]>();
  /** Rows that are not written for the sake of another one that has failed or awaits approval. */
  readonly #heldBackBy = new Map<R, R>();

  constructor(rows: readonly R[], snapshot: Snapshot, rules: PlanRules<R>) {
    this.#rows = rows;
    this.#rules = rules;
    const repeated = repeatedRows(rows.filter((row) => isOpen(rules.standing(row))));
    this.#repeated = [...repeated];
    this.#lists = [...Map.groupBy(rows, ({ change }) => listPath(change.address))].flatMap(
      ([path, ofList]) => {
        const reading = snapshot.get(path) ?? { kind: 'blind' as const };
        return reading.kind === 'unread' ? [] : [listPlan(ofList, repeated, reading, rules)];
      },
    );
    this.#refuseWhatCannotStand();
    this.#order();
  }

  decisions(): Decision<R>[] {
    const decided = this.#lists.flatMap((list) => list.rows.map((row, i) => this.#decision(row, list, i)));
    const repeated = this.#repeated.map((row): Decision<R> => ({
      ...{
        row,
        kind: 'duplicate',
        before: NOT_READ,
        after: undefined,
        via: 'patch',
        waitsFor: [],
        findings: [],
      },
    }));
    return [...decided, ...repeated].filter(({ row }) => this.#rules.standing(row) === 'open');
  }

  /** A row that can't be done stays as it was, which may be in the way of others, and those in the way of more. */
  #refuseWhatCannotStand(): void {
    for (const list of this.#lists) this.#refuseIn(list);
    for (let held = this.#heldBack(); held !== undefined; held = this.#heldBack()) {
      const { list, row, at, by } = held;
      list.steps[at] = refused(
        'HeldBack',
        this.#rules.standing(by) === 'awaitingApproval' ? HELD_BACK_FOR_APPROVAL : HELD_BACK,
      );
      this.#heldBackBy.set(row, by);
      this.#refuseIn(list);
    }
  }

  /** The first row that widens the scope of the policy, while one that reduces it did not come through. */
  #heldBack(): HeldBack<R> | undefined {
    const failed = this.#rows.find((row) => this.#hasFailed(row) && this.#reduces(row));
    if (failed === undefined) return undefined;
    for (const list of this.#lists)
      for (const [at, step] of list.steps.entries()) {
        const row = list.rows[at];
        if (row !== undefined && (step.kind === 'put' || step.kind === 'take') && !this.#reduces(row))
          return { list, row, at, by: failed };
      }
    return undefined;
  }

  #refuseIn(list: ListPlan<R>): void {
    if (list.reading.kind !== 'list') return;
    const { steps, changes, rows } = list;
    refuseSecondClaims(steps, changes);
    const { restores } = this.#rules;
    const seats = {
      ...{ steps, changes, list: this.#besidesOurs(list) },
      ...{ seatOf: list.seatOf, kind: list.kind, restores },
    };
    refuseTakenSeats(seats);
    // What goes back stood so before.
    if (!restores) refuseWhatCannotBeBeside(list.kind, { steps, changes, list: list.assignments });
    for (const at of contradictions(seats)) {
      const row = rows[at];
      if (row === undefined || this.#rules.isGuarded(row)) continue;
      steps[at] = refused('IncludeAndExclude', INCLUDE_AND_EXCLUDE);
      refuseTakenSeats(seats);
    }
    if (list.via === 'each') this.#passWhatIsDone(list);
  }

  /** A list without what rows of it have brought already, and whose old assignment has yet to go. */
  #besidesOurs(list: ListPlan<R>): readonly CurrentAssignment[] {
    const { via, rows, steps, assignments, kind } = list;
    if (via !== 'each') return assignments;
    const { standing, restores } = this.#rules;
    const ofList = this.#rowsOf(list).map((row) => ({
      ...{ row, isDone: standing(row) === 'done' },
      step: steps[rows.indexOf(row)],
    }));
    return besidesOurs(ofList, { list: assignments, identity: kind.identity, restores });
  }

  /** All rows of a list, those that are settled too. */
  #rowsOf({ rows: [first] }: ListPlan<R>): readonly R[] {
    const path = first && listPath(first.change.address);
    return this.#rows.filter(({ change }) => listPath(change.address) === path);
  }

  /** What others want is there as they want it, also where a row would have taken it away. */
  #passWhatIsDone(list: ListPlan<R>): void {
    const { steps, assignments, kind } = list;
    for (const [at, step] of steps.entries()) {
      if (isInPlace(step, kind.identity)) steps[at] = NOT_IN_PLACE;
      else if ((step.kind === 'put' || step.kind === 'take') && this.#next(list, at) === undefined) {
        const desired = step.kind === 'put' ? kind.identity(step.body) : undefined;
        const current = assignments.find(({ whole }) => kind.identity(whole) === desired);
        steps[at] = { kind: 'alreadySo', current };
      }
    }
  }

  #next(list: ListPlan<R>, at: number): NextWrite | undefined {
    const { identity } = list.kind;
    const own = list.rows[at];
    const wanted = new Set(
      this.#rowsOf(list).flatMap((row) => {
        const { change } = row;
        if (row === own || change.desired === undefined || this.#hasFailed(row)) return [];
        return [identity(patchBody(change, undefined))];
      }),
    );
    return nextWrite(list.steps[at], { list: list.assignments, identity, wanted, before: own?.before });
  }

  #patched(): readonly ListPlan<R>[] {
    return this.#lists.filter(({ via }) => via === 'patch');
  }

  #hasFailed(row: R): boolean {
    const standing = this.#rules.standing(row);
    if (!isOpen(standing)) return standing !== 'done';
    const step = this.#stepOf(row);
    return step?.kind === 'refused' || step?.kind === 'stale';
  }

  #stepOf(row: R): RowStep | undefined {
    for (const list of this.#lists) {
      const at = list.rows.indexOf(row);
      if (at >= 0) return list.steps[at];
    }
    return undefined;
  }

  /** Whether a row reduces who gets the policy, given what it finds, or what it found when it was written. */
  #reduces(row: R): boolean {
    const path = listPath(row.change.address);
    const list = this.#lists.find(({ rows }) => rows[0] && listPath(rows[0].change.address) === path);
    // Its new one is there: what is left is that its old one goes.
    const next = list?.via === 'each' ? this.#next(list, list.rows.indexOf(row)) : undefined;
    if (next?.via === 'delete' && next.halfDone === 'newIsThere') return !isExclusion(next.entry.target);
    const wrote = row.before && entryOf(row.before);
    return reducesScope(row.change, wrote ?? findCurrent(row.change, list?.assignments ?? []).current);
  }

  /**
   * Rows that make room come first, and what reduces the scope before what widens it. Rows that wait for each other go together, and
   * so do those after which a group is included and excluded: where it has one place a PATCH writes over the other entry, and only
   * of a whole list is all of it read back.
   */
  #order(): void {
    const reducing = this.#rows.filter((row) => this.#isPending(row) && this.#reduces(row));
    for (const list of this.#patched()) {
      const makers = roomMakers({ ...list, list: list.assignments });
      for (const [at, step] of list.steps.entries()) {
        const row = list.rows[at];
        if (row === undefined || step.kind !== 'put') continue;
        const room = (makers.get(at) ?? []).flatMap((maker) => list.rows[maker] ?? []);
        const scope = this.#reduces(row) ? [] : reducing;
        if (room.length + scope.length > 0) this.#waits.set(row, [...new Set([...room, ...scope])]);
      }
    }
    for (const list of this.#lists) if (list.via === 'each') this.#orderEach(list);
    const circle = circleIn(this.#waits);
    const together = circle === undefined ? this.#contradicting() : { rows: circle, unless: CIRCLE };
    if (together === undefined) return this.#waitForWholeLists();
    for (const list of this.#lists.filter(({ rows }) => rows.some((row) => together.rows.includes(row)))) {
      if (list.mayAssign) this.#writeWhole(list);
      else
        for (const [at, row] of list.rows.entries())
          if (together.rows.includes(row)) list.steps[at] = together.unless;
    }
    this.#waits.clear();
    this.#refuseWhatCannotStand();
    this.#order();
  }

  #orderEach(list: ListPlan<R>): void {
    const staged = list.rows.flatMap((row, at) => {
      const next = this.#isPending(row) ? this.#next(list, at) : undefined;
      return next === undefined ? [] : [{ row, stage: stageOf(list.steps[at], next) }];
    });
    for (const { row, stage } of staged) {
      const earlier = staged.filter((other) => other.stage < stage).map((other) => other.row);
      if (earlier.length > 0) this.#waits.set(row, earlier);
    }
  }

  #contradicting(): Together<R> | undefined {
    const rows = this.#patched().flatMap(({ reading, rows: ofList, steps, assignments, kind }) =>
      reading.kind === 'list'
        ? contradictions({ steps, list: assignments, kind }).flatMap((at) => ofList[at] ?? [])
        : [],
    );
    return rows.length === 0 ? undefined : { rows, unless: BOTH_BY_PATCH };
  }

  #writeWhole(list: ListPlan<R>): void {
    list.via = 'assign';
    markStaleList(list);
  }

  /** Open, and something is left to be done for it. */
  #isPending(row: R): boolean {
    const standing = this.#rules.standing(row);
    if (!isOpen(standing)) return false;
    const step = this.#stepOf(row);
    return step === undefined ? !this.#repeated.includes(row) : step.kind === 'put' || step.kind === 'take';
  }

  /** All rows of a list go in one write, so that those that are due wait for those that are not. */
  #waitForWholeLists(): void {
    for (const { via, rows } of this.#lists) {
      if (via !== 'assign') continue;
      const notDue = rows.filter((row) => this.#rules.standing(row) === 'waiting');
      if (notDue.length > 0) for (const row of rows) this.#waits.set(row, notDue);
    }
  }

  #decision(row: R, list: ListPlan<R>, at: number): Decision<R> {
    const { via, reading, assignments } = list;
    const step = list.steps[at];
    const found = reading.kind === 'list' ? beforeOf(findCurrent(row.change, assignments).current) : NOT_READ;
    const heldBackBy = this.#heldBackBy.get(row);
    const waitsFor = heldBackBy === undefined ? (this.#waits.get(row) ?? []) : [heldBackBy];
    const common = {
      row,
      via: via === 'each' ? 'post' : via,
      waitsFor,
      after: undefined,
      findings: [],
    } as const;
    const next = via === 'each' ? this.#next(list, at) : undefined;
    if (next !== undefined)
      return {
        ...common,
        kind: 'write',
        before: withKept(overwrittenBy(step) ?? NOT_READ, row),
        after: step?.kind === 'put' ? step.body : undefined,
        via: next.via,
        ...(next.via === 'delete' && { removes: next.entry }),
        ...(next.via === 'delete' && next.halfDone && { halfDone: next.halfDone }),
        ...(!next.isLast && { isUnfinished: true }),
      };
    switch (step?.kind) {
      case 'alreadySo':
        return {
          ...common,
          kind: 'alreadySo',
          before: beforeOf(step.current),
          ...(isUnplanned(row, step.current, list) && { isUnplanned: true }),
        };
      case 'put':
        return {
          ...common,
          kind: 'write',
          before: reading.kind === 'list' ? (overwrittenBy(step) ?? NOT_READ) : NOT_READ,
          after: step.body,
        };
      case 'take':
        return {
          ...common,
          kind: 'write',
          before: reading.kind === 'list' ? (overwrittenBy(step) ?? NOT_READ) : NOT_READ,
        };
      case 'stale':
        return {
          ...common,
          kind: 'stale',
          before: found,
          code: 'Stale',
          message: staleBecause(list, found, row),
        };
      case undefined:
        throw new Error(`nothing was decided about line ${row.change.line}`);
      case 'refused': {
        const { code, message } = step.error;
        const httpStatus = reading.kind === 'refused' ? { httpStatus: reading.status } : {};
        return { ...common, kind: 'refused', before: found, code, message, ...httpStatus };
      }
    }
  }
}

const HELD_BACK =
  'Not written: it widens the audience of its policy, and a row that narrows it did not come through.';
const HELD_BACK_FOR_APPROVAL =
  'Waits for a row of the same policy that narrows its audience and awaits approval.';
const CIRCLE = refused(
  'DuplicateTarget',
  'Rows of this policy take the place of one another, which can be written only as a whole list, and this one can’t be; nothing was written. Change one of them in a file of its own first.',
);
const BOTH_BY_PATCH = refused(
  'IncludeAndExclude',
  'The policy would include and exclude one group, which is written only as a whole list, and this one can’t be; nothing was written. Remove one of the two.',
);

/** Rows that say what an earlier one says. */
export function repeatedRows<R extends BatchRow>(rows: readonly R[]): ReadonlySet<R> {
  const repeated = new Set<R>();
  if (rows.length < 2) return repeated;
  const said = new Map<string, string>();
  for (const row of rows) {
    const key = aboutKey(row.change);
    const desired = desiredKey(row.change);
    const earlier = said.get(key);
    if (earlier === undefined) said.set(key, desired);
    else if (earlier === desired) repeated.add(row);
  }
  return repeated;
}

function listPlan<R extends BatchRow>(
  ofList: readonly R[],
  repeated: ReadonlySet<R>,
  reading: ListPlan<R>['reading'],
  { standing, strategy, apiVersion, restores = false, isReadLater = false }: PlanRules<R>,
): ListPlan<R> {
  const rows = ofList.filter((row) => isOpen(standing(row)) && !repeated.has(row));
  const changes = rows.map(({ change }) => change);
  const assignments = reading.kind === 'list' ? reading.assignments : [];
  const isNested = ofList.some(({ change }) => change.address.via.length > 0);
  const wantsWhole = ofList.some(
    ({ change: { action, address } }) => action !== 'set' || writesBy(address.kind, strategy) === 'assign',
  );
  const mayAssign = reading.kind === 'list' && apiVersion === 'beta' && !isNested;
  const kind = kindOf(ofList);
  const plan: ListPlan<R> = {
    kind,
    reading,
    assignments,
    rows,
    changes,
    steps: [],
    via: isPostDelete(kind) ? 'each' : wantsWhole && !isNested ? 'assign' : 'patch',
    mayAssign,
    seatOf: seatsOf(assignments, kind, restores),
  };
  switch (reading.kind) {
    case 'refused':
      plan.steps.push(...rows.map(() => refused(reading.error.code, whyNotRead(reading))));
      return plan;
    case 'blind':
      plan.steps.push(...changes.map((each) => (wantsWhole && !isReadLater ? NOT_READ_WHOLE : unseen(each))));
      refuseUnwritten(plan);
      return plan;
    case 'list':
      plan.steps.push(...stepsIn(changes, assignments, ofList, restores));
      if (wantsWhole) refuseUnlessWhole(plan, isNested, apiVersion);
      refuseUnwritten(plan);
      if (plan.via === 'assign' && knowsList(ofList)) markStaleList(plan);
      else markStaleRows(plan);
      if (plan.via === 'each') markStaleClears(plan, ofList);
      markStaleSinceSent(plan);
      return plan;
  }
}

/** All rows of a list are of one kind. */
function kindOf<R extends BatchRow>([first]: readonly R[]): PolicyKind {
  if (first === undefined) throw new Error('a list without rows');
  return first.change.address.kind;
}

const NOT_READ_WHOLE: RowStep = refused(
  'ReadIncomplete',
  "The policy's list was not read, and is written only as it was read; nothing was written.",
);
const NEEDS_PATCH: RowStep = refused(
  'NeedsPatch',
  'A list behind its policy (via) can’t be written by assign; nothing was written. Retry it with --strategy patch.',
);

const unseen = (change: Change): RowStep =>
  change.desired === undefined
    ? { kind: 'take', away: [], isClear: change.action === 'clear' }
    : { kind: 'put', over: undefined, body: patchBody(change, undefined) };

/** What `assign` can't write: a list of a nested form, and what v1.0 shows, as it hides filters. */
function refuseUnlessWhole<R>({ steps }: ListPlan<R>, isNested: boolean, apiVersion: ApiVersion): void {
  const instead = apiVersion === 'beta' ? (isNested ? NEEDS_PATCH : undefined) : NOT_READ_WHOLE;
  if (instead === undefined) return;
  for (const [at, step] of steps.entries())
    if (step.kind === 'put' || step.kind === 'take') steps[at] = instead;
}

/** The code of a row that changes a policy of a kind that is only read. */
export const KIND_NOT_WRITTEN = 'KindNotWritten';

function refuseUnwritten<R>({ steps, kind: { write } }: ListPlan<R>): void {
  if (write.how !== 'refused') return;
  for (const [at, step] of steps.entries())
    if (step.kind === 'put' || step.kind === 'take')
      steps[at] = refused(KIND_NOT_WRITTEN, `${write.because} Nothing was written.`);
}

/** Graph shows what is not there and what a role or scope tags hide in one way. */
const whyNotRead = ({ status, error }: Extract<ListSnapshot, { kind: 'refused' }>): string =>
  status === 404 ? `${error.message} (gone, or not visible to this sign-in)` : error.message;

/** What is there is neither as desired nor what the plan saw: somebody has changed it since. */
function markStaleRows<R extends BatchRow>({ rows, steps, assignments }: ListPlan<R>): void {
  for (const [at, row] of rows.entries()) {
    if (row.planned === undefined || steps[at]?.kind === 'alreadySo') continue;
    if (row.planned !== fingerprintOf(findCurrent(row.change, assignments).current))
      steps[at] = { kind: 'stale' };
  }
}

/** What is taken away one by one must all be as the plan saw it, until this run has begun to change it. */
function markStaleClears<R extends BatchRow>(
  { rows, steps, assignments }: ListPlan<R>,
  ofList: readonly R[],
): void {
  if (ofList.some(({ attempts = 0, before }) => attempts > 0 || before !== undefined)) return;
  const now = fingerprintOfList(assignments);
  for (const [at, { change, plannedList }] of rows.entries())
    if (change.action === 'clear' && plannedList !== undefined && plannedList !== now)
      steps[at] = { kind: 'stale' };
}

/** What was taken away before belongs to what a row has overwritten as well. */
function withKept(now: Before, { before }: BatchRow): Before {
  if (now.kind !== 'entries' || before?.kind !== 'entries') return now;
  const there = new Set(now.entries.map(({ id }) => id));
  return { kind: 'entries', entries: [...before.entries.filter(({ id }) => !there.has(id)), ...now.entries] };
}

/** Without a plan, what the first send was to overwrite must still be there: whoever has changed it since is not overwritten. */
function markStaleSinceSent<R extends BatchRow>({ rows, steps, via }: ListPlan<R>): void {
  for (const [at, { planned, before = NOT_READ, attempts = 0 }] of rows.entries()) {
    const now = overwrittenBy(steps[at]);
    // What is cleared one by one becomes less.
    if (via === 'each' && now?.kind === 'entries') continue;
    if (planned !== undefined || attempts === 0 || before.kind === 'notRead' || now === undefined) continue;
    if (canonicalList(entriesOf(before)) !== canonicalList(entriesOf(now))) steps[at] = { kind: 'stale' };
  }
}

/** What a step that writes would overwrite; undefined: it writes nothing. */
function overwrittenBy(step: RowStep | undefined): Before | undefined {
  switch (step?.kind) {
    case 'put':
      return beforeOf(step.over);
    case 'take':
      return step.isClear ? { kind: 'entries', entries: step.away } : beforeOf(step.away[0]);
    default:
      return undefined;
  }
}

/** Whether a row that is already so was not when the plan saw it. */
function isUnplanned<R extends BatchRow>(
  { change, planned, plannedList }: R,
  current: CurrentAssignment | undefined,
  { reading, assignments }: ListPlan<R>,
): boolean {
  if (planned === undefined || planned === UNREAD || reading.kind !== 'list') return false;
  switch (change.action) {
    case 'add':
      return planned !== fingerprintOf(current);
    case 'clear':
      return plannedList !== undefined && plannedList !== fingerprintOfList(assignments);
    case 'set':
    case 'remove':
      return planned !== fingerprintOf(findCurrent(change, assignments).current);
  }
}

/** A plan that keeps only what its rows are about takes whatever else stands in their list. */
const knowsList = <R extends BatchRow>(ofList: readonly R[]): boolean =>
  ofList.some(({ plannedList }) => plannedList !== undefined);

/** A list that is written as a whole must be as the plan saw it, all of it. */
function markStaleList<R extends BatchRow>({ rows, steps, assignments }: ListPlan<R>): void {
  const now = fingerprintOfList(assignments);
  if (rows.every(({ plannedList }) => plannedList === undefined || plannedList === now)) return;
  for (const [at, step] of steps.entries()) if (step.kind !== 'alreadySo') steps[at] = { kind: 'stale' };
}

function staleBecause<R extends BatchRow>(
  { via }: ListPlan<R>,
  found: Before,
  { before, planned, plannedList, change }: R,
): string {
  const entry = entryOf(found);
  const now =
    change.action === 'clear' || (via === 'assign' && plannedList !== undefined)
      ? 'the list of the policy is another one'
      : entry === undefined
        ? 'it is gone'
        : `it is ${targetInWords(entry.target)}`;
  // A before-image is kept of what may have been sent. What is cleared one by one is not yet as desired after its first write.
  const isHalfCleared = via === 'each' && change.action === 'clear';
  const unwritten = isHalfCleared
    ? 'No write of it is on record, but Redis may have lost one'
    : 'Nothing was written';
  const written = before === undefined ? `${unwritten}; plan` : 'Plan';
  const since = planned === undefined ? 'it was sent' : 'the plan';
  return `Changed since ${since}: now ${now}. ${written} again to take it as it is.`;
}

const INCLUDE_AND_EXCLUDE =
  'The policy would include and exclude one group; nothing was written. Remove one of the two, or let a plan show it and allow it by name.';

/** Rows that wait for each other, directly or along others. */
function circleIn<R>(waits: ReadonlyMap<R, readonly R[]>): readonly R[] | undefined {
  const done = new Set<R>();
  const walk = (row: R, trail: readonly R[]): readonly R[] | undefined => {
    const start = trail.indexOf(row);
    if (start >= 0) return trail.slice(start);
    if (done.has(row)) return undefined;
    for (const next of waits.get(row) ?? []) {
      const circle = walk(next, [...trail, row]);
      if (circle !== undefined) return circle;
    }
    done.add(row);
    return undefined;
  };
  for (const row of waits.keys()) {
    const circle = walk(row, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
