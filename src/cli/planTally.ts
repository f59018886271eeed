import type { CurrentAssignment } from '../assignments/changes/current.ts';
import { changeKind, targetInWords, type FilterChange } from '../assignments/changes/changeKind.ts';
import type { Change } from '../assignments/rows/change.ts';
import { GUARD_KINDS, type Finding, type GuardKind } from '../assignments/guard/guard.ts';
import type { JsonObject } from '../assignments/values/json.ts';
import type { PolicyType } from '../assignments/kinds/registry.ts';
import { targetIn, targetKind } from '../assignments/targets/currentTarget.ts';
import { cellText } from '../assignments/rows/selector.ts';
import type { InputRow } from '../runs/batchCodec.ts';

/** Rows of a plan that are shown one by one. */
const ROWS_SHOWN = 10;

/** Why a row can't be done as things are. */
export type Obstacle = 'gone' | 'policySet' | 'conflict' | 'unreadable';

/** One row of a plan, judged. */
export interface PlannedRow {
  readonly input: InputRow;
  readonly change: Change;
  readonly decision: 'write' | 'alreadySo' | 'refused' | 'duplicate';
  readonly obstacle?: Obstacle | undefined;
  readonly before: CurrentAssignment | undefined;
  readonly after: JsonObject | undefined;
  /** What a row takes away that clears a list. */
  readonly cleared?: readonly CurrentAssignment[] | undefined;
  /** The list that the row is written with; undefined: it is written by itself. */
  readonly byAssign?: string | undefined;
  readonly findings: readonly Pick<Finding, 'kind' | 'what'>[];
  /** What the policy is called, if somebody knows. */
  readonly policyName?: string | undefined;
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

/** A row of the plan as it is shown. */
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

/** Counts the rows of a plan as they come by. */
export class PlanTally {
  readonly findings: Finding[] = [];
  readonly writesByType = new Map<PolicyType, number>();
  readonly rowsShown: ShownRow[] = [];
  #single = 0;
  readonly #lists = new Set<string>();
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

  /** How often the guard found each kind, in the order in which they are shown. */
  get guard(): ReadonlyMap<GuardKind, number> {
    const byKind = Map.groupBy(this.findings, ({ kind }) => kind);
    return new Map(
      GUARD_KINDS.flatMap((kind) => {
        const found = byKind.get(kind);
        return found ? [[kind, found.length] as const] : [];
      }),
    );
  }

  add(row: PlannedRow): void {
    const { input, decision, obstacle, findings } = row;
    this.findings.push(...findings.map(({ kind, what }) => ({ kind, what, line: input.line })));
    switch (decision) {
      case 'write':
        this.#write(row);
        break;
      case 'alreadySo':
        this.#counts.alreadySo += 1;
        break;
      case 'duplicate':
        this.#counts.duplicates += 1;
        break;
      case 'refused':
        this.#counts[obstacle ?? 'unreadable'] += 1;
    }
  }

  /** Requests that the writes go in. */
  get requests(): number {
    return this.#single + this.#lists.size;
  }

  #write(row: PlannedRow): void {
    const { input, change, before, after, cleared, byAssign, policyName } = row;
    const { policyType } = change.address.kind;
    this.#counts.writes += 1;
    if (byAssign === undefined) this.#single += 1;
    else this.#lists.add(byAssign);
    this.writesByType.set(policyType, (this.writesByType.get(policyType) ?? 0) + 1);
    const kind = kindOf(row);
    const key = JSON.stringify([policyType, kind]);
    const counted = this.#changes.get(key) ?? { policyType, ...kind, from: kind.from ?? null, rows: 0 };
    counted.rows += 1;
    this.#changes.set(key, counted);
    if (this.rowsShown.length >= ROWS_SHOWN) return;
    const intentOf = (body: JsonObject | undefined): string =>
      kind.intent === 'turned' ? `, intent ${String(body?.['intent'] ?? 'apply')}` : '';
    const isAdded = before === undefined && change.action === 'add';
    this.rowsShown.push({
      line: input.line,
      policy: policyName ?? cellText(input.cells.get('policyName')) ?? change.address.policyId,
      before:
        shortIds(before ? targetInWords(before.target) : inWords(cleared, isAdded)) + intentOf(before?.whole),
      after: shortIds(after ? targetInWords(targetIn(after)) : NOTHING) + intentOf(after),
    });
  }
}

/** The beginning of a GUID tells two of them apart, and the whole of both would not fit. */
const shortIds = (text: string): string =>
  text.replace(/\b([0-9a-f]{8})(-[0-9a-f]{4}){3}-([0-9a-f]{8})([0-9a-f]{4})\b/gi, '$1…$4');

/** What stands in the place of a target where there is none. */
const NOTHING = 'nothing';

const inWords = (cleared: readonly CurrentAssignment[] | undefined, isAdded: boolean): string =>
  cleared ? cleared.map(({ target }) => targetInWords(target)).join('; ') : isAdded ? NOTHING : 'not read';

function kindOf({ change, before, after, cleared }: PlannedRow) {
  if (after === undefined) {
    const from = cleared ? 'whole list' : before && targetKind(before.target);
    return { from, to: NOTHING, filter: 'none', intent: 'kept' } as const;
  }
  const kind = changeKind(before, after);
  return change.action === 'add' ? { ...kind, from: NOTHING } : kind;
}
