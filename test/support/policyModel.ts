import { listPath } from '../../src/assignments/kinds/address.ts';
import type { CurrentAssignment } from '../../src/assignments/changes/current.ts';
import { entryOf, type Decision } from '../../src/assignments/changes/decision.ts';
import { planBatch, type Standing } from '../../src/assignments/changes/planBatch.ts';
import { listAfter, writesOf, type Write } from '../../src/assignments/changes/writes.ts';
import type { Change } from '../../src/assignments/rows/change.ts';
import { audienceKey } from '../../src/assignments/targets/audience.ts';
import { groupOf, targetIn } from '../../src/assignments/targets/currentTarget.ts';
import type { JsonObject } from '../../src/assignments/values/json.ts';
import { current } from './graphShapes.ts';
import { rulesFor, type PlanningRow } from './planning.ts';

/** How a tenant names assignments: by themselves, or by policy and group, so that a PATCH moves them. */
export type Naming = 'opaque' | 'byGroup';

const nameOf = (target: JsonObject): string => `P1_${groupOf(target)?.toLowerCase() ?? audienceKey(target)}`;

/** The list of one policy as a tenant keeps it. What is lost in a write is noted. */
export class PolicyModel {
  list: readonly CurrentAssignment[];
  /** Assignments that a write has written over without naming them. */
  readonly lost: CurrentAssignment[] = [];
  readonly #naming: Naming;
  #ids = 0;

  constructor(list: readonly CurrentAssignment[], naming: Naming) {
    this.#naming = naming;
    this.list =
      naming === 'opaque' ? list : list.map(({ whole }) => this.#entry(whole, nameOf(targetIn(whole))));
  }

  write({ request, decisions }: Write<Decision<PlanningRow>>): void {
    const after = listAfter(decisions, this.list);
    const over = entryOf(decisions[0]?.before ?? { kind: 'absent' });
    const isPatch = request.method === 'PATCH';
    const next = after.map((whole) => {
      const kept = whole['id'];
      if (typeof kept === 'string') return this.list.find((each) => each.whole === whole) ?? raise();
      return this.#entry(
        whole,
        this.#naming === 'byGroup' ? nameOf(targetIn(whole)) : isPatch ? over?.id : undefined,
      );
    });
    const changed = next.filter((_, i) => typeof after[i]?.['id'] !== 'string');
    // Where ids follow groups there is one entry for each, and what comes takes the place of what is there.
    const isCovered = (each: CurrentAssignment): boolean =>
      this.#naming === 'byGroup' && changed.some((other) => other !== each && other.id === each.id);
    this.lost.push(...next.filter((each) => !changed.includes(each) && isCovered(each)));
    this.list = next.filter((each) => changed.includes(each) || !isCovered(each));
  }

  #entry(whole: JsonObject, id = `N${(this.#ids += 1)}`): CurrentAssignment {
    const { id: _id, target: _target, ...more } = whole;
    return current(targetIn(whole), more, id);
  }
}

export interface Carried {
  /** What the plan showed before the first write. */
  readonly plan: readonly Decision<PlanningRow>[];
  /** The list that it promised. */
  readonly promised: readonly JsonObject[];
  readonly standings: readonly Standing[];
  /** The requests of each step. */
  readonly steps: readonly (readonly Write<Decision<PlanningRow>>[])[];
}

const STEPS_MAX = 60;

/** Plans rows and carries them out as a worker does, each step after a new read, until nothing is left to be written. */
export function carryOut(
  changes: readonly Change[],
  model: PolicyModel,
  strategy: 'patch' | 'assign' = 'patch',
): Carried {
  const standings = changes.map((): Standing => 'open');
  const rows: PlanningRow[] = changes.map((change) => ({ change }));
  const rules = rulesFor(strategy, { standing: (row) => standings[rows.indexOf(row)] ?? 'open' });
  const steps: (readonly Write<Decision<PlanningRow>>[])[] = [];
  let plan: readonly Decision<PlanningRow>[] | undefined;
  let promised: readonly JsonObject[] = [];
  for (;;) {
    const path = listPath(changes[0]?.address ?? raise());
    const snapshot = new Map([[path, { kind: 'list' as const, assignments: model.list }]]);
    const decisions = planBatch(rows, snapshot, rules);
    plan ??= decisions;
    if (steps.length === 0 && promised.length === 0)
      promised = listAfter(
        decisions.filter(({ kind }) => kind === 'write'),
        model.list,
      );
    for (const { kind, row } of decisions)
      if (kind !== 'write') standings[rows.indexOf(row)] = kind === 'refused' ? 'failed' : 'done';
    const writes = writesOf(decisions, snapshot);
    if (writes.length === 0) return { plan, promised, standings, steps };
    if (steps.length > STEPS_MAX) throw new Error('it goes in circles');
    // All of a step go in one envelope, whose requests the tenant may carry out in any order.
    for (const write of writes.toReversed()) {
      model.write(write);
      for (const { row } of write.decisions) standings[rows.indexOf(row)] = 'done';
    }
    steps.push(writes);
  }
}

const raise = (): never => {
  throw new Error('there is nothing of that kind');
};
