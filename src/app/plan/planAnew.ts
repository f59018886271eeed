import type { GuardKind } from '../../assignments/guard/finding.ts';
import { rulesOf, type Approved, type Run } from '../../runs/run.ts';
import { graphOf } from '../graphOf.ts';
import { patientReads } from '../patientReads.ts';
import { policyListsOf } from '../policyListsOf.ts';
import type { Services } from '../services.ts';
import { count } from '../words.ts';
import { DecisionsDigest } from './differences.ts';
import { foundIn } from './makePlan.ts';
import { Planner, seenBy } from './planner.ts';
import { PlanTally, type PlannedRow } from './planTally.ts';
import { FactsOfTenant } from './tenantFacts.ts';

/** Batches whose lists are read side by side. */
const BATCHES_TOGETHER = 10;
/** Differences that are told one by one. */
const TOLD_MAX = 5;

/** Limits that find nothing. */
const NO_LIMITS = { maxChanges: 'off', maxPercent: 'off' } as const;

/**
 * Plans a recorded run again, of which nothing was written yet, and answers what is otherwise than in the plan that was approved; an
 * empty list when every decision and every finding is the same.
 * @throws UserError (exit 4) when the tenant can't be read
 */
export async function planAnew(
  run: Run,
  { decisions, findings, limits }: Approved,
  services: Services,
): Promise<readonly string[]> {
  const { runs, identity } = services;
  const rules = { ...rulesOf(run), strategy: run.options.strategy };
  const graph = graphOf(identity, services, run.apiVersion);
  try {
    const send = patientReads(services, graph);
    const base = `${run.graphUrl}/${run.apiVersion}`;
    const lists = policyListsOf(base, services);
    const facts = new FactsOfTenant(lists, send, base, identity);
    const subject = { services, rules, isRestoring: false };
    const planner = new Planner(subject, { lists, send, root: run.graphUrl }, facts, limits?.maxAudience);
    const [tally, digest, changed] = [new PlanTally(), new DecisionsDigest(), new ChangedRows()];
    for (let first = 0; first < run.batches; first += BATCHES_TOGETHER) {
      const length = Math.min(BATCHES_TOGETHER, run.batches - first);
      const batches = Array.from({ length }, (_, i) => first + i);
      const [rows, before] = await Promise.all([
        runs.inputs(run.runId, batches),
        runs.plannedFingerprints(run.runId, batches),
      ]);
      for (const [i, planned] of (await planner.plan(rows)).entries())
        for (const [place, row] of planned.entries()) {
          tally.add(row);
          digest.add(row.decision);
          changed.compare(row, before[i]?.(place));
        }
    }
    planner.expectSomethingRead();
    const found = await foundIn(tally, facts, subject, { limits: limits ?? NO_LIMITS, offline: false });
    const others = otherFindings(found, findings, limits === null);
    if (digest.end() === decisions) return others;
    return [...changed.told, ...others, ...(changed.total + others.length === 0 ? [DECIDED_OTHERWISE] : [])];
  } finally {
    await graph.close();
  }
}

const DECIDED_OTHERWISE = 'what is to be written is not what was approved';

/** Rows whose assignment is not as the plan saw it. */
class ChangedRows {
  total = 0;
  readonly #first: string[] = [];

  compare(row: PlannedRow, before: string | undefined): void {
    if (seenBy(row).planned === before) return;
    this.total += 1;
    if (this.#first.length < TOLD_MAX)
      this.#first.push(`line ${row.input.line}: its assignment has changed since (now ${row.decision.kind})`);
  }

  get told(): readonly string[] {
    const more = this.total - this.#first.length;
    return more > 0 ? [...this.#first, `and ${count(more, 'more row')}`] : this.#first;
  }
}

function otherFindings(
  now: ReadonlyMap<GuardKind, number>,
  approved: Approved['findings'],
  isOfUnknownLimits: boolean,
): readonly string[] {
  const kinds = new Set<string>([...now.keys(), ...Object.keys(approved)]);
  // Of the moment in which somebody said yes.
  kinds.delete('run-overlap');
  if (isOfUnknownLimits) kinds.delete('max-changes');
  const counts = new Map<string, number>(now);
  return [...kinds].flatMap((kind) => {
    const [was, is] = [approved[kind] ?? 0, counts.get(kind) ?? 0];
    return was === is ? [] : [`${kind}: ${is} now, ${was} when it was approved`];
  });
}
