import type { Staged } from './staged.ts';
import {
  type CurrentAssignment,
  type RowError,
  currentAssignmentOf,
} from '../assignments/changes/current.ts';
import type { Duplicates } from '../assignments/rows/duplicates.ts';
import { fingerprintOf, fingerprintOfList, UNREAD } from '../assignments/changes/fingerprint.ts';
import { fold, type FoldedRow } from '../assignments/changes/fold.ts';
import { Guard, type Finding } from '../assignments/guard/guard.ts';
import type { Change } from '../assignments/rows/change.ts';
import { decide, holds, type Decision } from '../assignments/changes/decide.ts';
import { policyNameFault } from '../assignments/rows/policyName.ts';
import { listPath } from '../assignments/kinds/policyKinds.ts';
import { findCurrent } from '../assignments/changes/findCurrent.ts';
import { readCurrentAssignments, type LookResult } from '../graph/currentAssignments.ts';
import type { SendReads } from '../graph/reading.ts';
import type { InputRow } from '../runs/batchCodec.ts';
import type { Identity } from './identity.ts';
import { changeOf } from './intake.ts';
import type { Obstacle, PlannedRow } from './planTally.ts';
import type { FactsOfTenant } from './tenantFacts.ts';
import { expectRead, nothingRead } from './unread.ts';

/** A row of a plan, with the fingerprints of what was seen. */
export interface SeenRow extends PlannedRow {
  readonly planned?: string | undefined;
  readonly list?: string | undefined;
  /** The row says of the tenant what is not so, as when one column of the file was sorted alone. */
  readonly fault?: RowError | undefined;
}

type Read = Pick<PlannedRow, 'input' | 'change'>;

/** Reads the lists of one batch after the other, and judges its rows. A batch has all rows of its policies. */
export class BatchLook {
  readonly #staged: Staged;
  readonly #send: SendReads;
  readonly #facts: FactsOfTenant;
  readonly #guard: Guard;
  #hasRead = false;
  #refusal: Extract<LookResult, { kind: 'refused' }> | undefined;

  constructor(staged: Staged, send: SendReads, facts: FactsOfTenant) {
    this.#staged = staged;
    this.#send = send;
    this.#facts = facts;
    this.#guard = new Guard(facts);
  }

  async at(inputs: readonly InputRow[], duplicates: Duplicates): Promise<readonly SeenRow[]> {
    const { rules, session } = this.#staged;
    const read = inputs.map((input): Read & { isDuplicate: boolean } => {
      const change = changeOf(input, rules);
      // A row that says the same again is settled with the first one.
      return { input, change, isDuplicate: duplicates.seen(change) !== undefined };
    });
    const looks = await readCurrentAssignments(
      read.flatMap(({ change, isDuplicate }) => (isDuplicate ? [] : [change.address])),
      this.#send,
      `${rules.root}/${rules.apiVersion}`,
    );
    const rows: SeenRow[] = read.map((row) => ({ ...row, ...DUPLICATE }));
    const firsts = [...read.entries()].filter(([, { isDuplicate }]) => !isDuplicate);
    const lists = Map.groupBy(firsts, ([, { change }]) => listPath(change.address));
    const seen = [...lists].map(([path, ofList]) => {
      const look = lookAt(looks, path, session.identity);
      if (look.kind !== 'refused' || !isForbidding(look)) this.#hasRead = true;
      else this.#refusal ??= look;
      return {
        look,
        ofList,
        rows: this.#seenList(
          ofList.map(([, row]) => row),
          look,
        ),
      };
    });
    await this.#facts.learn(seen.flatMap((list) => list.rows));
    for (const list of seen) {
      const judged = this.#judged(list.rows, list.look);
      for (const [i, [place]] of list.ofList.entries()) {
        const row = judged[i];
        if (row !== undefined) rows[place] = row;
      }
    }
    return rows;
  }

  /** @throws UserError (exit 4) when not one list could be read: a plan of that would be about nothing. */
  expectSomethingRead(): void {
    if (!this.#hasRead && this.#refusal !== undefined)
      throw nothingRead(this.#refusal, this.#staged.session.identity);
  }

  #seenList(rows: readonly Read[], look: LookResult & { kind: 'list' | 'refused' | 'blind' }): SeenRow[] {
    const isWhole =
      this.#staged.rules.strategy === 'assign' || rows.some(({ change }) => change.action !== 'set');
    const list = look.kind === 'list' ? fingerprintOfList(look.assignments) : undefined;
    const seen = rows.map((row) => ({ ...row, list, ...this.#said(row.change, look) }));
    if (isWhole && look.kind === 'list') return this.#folded(seen, look.assignments);
    return seen.map((row) => ({ ...row, ...decided(decide(row.change, look), look, row.change) }));
  }

  #folded<T extends Read>(rows: readonly T[], list: readonly CurrentAssignment[]): (T & Decided)[] {
    const folded = fold(
      rows.map(({ change }) => change),
      list,
    );
    return rows.map((row, i) => ({
      ...row,
      byAssign: listPath(row.change.address),
      ...foldedAs(folded.rows[i], row.change, list),
    }));
  }

  /** What a look tells of a row whatever is decided on it. */
  #said(change: Change, look: LookResult) {
    const { form, policyId } = change.address;
    const policyName = this.#facts.policy(form.policyType, policyId)?.name;
    // A rollback says what its policies were called then.
    const misnamed = this.#staged.isRestoring ? undefined : policyNameFault(change, policyName);
    if (look.kind !== 'list')
      return { policyName, planned: UNREAD, list: UNREAD, fault: misnamed ?? this.#elsewhere(change) };
    const { present } = findCurrent(change, look.assignments);
    return {
      policyName,
      planned: fingerprintOf(present),
      fault: misnamed ?? this.#misplaced(change, look.assignments),
    };
  }

  /** Of a row that was written before, the present target is the wished one, and no fault. */
  #misplaced(change: Change, list: readonly CurrentAssignment[]): RowError | undefined {
    const { present, mismatch } = findCurrent(change, list);
    const elsewhere = present === undefined ? this.#elsewhere(change) : undefined;
    if (elsewhere !== undefined) return elsewhere;
    if (mismatch === undefined || change.wish === undefined) return mismatch;
    const isThere = present !== undefined && change.address.assignmentId !== '';
    return (isThere ? [present] : list).some((each) => holds(change, each)) ? undefined : mismatch;
  }

  /** An assignment that another policy has was not deleted: the row names the wrong one of the two. */
  #elsewhere({ address }: Change): RowError | undefined {
    const { assignmentId, policyId } = address;
    const owner = this.#facts.policyOfAssignment(assignmentId);
    if (owner === undefined || owner.toLowerCase() === policyId.toLowerCase() || address.form.via.length > 0)
      return undefined;
    return {
      code: 'AssignmentElsewhere',
      message: `Expected the assignment ${assignmentId} in policy ${policyId}, found it in policy ${owner}.`,
    };
  }

  #judged(rows: readonly SeenRow[], look: LookResult): readonly SeenRow[] {
    const [first] = rows;
    if (first === undefined || look.kind !== 'list') return rows;
    const { form, policyId } = first.change.address;
    const found = this.#guard.judgeList({
      policyType: form.policyType,
      policyId,
      ...this.#facts.policy(form.policyType, policyId),
      assignments: look.assignments,
      // Lines may be shared by several rows; places are not.
      rows: rows.flatMap(({ decision, before, after, cleared }, place) =>
        decision === 'write' ? [{ line: place, before, after, cleared }] : [],
      ),
    });
    const findings = Map.groupBy(found, ({ line }) => line);
    return rows.map((row, place) => ({ ...row, findings: (findings.get(place) ?? []) satisfies Finding[] }));
  }
}

/** The sign-in or the tenant stands in the way, and not what is in the list. */
const isForbidding = ({ status }: Extract<LookResult, { kind: 'refused' }>): boolean =>
  status >= 400 && status !== 404;

/** A row that says what an earlier one says. */
export const DUPLICATE = {
  decision: 'duplicate',
  before: undefined,
  after: undefined,
  findings: [],
} as const;

type Decided = Pick<PlannedRow, 'decision' | 'obstacle' | 'before' | 'after' | 'cleared' | 'findings'>;

const refused = (obstacle: Obstacle, before: CurrentAssignment | undefined): Decided => ({
  ...{ decision: 'refused', obstacle, before, after: undefined, findings: [] },
});

function decided(decision: Decision, look: LookResult, change: Change): Decided {
  switch (decision.kind) {
    case 'alreadySo':
      return { decision: 'alreadySo', before: decision.present, after: undefined, findings: [] };
    case 'write':
      if (decision.present === undefined) return refused('gone', undefined);
      return { decision: 'write', before: decision.present, after: decision.body, findings: [] };
    case 'stale': // there is no plan before this one
    case 'refused': {
      const isList = look.kind === 'list';
      if (!isList)
        return refused(look.kind === 'refused' && look.status === 404 ? 'gone' : 'unreadable', undefined);
      return refused(
        'error' in decision ? obstacleOf(decision.error) : 'unreadable',
        findCurrent(change, look.assignments).present,
      );
    }
  }
}

function foldedAs(what: FoldedRow | undefined, change: Change, list: readonly CurrentAssignment[]): Decided {
  const { present } = findCurrent(change, list);
  switch (what?.kind) {
    case 'alreadySo':
      return { decision: 'alreadySo', before: what.present, after: undefined, findings: [] };
    case 'write': {
      const cleared = Array.isArray(what.before)
        ? (what.before as unknown[]).flatMap((each) => currentAssignmentOf(each) ?? [])
        : undefined;
      const before = cleared === undefined ? currentAssignmentOf(what.before) : undefined;
      return { decision: 'write', before, after: what.after, cleared, findings: [] };
    }
    case 'refused':
      return refused(obstacleOf(what.error), present);
    case undefined:
      throw new Error('a row was not folded');
  }
}

function obstacleOf({ code }: RowError): Obstacle {
  switch (code) {
    case 'AssignmentGone':
      return 'gone';
    case 'PolicySetOwned':
      return 'policySet';
    case 'AlreadyAssigned':
    case 'DuplicateTarget':
      return 'conflict';
    default:
      return 'unreadable';
  }
}

/** @throws UserError (exit 4) when the list could not be read: no answer, no sign-in. */
export function lookAt(looks: ReadonlyMap<string, LookResult>, path: string, identity: Identity) {
  const look = looks.get(path);
  if (look === undefined) throw new Error(`nobody looked at ${path}`);
  expectRead(look, identity);
  return look;
}
