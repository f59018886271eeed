import { blockedBy } from '../../assignments/guard/allow.ts';
import type { GuardKind } from '../../assignments/guard/finding.ts';
import { overMaxChanges } from '../../assignments/guard/maxChanges.ts';
import { policyKey } from '../../assignments/kinds/address.ts';
import { STRATEGIES, type Strategy } from '../../assignments/kinds/kind.ts';
import { POLICY_TYPES, type PolicyType } from '../../assignments/kinds/registry.ts';
import type { PlanHeader, PlanRow } from '../../formats/planFile.ts';
import { typesToApprove } from '../../graph/reads/approvals.ts';
import { readsWithin } from '../../worker/limiter/permittedReads.ts';
import { graphOf } from '../graphOf.ts';
import { inChunks } from '../inChunks.ts';
import { patientReads } from '../patientReads.ts';
import { policyListsOf } from '../policyListsOf.ts';
import type { PlanProgress } from '../../events.ts';
import { count } from '../words.ts';
import { Differences } from './differences.ts';
import { openPlan } from './keptPlan.ts';
import type { Plan } from './plan.ts';
import { Planner, plannedRefusalOf, seenBy } from './planner.ts';
import { PlanProblems } from './planProblems.ts';
import type { Judged, PlanSubject, PlanTerms } from './planSubject.ts';
import { PlanTally, type PlannedRow } from './planTally.ts';
import { FactsOfTenant } from './tenantFacts.ts';
import { planUnread } from './unreadPlan.ts';
import { runOverlap } from './runOverlap.ts';
import { costs } from './writeCost.ts';

/** Batches whose lists are read side by side. */
const BATCHES_PLANNED_TOGETHER = 10;

/** How often the reads say how far they are. */
const TELL_READ_EVERY_MS = 500;

/**
 * Reads the list of every policy of the rows, within the tenant's read budget, decides what is to be written, judges it, and keeps
 * what it saw.
 * @param each told of each row, and of its place in the file
 */
export async function makePlan(
  subject: PlanSubject,
  terms: PlanTerms & { readonly keptPlan?: string | undefined },
  each: (row: PlannedRow, rank: number) => void = () => undefined,
): Promise<Plan> {
  const { services, staging, rules } = subject;
  const createdAt = new Date().toISOString();
  const tenantRead = !rules.blind && !terms.offline;
  const header = headerOf(subject, createdAt, terms.offline);
  const files = await openPlan(
    { saveTo: terms.saveTo, keptPlan: terms.keptPlan },
    header,
    await services.runs.sealKey(),
  );
  await using _files = files;
  const graph = tenantRead ? graphOf(services.identity, services, rules.apiVersion) : undefined;
  const rowsPlanned = new RowsPlanned(subject, each);
  using _telling = tellingProgress(() => rowsPlanned.seen, subject);
  try {
    const send = graph && patientReads(services, graph);
    const base = `${rules.root}/${rules.apiVersion}`;
    const lists = subject.lists ?? policyListsOf(base, services);
    const facts = send && new FactsOfTenant(lists, send, base, services.identity);
    const source = send && { lists, send, root: rules.root };
    const planner = source && facts && new Planner(subject, source, facts, terms.limits.maxAudience);
    for await (const batches of inChunks(staging.rowsByBatch(), BATCHES_PLANNED_TOGETHER)) {
      const planned = planner ? await planner.plan(batches) : planUnread(batches, subject);
      await rowsPlanned.keepSeen(planned, tenantRead);
      for (const rows of planned) for (const row of rowsPlanned.taken(rows)) await files.row(row);
    }
    planner?.expectSomethingRead();
    rowsPlanned.problems.refuse(services.events);
    const { tally, differences } = rowsPlanned;
    const found = await foundIn(tally, facts, subject, terms);
    const [needApproval, names = {}] = await Promise.all([
      typesNeedingApproval(tally, subject, terms),
      facts?.called(tally.mentioned),
      planner?.countToShow(terms.isWhole === true),
    ]);
    if (facts) await staging.call(names);
    const fingerprint = await files.end(Object.fromEntries(found), names);
    const judged = {
      ...{ tally, names, found, createdAt, tenantRead, fingerprint, differences: differences.found },
      audiences: planner?.audiences,
    };
    return await planOf(judged, subject, terms, needApproval);
  } finally {
    await graph?.close();
  }
}

/** The plan of a file that was sealed here: it is taken as it is. It keeps the limits that it was made with, but for limits that are off now. */
export async function planFrom(saved: Judged, subject: PlanSubject, terms: PlanTerms): Promise<Plan> {
  const { limits } = terms;
  const needApproval = await typesNeedingApproval(saved.tally, subject, terms);
  if (limits.maxChanges !== 'off' || limits.maxPercent !== 'off')
    return planOf(saved, subject, terms, needApproval);
  const found = new Map([...saved.found].filter(([kind]) => kind !== 'max-changes'));
  return planOf({ ...saved, found }, subject, terms, needApproval);
}

/** Takes the planned rows batch by batch, and gathers what they come to. */
class RowsPlanned {
  readonly tally = new PlanTally();
  readonly problems: PlanProblems;
  readonly differences: Differences;
  seen = 0;
  #batch = 0;
  readonly #subject: PlanSubject;
  readonly #each: (row: PlannedRow, rank: number) => void;

  constructor(subject: PlanSubject, each: (row: PlannedRow, rank: number) => void) {
    this.problems = new PlanProblems(subject.intake.name);
    this.differences = new Differences(subject.expected);
    this.#subject = subject;
    this.#each = each;
  }

  /** Keeps with the rows of the next batches what was read of them, and which of them are refused in any case. */
  async keepSeen(batches: readonly (readonly PlannedRow[])[], tenantRead: boolean): Promise<void> {
    await Promise.all(batches.map((rows, i) => this.#keepSeenOf(this.#batch + i, rows, tenantRead)));
  }

  async #keepSeenOf(batch: number, rows: readonly PlannedRow[], tenantRead: boolean): Promise<void> {
    const { staging, isRestoring } = this.#subject;
    const names = rows.map((row) => row.names);
    const refusals = rows.map(({ decision }) => plannedRefusalOf(decision));
    const kept = [staging.keepNames(batch, names, refusals)];
    // A rollback has what it saw when it decided what is to be put back.
    if (tenantRead && !isRestoring) {
      const saw = rows.map(seenBy);
      const [assignments, lists] = [saw.map(({ planned }) => planned), saw.map((each) => each.plannedList)];
      kept.push(staging.keepFingerprints(batch, assignments, lists));
    }
    await Promise.all(kept);
  }

  /** The rows of the next batch, as a plan file has them. */
  *taken(rows: readonly PlannedRow[]): Generator<PlanRow> {
    const { staging } = this.#subject;
    for (const [place, row] of rows.entries()) {
      if (row.fault !== undefined) this.problems.note(row.input, policyKey(row.change.address), row.fault);
      this.tally.add(row);
      this.differences.compare(this.seen + place, row);
      const rank = staging.rankAt(this.#batch, place);
      this.#each(row, rank ?? this.seen + place);
      yield planRowOf(row, rank);
    }
    this.seen += rows.length;
    this.#batch += 1;
  }
}

/** How often each kind was found, in the rows and in the plan as a whole. */
export async function foundIn(
  tally: PlanTally,
  facts: FactsOfTenant | undefined,
  { rules }: Pick<PlanSubject, 'rules'>,
  { limits, offline }: Pick<PlanTerms, 'limits' | 'offline'>,
): Promise<ReadonlyMap<GuardKind, number>> {
  const found = new Map(tally.causes.counts);
  const { writesByType } = tally;
  const totalByType = (await facts?.totals(writesByType, limits.maxPercent)) ?? new Map();
  const over = overMaxChanges({ writesByType, totalByType, ...limits });
  const tooMany = [...over.values()].reduce((sum, rows) => sum + rows, 0);
  // A blind run was asked for as such, and says itself that there is no undo.
  if (tooMany > 0 && !rules.blind) found.set('max-changes', tooMany);
  if (offline) found.set('no-undo', 1);
  return found;
}

const headerOf = (
  { services: { identity }, staging, intake, rules }: PlanSubject,
  createdAt: string,
  offline: boolean,
): PlanHeader => ({
  tenant: identity.tenant,
  graphUrl: identity.config.graphUrl,
  apiVersion: rules.apiVersion,
  strategy: rules.strategy ?? 'patch',
  source: { name: intake.name, sha256: intake.sha256 },
  createdAt,
  columns: intake.columns,
  rows: staging.rows,
  blind: rules.blind,
  offline,
});

async function planOf(
  judged: Judged,
  subject: PlanSubject,
  { allowed }: PlanTerms,
  needApproval: ReadonlySet<PolicyType> | undefined,
): Promise<Plan> {
  const { services, staging, intake, rules, leftOut } = subject;
  const { identity } = services;
  const { tally, names, createdAt, tenantRead, fingerprint, differences, audiences } = judged;
  const { counts } = tally;
  const overlap = await runOverlap(subject);
  const found = new Map([...judged.found, ...overlap.counts]);
  const costOf = await costs(tally.requests, services);
  return {
    tenant: identity.tenant,
    graphUrl: identity.config.graphUrl,
    apiVersion: rules.apiVersion,
    source: { name: intake.name, sha256: intake.sha256 },
    createdAt,
    rows: staging.rows,
    ...counts,
    refused: counts.gone + counts.policySet + counts.conflict + counts.unreadable,
    ...costOf(tally.requests),
    strategy: rules.strategy ?? 'patch',
    strategies: Object.fromEntries(
      strategiesOf(subject).map((each) => [each, costOf(tally.requestsBy(each))]),
    ),
    leftOut,
    writesByType: Object.fromEntries(tally.writesByType),
    approvalFor: POLICY_TYPES.filter((type) => needApproval?.has(type) && tally.writesByType.has(type)),
    changes: tally.changes,
    audiences: audiences?.changes ?? [],
    groupsUncounted: audiences?.uncounted ?? 0,
    firstRows: tally.rowsShown,
    refusedRows: tally.refused,
    guard: Object.fromEntries(found),
    findings: [...tally.causes.all, ...overlap.all],
    names,
    fingerprint,
    differences,
    doubt: doubtOf(subject, judged),
    blocked: subject.isRestoring ? [] : blockedBy(found, allowed),
    tenantRead,
    offline: !tenantRead && !rules.blind,
  };
}

/** Those that the file could be planned with. A rollback writes as its run did; a whole list has to be read, with its filters. */
function strategiesOf({ rules, isRestoring }: PlanSubject): readonly Strategy[] {
  if (isRestoring) return [rules.strategy ?? 'patch'];
  return rules.blind || rules.apiVersion === 'v1.0' ? ['patch'] : STRATEGIES;
}

/** All rows gone is what a file looks like that was made for another tenant. */
function doubtOf(
  { services, staging, isRestoring }: PlanSubject,
  { tally, tenantRead }: Judged,
): string | null {
  const { gone, duplicates } = tally.counts;
  if (!tenantRead || isRestoring || gone === 0 || gone + duplicates < staging.rows) return null;
  const none = gone === 1 ? 'The row does not find' : `Not one of the ${count(gone, 'row')} finds`;
  return `${none} its assignment in tenant ${services.identity.tenant}: is this the right tenant?`;
}

/** The types whose changes a second administrator has to approve, as far as that can be read. */
async function typesNeedingApproval(
  { requests }: Pick<PlanTally, 'requests'>,
  { services, rules }: Pick<PlanSubject, 'services' | 'rules'>,
  { offline }: Pick<PlanTerms, 'offline'>,
): Promise<ReadonlySet<PolicyType> | undefined> {
  const { identity, runs, limiterOn, interrupted } = services;
  if (requests.size === 0 || offline || rules.blind || identity.signedIn === undefined) return undefined;
  const graph = graphOf(identity, services, 'beta');
  try {
    const send = readsWithin({ limiter: limiterOn(runs), graph }, undefined, interrupted);
    return await typesToApprove(send, `${identity.config.graphUrl}/beta`);
  } finally {
    await graph.close();
  }
}

const planRowOf = ({ input, names, decision, list }: PlannedRow, rank: number | undefined): PlanRow => ({
  ...{ line: input.line, rank, cells: input.cells },
  ...{ names, decision, list },
});

/** Tells how far the reads have come, and what they wait for: thousands of policies may take minutes. */
function tellingProgress(read: () => number, { services, staging }: PlanSubject): Disposable {
  const { runs, events } = services;
  let isOver = false;
  const tell = (backoff: PlanProgress['backoff']): void =>
    void events.emit('planProgress', { read: read(), of: staging.rows, backoff, isLast: isOver });
  const tellNow = async (): Promise<void> => {
    const { backoffUntil, backoffReason } = await runs.limiterNow(services.limiterOn(runs).policy());
    // It may have ended while Redis was asked.
    if (isOver) return;
    tell(backoffUntil === null ? null : { reason: backoffReason, untilMs: backoffUntil });
  };
  tell(null);
  const telling = setInterval(() => void tellNow().catch(() => undefined), TELL_READ_EVERY_MS);
  return {
    [Symbol.dispose]() {
      clearInterval(telling);
      isOver = true;
      tell(null);
    },
  };
}
