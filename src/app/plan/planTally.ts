import type { PolicyType } from '../../assignments/kinds/registry.ts';
import { listPath, type Address } from '../../assignments/kinds/address.ts';
import type { Family } from '../../assignments/kinds/family.ts';
import { isPostDelete, type Strategy } from '../../assignments/kinds/kind.ts';
import type { CurrentAssignment, RowError } from '../../assignments/changes/current.ts';
import { changeKind, targetInWords, type FilterChange } from '../../assignments/changes/changeKind.ts';
import type { Change } from '../../assignments/rows/change.ts';
import { Causes } from '../../assignments/guard/causes.ts';
import { beforeInWords, NOTHING } from '../../assignments/changes/beforeInWords.ts';
import { entriesOf, entryOf } from '../../assignments/changes/decision.ts';
import { Mentioned } from '../../assignments/names/mentioned.ts';
import type { PlanDecision } from '../../formats/planFile.ts';
import type { RowNames } from '../../assignments/rows/names.ts';
import type { JsonObject } from '../../assignments/values/json.ts';
import { targetIn, targetKind } from '../../assignments/targets/currentTarget.ts';
import type { InputColumn } from '../../assignments/rows/columns.ts';
import { cellText } from '../../assignments/rows/selector.ts';
import type { InputRow } from '../../assignments/rows/row.ts';

/** Rows of a plan that are shown one by one. */
const ROWS_SHOWN = 10;
/** Rows that can't be done and that are kept one by one; all are counted. */
const KEPT_MAX = 1_000;

/** One row of a plan, judged. */
export interface PlannedRow {
  readonly input: InputRow;
  readonly change: Change;
  readonly decision: PlanDecision;
  /** What people call its policy, as far as the tenant shows it. */
  readonly names: RowNames;
  /** The list of its policy as it was read; undefined: it was not. */
  readonly list: readonly CurrentAssignment[] | undefined;
  /** The row says of the tenant what is not so, as when one column of the file was sorted alone. */
  readonly fault?: RowFault | undefined;
}

/** Why a row does not fit the tenant, or its kind of policies. */
export interface RowFault extends RowError {
  /** Left out: one column of the file may have been sorted or filled alone. */
  readonly remedy?: string;
  readonly column?: InputColumn;
}

/** A row that can't be done as things are, and why. */
export interface RefusedRow {
  readonly line: number;
  readonly policy: string;
  readonly code: string;
  readonly message: string;
  /** The guard tells of it as well. */
  readonly isFound: boolean;
}

/** Rows that change in the same way. */
export interface ChangeCount {
  readonly policyType: PolicyType;
  readonly from: string | null;
  readonly to: string;
  readonly filter: FilterChange;
  readonly intent: 'kept' | 'turned';
  readonly rows: number;
}

/** A row of the plan as it is shown, with whole ids. */
export interface ShownRow {
  readonly line: number;
  readonly policy: string;
  readonly before: string;
  readonly after: string;
}

/** What the rows of a plan come to. */
export interface PlanCounts {
  readonly writes: number;
  readonly alreadySo: number;
  readonly duplicates: number;
  readonly gone: number;
  readonly policySet: number;
  /** Rows that want what is assigned already, in another way. */
  readonly conflict: number;
  readonly unreadable: number;
}

/** What is written of one list. */
interface WrittenList {
  readonly family: Family;
  rows: number;
  /** Rows of it that go by PATCH. */
  single: number;
  /** It goes as a whole. */
  isWhole: boolean;
  /** How it can be written, whatever was asked for. */
  takes: Strategy | 'both';
}

/** A list behind its policy has no `assign`, and some kinds no PATCH. */
const takenBy = ({ kind, via }: Address): WrittenList['takes'] =>
  via.length > 0 || isPostDelete(kind) ? 'patch' : kind.write.how === 'patch' ? 'both' : 'assign';

/** Counts the rows of a plan as they come by. */
export class PlanTally {
  /** The groups and filters of its rows. */
  readonly mentioned = new Mentioned();
  /** What the guard has found. */
  readonly causes = new Causes();
  /** The first of them. */
  readonly refused: RefusedRow[] = [];
  readonly writesByType = new Map<PolicyType, number>();
  readonly rowsShown: ShownRow[] = [];
  /** What is written of each list, by its path. */
  readonly #lists = new Map<string, WrittenList>();
  readonly #changes = new Map<string, { -readonly [name in keyof ChangeCount]: ChangeCount[name] }>();
  readonly #counts = {
    writes: 0,
    alreadySo: 0,
    duplicates: 0,
    gone: 0,
    policySet: 0,
    conflict: 0,
    unreadable: 0,
  };

  get counts(): PlanCounts {
    return this.#counts;
  }

  /** The commonest first. */
  get changes(): readonly ChangeCount[] {
    return [...this.#changes.values()].toSorted((a, b) => b.rows - a.rows);
  }

  add(row: PlannedRow): void {
    const { input, change, decision } = row;
    this.mentioned.add({ ...decision, row: { change } });
    for (const finding of decision.findings)
      this.causes.add(finding, { line: input.line, policy: policyOf(row) });
    switch (decision.kind) {
      case 'write':
        this.#write(row);
        break;
      case 'alreadySo':
        this.#counts.alreadySo += 1;
        break;
      case 'duplicate':
        this.#counts.duplicates += 1;
        break;
      case 'stale': // there is no plan before this one
      case 'refused':
        this.#counts[obstacleOf(decision)] += 1;
        this.#refuse(row);
    }
  }

  #refuse(row: PlannedRow): void {
    if (this.refused.length >= KEPT_MAX) return;
    const { code = '', message = '', findings } = row.decision;
    const isFound = findings.length > 0;
    this.refused.push({ line: row.input.line, policy: policyOf(row), code, message, isFound });
  }

  /** Requests that the writes go in, by the family that they count in. */
  get requests(): ReadonlyMap<Family, number> {
    return this.#requests(({ single, isWhole }) => single + Number(isWhole));
  }

  /** The same, if each list were written as a strategy has it. */
  requestsBy(strategy: Strategy): ReadonlyMap<Family, number> {
    const isWhole = ({ takes }: WrittenList): boolean =>
      takes === 'both' ? strategy === 'assign' : takes === 'assign';
    return this.#requests((list) => (isWhole(list) ? 1 : list.rows));
  }

  #requests(requestsFor: (list: WrittenList) => number): ReadonlyMap<Family, number> {
    const found = new Map<Family, number>();
    for (const list of this.#lists.values())
      found.set(list.family, (found.get(list.family) ?? 0) + requestsFor(list));
    return found;
  }

  #writeList({ address, action }: Change, { via, before }: PlanDecision): void {
    const path = listPath(address);
    const { family } = address.kind;
    const list = this.#lists.get(path) ?? {
      ...{ family, rows: 0, single: 0, isWhole: false, takes: takenBy(address) },
    };
    if (isPostDelete(address.kind)) {
      const requests = via === 'post' ? 1 + entriesOf(before).length : Math.max(1, entriesOf(before).length);
      list.rows += requests;
      list.single += requests;
      this.#lists.set(path, list);
      return;
    }
    list.rows += 1;
    if (via === 'patch') list.single += 1;
    else list.isWhole = true;
    if (action !== 'set') list.takes = 'assign';
    this.#lists.set(path, list);
  }

  #write(row: PlannedRow): void {
    const { input, change, decision } = row;
    const { policyType } = change.address.kind;
    this.#counts.writes += 1;
    this.#writeList(change, decision);
    this.writesByType.set(policyType, (this.writesByType.get(policyType) ?? 0) + 1);
    const kind = kindOf(row);
    const key = JSON.stringify([policyType, kind]);
    const counted = this.#changes.get(key) ?? { policyType, ...kind, from: kind.from ?? null, rows: 0 };
    counted.rows += 1;
    this.#changes.set(key, counted);
    if (this.rowsShown.length >= ROWS_SHOWN) return;
    const intentOf = (body: JsonObject | undefined): string =>
      kind.intent === 'turned' ? `, intent ${String(body?.['intent'] ?? 'apply')}` : '';
    const { before, after } = decision;
    this.rowsShown.push({
      line: input.line,
      policy: policyOf(row),
      before: beforeInWords(before) + intentOf(entryOf(before)?.whole),
      after: (after ? targetInWords(targetIn(after)) : NOTHING) + intentOf(after),
    });
  }
}

const policyOf = ({ names, input, change }: PlannedRow): string =>
  names.policy ?? cellText(input.cells.get('policyName')) ?? change.address.policyId;

/** Why a row can't be done as things are, as plans count it. */
function obstacleOf({
  code,
  kind,
  httpStatus,
}: PlanDecision): 'gone' | 'policySet' | 'conflict' | 'unreadable' {
  if (kind === 'stale') return 'conflict';
  switch (code) {
    case 'AssignmentGone':
      return 'gone';
    case 'PolicySetOwned':
      return 'policySet';
    case 'AlreadyAssigned':
    case 'DuplicateTarget':
    case 'IncludeAndExclude':
    case 'HeldBack':
      return 'conflict';
    default:
      return httpStatus === 404 ? 'gone' : 'unreadable';
  }
}

function kindOf({ change, decision: { before, after } }: PlannedRow) {
  const entry = entryOf(before);
  if (after === undefined) {
    const from = before.kind === 'entries' ? 'whole list' : entry && targetKind(entry.target);
    return { from, to: NOTHING, filter: 'none', intent: 'kept' } as const;
  }
  const kind = changeKind(entry, after);
  return change.action === 'add' && entry === undefined ? { ...kind, from: NOTHING } : kind;
}
