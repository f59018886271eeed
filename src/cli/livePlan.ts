import { POLICY_TYPES, type PolicyType } from '../assignments/kinds/registry.ts';
import type { Judged, Staged } from './staged.ts';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { blockedBy, type Allowed, type Blocked } from '../assignments/guard/allow.ts';
import { NOT_READ } from '../assignments/changes/decision.ts';
import { repeatedRows } from '../assignments/changes/planBatch.ts';
import { patchBody } from '../assignments/changes/request.ts';
import type { GuardKind, LinedFinding } from '../assignments/guard/finding.ts';
import { overMaxChanges, type ChangeLimits } from '../assignments/guard/maxChanges.ts';
import { EXIT, UserError } from '../errors.ts';
import type { PlanDecision, PlanHeader, PlanRow } from '../formats/planFile.ts';
import { PlanWriter } from '../formats/writePlanFile.ts';
import { typesToApprove } from '../graph/approvals.ts';
import { createGraphClient, type GraphClient } from '../graph/graphClient.ts';
import { proxyFor } from '../graph/proxy.ts';
import { leastSeconds } from '../queue/leastTime.ts';
import { readsWithin } from '../queue/reads.ts';
import type { InputRow } from '../assignments/rows/row.ts';
import { VERSION } from '../version.ts';
import { commandReads } from './commandReads.ts';
import type { Context } from './context.ts';
import { changeOfRecorded } from '../runs/batchRow.ts';
import { count, duration } from './print.ts';
import { signedIn, type Identity } from './identity.ts';
import { Planner, refusalOf, seenBy } from './planner.ts';
import { Differences } from './differences.ts';
import { PlanProblems } from './planProblems.ts';
import {
  PlanTally,
  type ChangeCount,
  type PlanCounts,
  type PlannedRow,
  type RefusedRow,
  type ShownRow,
} from './planTally.ts';
import type { Session } from './session.ts';
import { FactsOfTenant } from './tenantFacts.ts';

/** How often a look that takes long says how far it is. */
const TELL_READ_EVERY_MS = 5_000;

/** What a file would do to the tenant. */
export interface LivePlan extends PlanCounts {
  readonly tenant: string;
  readonly graphUrl: string;
  readonly apiVersion: string;
  readonly source: { readonly name: string; readonly sha256: string };
  /** When the tenant was looked at: ISO 8601, UTC. */
  readonly createdAt: string;
  readonly rows: number;
  /** Writes that Graph counts: one a row by PATCH, one a policy by `assign`. */
  readonly requests: number;
  /** Rows that can't be done, as things are: `gone`, `policySet`, `conflict` and `unreadable` together. */
  readonly refused: number;
  readonly leftOut: number;
  readonly writesByType: Readonly<Partial<Record<PolicyType, number>>>;
  /** Types among them whose changes a second administrator has to approve, as far as that can be read. */
  readonly approvalFor: readonly PolicyType[];
  readonly changes: readonly ChangeCount[];
  readonly firstRows: readonly ShownRow[];
  /** Rows that can't be done as things are, the first of them. */
  readonly refusedRows: readonly RefusedRow[];
  /** How often the guard found what must be allowed, by kind. */
  readonly guard: Readonly<Partial<Record<GuardKind, number>>>;
  readonly findings: readonly LinedFinding[];
  /** SHA-256 of the plan: two plans of one fingerprint are one. */
  readonly fingerprint: string;
  /** What a plan that was not sealed here says otherwise: while there is any, nothing is written. */
  readonly differences: readonly string[];
  /** A question that the whole of the plan raises: not one of its rows finds anything, so it may be for another tenant. */
  readonly doubt: string | null;
  /** What was not allowed: while there is any, nothing is written. */
  readonly blocked: readonly Blocked[];
  /** Seconds that the writes take at least, by the limit; and about, at the budget as it is learned. */
  readonly secondsAtLeast: number;
  readonly secondsAbout: number;
  /** False with `--blind` and `--offline`: what the tenant has was not read. */
  readonly looked: boolean;
  readonly offline: boolean;
}

/** The guard has found what nobody allowed, or the plan that was given is not what the tenant makes of it. */
export const isStopped = ({ blocked, differences }: Pick<LivePlan, 'blocked' | 'differences'>): boolean =>
  blocked.length > 0 || differences.length > 0;

export interface PlanTerms {
  readonly offline: boolean;
  readonly limits: ChangeLimits;
  readonly allowed: Allowed;
  /** Where the plan is written to. */
  readonly paths: readonly string[];
}

export const graphClientOf = (
  identity: Identity,
  log?: Parameters<typeof createGraphClient>[0]['log'],
  apiVersion = identity.config.apiVersion,
): GraphClient =>
  createGraphClient({
    root: identity.config.graphUrl,
    apiVersion,
    credentials: signedIn(identity).credentials,
    userAgent: `retarget/${VERSION}`,
    proxy: proxyFor(identity.config.graphUrl, identity.config.env),
    log,
    limits: { requestMs: identity.pace.requestTimeoutMs },
  });

/** Looks at every policy of the staged rows, within the tenant's read budget, judges what is needed, and keeps what it saw. */
export async function planStaged(
  staged: Staged,
  terms: PlanTerms,
  context: Context,
  each: (row: PlannedRow, rank: number) => void = () => undefined,
): Promise<LivePlan> {
  const { session, staging, rules } = staged;
  if (staged.saved !== undefined) return livePlan(staged, withLimits(staged.saved, terms), terms, context);
  const createdAt = new Date().toISOString();
  const looked = !rules.blind && !terms.offline;
  const header = headerOf(staged, createdAt, terms.offline);
  const files = await openPlan(terms.paths, header, await session.runs.sealKey());
  await using _files = files;
  const graph = looked ? graphClientOf(session.identity, undefined, rules.apiVersion) : undefined;
  let seen = 0;
  const telling = setInterval(() => {
    tellRead(seen, staged, context).catch(() => undefined);
  }, TELL_READ_EVERY_MS);
  try {
    const send = graph && commandReads(session, graph, context);
    const facts =
      send && (await FactsOfTenant.read(send, `${rules.root}/${rules.apiVersion}`, session.identity));
    const planner = send && facts && new Planner(staged, send, facts, context.interrupted);
    const tally = new PlanTally();
    let batch = 0;
    const problems = new PlanProblems(staged.intake.name);
    const differences = new Differences(staged.expected);
    for await (const inputs of staging.rowsByBatch()) {
      const rows = planner ? await planner.at(inputs) : unseen(inputs, staged);
      if (planner)
        await staging.name(
          batch,
          rows.map(({ names }) => names),
          rows.map(({ decision }) => refusalOf(decision)),
        );
      // A rollback has what it saw when it decided what is to be put back.
      if (planner && !staged.isRestoring) {
        const saw = rows.map(seenBy);
        await staging.plan(
          batch,
          saw.map(({ planned }) => planned),
          saw.map(({ plannedList }) => plannedList),
        );
      }
      for (const [place, row] of rows.entries()) {
        if (row.fault !== undefined) problems.note(row.input, row.fault);
        tally.add(row);
        differences.compare(seen + place, row);
        each(row, staging.rankAt(batch, place) ?? seen + place);
        await files.row(planRowOf(row, staging.rankAt(batch, place)));
      }
      seen += inputs.length;
      batch += 1;
    }
    planner?.expectSomethingRead();
    problems.refuse(context);
    const found = new Map(tally.guard);
    const over = overMaxChanges({
      writesByType: tally.writesByType,
      totalByType: facts?.totals ?? new Map(),
      ...terms.limits,
    });
    const tooMany = [...over.values()].reduce((sum, rows) => sum + rows, 0);
    // A blind run was asked for as such, and says itself that there is no undo.
    if (tooMany > 0 && !rules.blind) found.set('max-changes', tooMany);
    if (terms.offline) found.set('no-undo', 1);
    const fingerprint = await files.end(Object.fromEntries(found));
    const judged = { tally, found, createdAt, looked, fingerprint, differences: differences.found };
    return await livePlan(staged, judged, terms, context);
  } finally {
    clearInterval(telling);
    await graph?.close();
  }
}

/** A saved plan keeps the limits that it was made with, but for limits that are off now. */
function withLimits(saved: Judged, { limits }: PlanTerms): Judged {
  if (limits.maxChanges !== 'off' || limits.maxPercent !== 'off') return saved;
  return { ...saved, found: new Map([...saved.found].filter(([kind]) => kind !== 'max-changes')) };
}

const headerOf = (
  { session, staging, intake, rules }: Staged,
  createdAt: string,
  offline: boolean,
): PlanHeader => ({
  tenant: session.identity.tenant,
  graphUrl: session.identity.config.graphUrl,
  apiVersion: rules.apiVersion,
  strategy: rules.strategy ?? 'patch',
  source: { name: intake.name, sha256: intake.sha256 },
  createdAt,
  columns: intake.columns,
  rows: staging.rows,
  blind: rules.blind,
  offline,
});

async function livePlan(
  staged: Staged,
  judged: Judged,
  { allowed, offline }: PlanTerms,
  context: Context,
): Promise<LivePlan> {
  const { session, staging, intake, rules, leftOut } = staged;
  const { identity, runs } = session;
  const { tally, found, createdAt, looked, fingerprint, differences } = judged;
  const { counts } = tally;
  const { budget } = await runs.ledgerNow(session.ledgerOn(runs).policy());
  const asks = tally.requests > 0 && !offline && !rules.blind && identity.signedIn !== undefined;
  const needApproval = asks ? await approvalTypes(session, context) : undefined;
  return {
    tenant: identity.tenant,
    graphUrl: identity.config.graphUrl,
    apiVersion: rules.apiVersion,
    source: { name: intake.name, sha256: intake.sha256 },
    createdAt,
    rows: staging.rows,
    ...counts,
    refused: counts.gone + counts.policySet + counts.conflict + counts.unreadable,
    requests: tally.requests,
    leftOut,
    writesByType: Object.fromEntries(tally.writesByType),
    approvalFor: POLICY_TYPES.filter((type) => needApproval?.has(type) && tally.writesByType.has(type)),
    changes: tally.changes,
    firstRows: tally.rowsShown,
    refusedRows: tally.refused,
    guard: Object.fromEntries(found),
    findings: tally.findings,
    ...{ fingerprint, differences, doubt: doubtOf(staged, judged) },
    blocked: staged.isRestoring ? [] : blockedBy(found, allowed),
    secondsAtLeast: leastSeconds(tally.requests, identity.pace),
    secondsAbout: Math.ceil(((tally.requests / budget) * identity.pace.windowMs) / 1000),
    looked,
    offline: !looked && !rules.blind,
  };
}

/** All rows gone is what a file looks like that was made for another tenant. */
function doubtOf({ session, staging, isRestoring }: Staged, { tally, looked }: Judged): string | null {
  const { gone, duplicates } = tally.counts;
  if (!looked || isRestoring || gone === 0 || gone + duplicates < staging.rows) return null;
  return `Not one of the ${count(gone, 'row')} finds its assignment in tenant ${session.identity.tenant}: is this the right tenant?`;
}

async function approvalTypes({ identity, runs, ledgerOn }: Session, { interrupted }: Context) {
  const graph = graphClientOf(identity, undefined, 'beta');
  try {
    const send = readsWithin({ ledger: ledgerOn(runs), graph }, undefined, interrupted);
    return await typesToApprove(send, `${identity.config.graphUrl}/beta`);
  } finally {
    await graph.close();
  }
}

/** The rows as they would be written if nothing were there. */
function unseen(inputs: readonly InputRow[], { rules }: Staged): PlannedRow[] {
  const rows = inputs.map((input) => ({ input, change: changeOfRecorded(input, rules) }));
  const repeated = repeatedRows(rows);
  return rows.map((row) => {
    const { change } = row;
    const after = change.wish && patchBody(change, undefined);
    const via = rules.strategy === 'assign' || change.action !== 'set' ? 'assign' : 'patch';
    const common = { before: NOT_READ, via, waitsFor: [], findings: [] } as const;
    const decision: PlanDecision = repeated.has(row)
      ? { ...common, kind: 'duplicate', after: undefined }
      : { ...common, kind: 'write', after };
    return { ...row, names: {}, list: undefined, decision };
  });
}

const planRowOf = (row: PlannedRow, rank: number | undefined): PlanRow => ({
  ...{ line: row.input.line, rank, cells: row.input.cells },
  ...{ names: row.names, decision: row.decision, list: row.list },
});

/** A plan that is being made: its rows, then what was found in all of them, which answers its fingerprint. */
interface OpenPlan extends AsyncDisposable {
  row(row: PlanRow): Promise<void>;
  end(findings: Readonly<Record<string, number>>): Promise<string>;
}

/** @throws UserError (exit 2) when a plan can't be kept where it is wanted. */
export async function openPlan(paths: readonly string[], header: PlanHeader, key: Buffer): Promise<OpenPlan> {
  const told = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw cannotKeep(paths.join(' or '), error);
    }
  };
  const writer = await told(async () => {
    for (const path of paths) await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return PlanWriter.create(paths, header, key);
  });
  return {
    row: (row) => told(() => writer.row(row)),
    end: (findings) => told(() => writer.end(findings)),
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  };
}

function cannotKeep(path: string, error: unknown): Error {
  if (!(error instanceof Error) || !('syscall' in error))
    return error instanceof Error ? error : new Error(String(error));
  return new UserError(`The plan can't be written to ${path}: ${error.message}.`, {
    remedy: 'Give -o or --plan-dir a directory that you can write to, with room for it; nothing was queued.',
    exitCode: EXIT.environment,
    cause: error,
  });
}

/** Where the plan of a run lies, for an undo without Redis. */
export const planPathOf = (runId: string, dir: string): string => join(dir, `${runId}.ndjson`);

/** Says how far a look has come, and what it waits for: thousands of policies take minutes. */
async function tellRead(seen: number, { session, staging }: Staged, { print }: Context): Promise<void> {
  const { runs } = session;
  const { holdUntil, holdReason } = await runs.ledgerNow(session.ledgerOn(runs).policy());
  const waits =
    holdUntil === null ? '' : ` (${holdReason}, waits ${duration((holdUntil - Date.now()) / 1000)})`;
  print.say(`Read ${seen.toLocaleString('en-US')} of ${count(staging.rows, 'row')}${waits}.`);
}
