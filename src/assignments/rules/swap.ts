import type { RuleCells, RuleContext, RuleEntry, RulePolicy, Generated } from './rule.ts';
import {
  carrySame,
  cellsWith,
  ruleEntries,
  entryInWords,
  Gathered,
  leftAlone,
  BESIDE_COLUMNS,
  moreOf,
  partsOf,
  policyInWords,
  removing,
} from './rule.ts';

/** Where group `from` is, group `to` shall be; ids, in lower case. */
export interface SwapPair {
  readonly from: string;
  readonly to: string;
}

export const ON_CONFLICT = ['keep', 'take', 'skip'] as const;
/**
 * What is done where the new group is there in another way. keep: it stays as it is, and the old one is removed. take: it gets the
 * filter and intent of the old one, which is removed. skip: the policy is left alone.
 */
export type OnConflict = (typeof ON_CONFLICT)[number];

export interface Swap {
  readonly pairs: readonly SwapPair[];
  readonly onConflict: OnConflict | undefined;
}

/**
 * Puts groups in the place of others, included and excluded, with the filter and the intent that are there. All pairs count against
 * what is there now: with A→B and B→C an assignment of A becomes one of B, and stays one.
 */
export function swap(
  { pairs, onConflict }: Swap,
  policies: readonly RulePolicy[],
  context: RuleContext,
): Generated {
  const gathered = new Gathered();
  const toOf = new Map(pairs.map(({ from, to }) => [from, to]));
  for (const policy of policies.flatMap(partsOf))
    swapIn(new PolicySwap(policy, toOf, context, gathered), onConflict, gathered);
  return gathered;
}

function swapIn(ofPolicy: PolicySwap, onConflict: OnConflict | undefined, gathered: Gathered): void {
  const settled = ofPolicy.settled(onConflict);
  const open = settled.flatMap((each) => (each.kind === 'conflict' ? [each] : []));
  if (open.length > 0 && onConflict === 'skip') return gathered.count('conflictSkipped');
  for (const { entry, conflict } of open)
    gathered.problems.push({
      policy: policyInWords(entry.policy),
      message: inWords(entry, conflict),
      remedy: remedyOf(conflict),
    });
  for (const each of settled) if (each.kind === 'rows') for (const row of each.rows) gathered.rows.push(row);
  for (const each of settled) if (each.kind === 'rows') gathered.count(each.case);
}

/** Why an assignment can't simply be moved. */
interface Conflict {
  readonly kind:
    /** The new group is there, with another filter, intent or more. */
    | 'differs'
    /** The new group is included where the old one is excluded, or the reverse. */
    | 'crossed'
    /** The old group is included and excluded. */
    | 'bothWays'
    /** It is to be removed, and another group is to come in its place: one file can't say both. */
    | 'replaced';
  readonly other: RuleEntry;
  /** The other one is to move as well, so that it does not stay as it is. */
  readonly isMoving: boolean;
}

type Settled =
  | {
      readonly kind: 'rows';
      readonly case: 'moved' | 'removedAsThere' | 'removedForOther' | 'takenOver';
      readonly rows: readonly RuleCells[];
    }
  | { readonly kind: 'conflict'; readonly entry: RuleEntry; readonly conflict: Conflict };

class PolicySwap {
  readonly #entries: readonly RuleEntry[];
  readonly #moving: readonly RuleEntry[];
  readonly #toOf: ReadonlyMap<string, string>;

  constructor(
    policy: RulePolicy,
    toOf: ReadonlyMap<string, string>,
    context: RuleContext,
    gathered: Gathered,
  ) {
    this.#toOf = toOf;
    const isAbout = policy.assignments.length > 0;
    this.#entries = isAbout ? ruleEntries(policy, context.rules) : [];
    this.#moving = this.#entries.filter((entry) => {
      if (this.#to(entry) === undefined) return false;
      const left = leftAlone(entry, context);
      if (left !== undefined) gathered.count(left);
      return left === undefined;
    });
  }

  settled(onConflict: OnConflict | undefined): readonly Settled[] {
    const first = this.#moving.map((entry) => this.#settle(entry, onConflict));
    const removed = (at: number): boolean => {
      const each = first[at];
      return each?.kind === 'rows' && each.case !== 'moved';
    };
    // What comes in the place of what goes could be taken for it when it is read again.
    return first.map((each, at) => {
      const entry = this.#moving[at];
      const other = this.#moving.find((one, i) => !removed(i) && this.#to(one) === entry?.group);
      return entry !== undefined && removed(at) && other !== undefined
        ? { kind: 'conflict', entry, conflict: { kind: 'replaced', other, isMoving: true } }
        : each;
    });
  }

  #settle(entry: RuleEntry, onConflict: OnConflict | undefined): Settled {
    const conflict = this.#conflict(entry);
    if (conflict === undefined) {
      const isThere = this.#staying(entry).length > 0 || this.#twins(entry)[0] !== entry;
      return isThere
        ? { kind: 'rows', case: 'removedAsThere', rows: [removing(entry)] }
        : { kind: 'rows', case: 'moved', rows: [this.#moved(entry)] };
    }
    const isOther = conflict.kind === 'differs' || conflict.kind === 'crossed';
    if (onConflict === 'keep' && isOther && !conflict.isMoving)
      return { kind: 'rows', case: 'removedForOther', rows: [removing(entry)] };
    const taken = onConflict === 'take' ? this.#takenOver(entry, conflict) : undefined;
    return taken === undefined
      ? { kind: 'conflict', entry, conflict }
      : { kind: 'rows', case: 'takenOver', rows: [taken, removing(entry)] };
  }

  #conflict(entry: RuleEntry): Conflict | undefined {
    const opposite = this.#entries.find(
      (each) => each.group === entry.group && each.isExclusion !== entry.isExclusion,
    );
    if (opposite !== undefined)
      return { kind: 'bothWays', other: opposite, isMoving: this.#moving.includes(opposite) };
    const staying = this.#staying(entry).map((other) => ({ other, isMoving: false }));
    const twins = this.#twins(entry).map((other) => ({ other, isMoving: true }));
    const others = [...staying, ...twins.filter(({ other }) => other !== entry)];
    const crossed = others.find(({ other }) => other.isExclusion !== entry.isExclusion);
    if (crossed !== undefined) return { kind: 'crossed', ...crossed };
    const differs = others.find(({ other }) => !carrySame(entry, other));
    return differs === undefined ? undefined : { kind: 'differs', ...differs };
  }

  /** What there is of the new group, and stays. */
  #staying(entry: RuleEntry): readonly RuleEntry[] {
    const to = this.#to(entry);
    return this.#entries.filter((each) => each.group === to && !this.#moving.includes(each));
  }

  /** What is to become one of the new group, this one among it. */
  #twins(entry: RuleEntry): readonly RuleEntry[] {
    const to = this.#to(entry);
    return this.#moving.filter((each) => this.#to(each) === to);
  }

  #moved(entry: RuleEntry): RuleCells {
    return cellsWith(entry.cells, { groupId: this.#to(entry) });
  }

  /** The row that gives the new group the filter and intent of the old one; undefined where it can't be said, or not by one alone. */
  #takenOver(entry: RuleEntry, { kind, other, isMoving }: Conflict): RuleCells | undefined {
    const isPlain = kind === 'differs' && !isMoving && !other.isOfPolicySet && other.isSpeakable;
    const isAlone = this.#twins(entry).length === 1 && this.#staying(entry).length === 1;
    if (!isPlain || !isAlone || moreOf(entry) !== moreOf(other)) return undefined;
    const { cells } = entry;
    return cellsWith(other.cells, {
      filterId: cells.get('filterId'),
      filterType: cells.get('filterType'),
      // Where the old one says none it applies, and a blank cell would keep the other's.
      intent: cells.get('intent') ?? (other.cells.has('intent') ? 'apply' : undefined),
      ...Object.fromEntries(
        BESIDE_COLUMNS.map((column) => [
          column,
          cells.get(column) ?? (other.cells.has(column) ? 'none' : undefined),
        ]),
      ),
    });
  }

  #to({ group }: RuleEntry): string | undefined {
    return group === undefined ? undefined : this.#toOf.get(group);
  }
}

function inWords(entry: RuleEntry, { kind, other }: Conflict): string {
  const both = `${entryInWords(entry)} and ${entryInWords(other)}`;
  switch (kind) {
    case 'differs':
      return `It has ${both}: the filter or the intent is another one.`;
    case 'crossed':
      return `It has ${both}: one is included, the other excluded.`;
    case 'bothWays':
      return `It has ${both}: the old group is included and excluded.`;
    case 'replaced':
      return `It has ${both}: the first is to be removed, as its new group is there, and the second to come in its place.`;
  }
}

function remedyOf({ kind, isMoving, other }: Conflict): string {
  const skip = 'or --on-conflict skip to leave such policies alone';
  switch (kind) {
    case 'differs':
      if (isMoving || other.isOfPolicySet) return `Change one of them first, ${skip}.`;
      return `Write --on-conflict keep (the new group stays as it is), take (it gets the filter and intent of the old one), ${skip}.`;
    case 'crossed':
      if (isMoving) return `Change one of them first, ${skip}.`;
      return `Write --on-conflict keep (the new group stays as it is, the old one goes), ${skip}.`;
    case 'bothWays':
      return `Remove one of them first, ${skip}.`;
    case 'replaced':
      return `Swap the first pair by itself, apply it, and then the other, ${skip}.`;
  }
}
