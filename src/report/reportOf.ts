import { access } from 'node:fs/promises';
import type { GuardKind } from '../assignments/guard/finding.ts';
import { GUARD_KINDS } from '../assignments/guard/finding.ts';
import type { InputFile } from '../app/draft/inputFile.ts';
import { openFile } from '../app/draft/inputFile.ts';
import { keptPlanPath } from '../app/draft/keptPlans.ts';
import { expectSame, planReads } from '../app/draft/planFileIntake.ts';
import { findOurRun } from '../app/runs/findRun.ts';
import { sumsInWords } from '../app/runs/sumsInWords.ts';
import type { Services } from '../app/services.ts';
import { count, duration } from '../app/words.ts';
import { UserError } from '../errors.ts';
import { hasEnded, type Run } from '../runs/run.ts';
import { Tenants } from '../runs/tenants.ts';
import { VERSION } from '../version.ts';
import { runPlotOf } from '../view/plot/runPlot.ts';
import { planFacts, runFacts, type ReportedTenant, takenBackBy } from './facts.ts';
import { plannedRow } from './plannedRow.ts';
import { findingsOf, ReportRows, type Report } from './report.ts';
import { OtherPlan, runRows } from './runRows.ts';

/** Samples that are drawn: all that there are. */
const SAMPLES_MAX = 1_000;
/** Entries of the log that are shown, the newest of them. */
const LOG_SHOWN_MAX = 200;

/**
 * The report of a run, by its id, the end of it, or `@last`.
 * @param planDir where the plans of runs are kept; undefined: in the data directory
 * @throws UserError (exit 2) when there is no such run
 */
export async function reportOfRun(
  name: string,
  planDir: string | undefined,
  services: Services,
): Promise<Report> {
  const run = await findOurRun(name, services);
  const path = keptPlanPath(run.runId, planDir, services);
  const isKept = run.planFingerprint !== null && (await isThere(path));
  try {
    return await runReport(run, isKept ? await openFile(path, 'ndjson', services) : undefined, services);
  } catch (error) {
    // The record alone is enough. A plan that somebody has edited, or of another run, is none.
    if (!isKept || !(error instanceof OtherPlan || error instanceof UserError)) throw error;
    return runReport(run, undefined, services);
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function runReport(run: Run, plan: InputFile | undefined, services: Services): Promise<Report> {
  const { runs } = services;
  const [log, samples, called, now, tenant, key] = await Promise.all([
    runs.told(run.runId),
    runs.samples(run.runId, SAMPLES_MAX),
    runs.called(run.runId),
    runs.now(),
    reportedTenant(run.tenant, services),
    runs.sealKey(),
  ]);
  const reads = plan && planReads(plan, key);
  await reads?.header();
  const rows = new ReportRows();
  const planned = reads?.rows();
  for await (const row of runRows(run, planned, services)) rows.add(row);
  let found = rows.tally.causes.counts;
  if (reads !== undefined && planned !== undefined) {
    if (!(await planned.next()).done) throw new OtherPlan();
    const end = reads.end();
    if (end.fingerprint !== run.planFingerprint) throw new OtherPlan();
    found = countsOf(end.findings);
  } else if (run.approved !== null) found = countsOf(run.approved.findings);
  const { sums } = rows;
  const { hint } = services.identity;
  const { runId } = run;
  return {
    ...sums,
    name: runId,
    title: `Change of ${count(run.total, 'assignment')}`,
    lead: runLead(run, sums.changedPolicies, takenBackBy(log)),
    facts: runFacts(run, tenant, log),
    findings: findingsOf(found, rows.tally.causes.all, log),
    findingsNote:
      reads === undefined && found.size > 0
        ? 'Which rows they are stands in the plan of the run, which is not kept on this machine.'
        : undefined,
    plot: runPlotOf({ run, samples, log, now }),
    log: log.slice(-LOG_SHOWN_MAX),
    restIn: hint(`results ${runId} -o results.csv`),
    called: called ?? {},
    timeZone: run.options.timeZone ?? 'UTC',
    next: [
      ['Every row, with the ids of its requests', hint(`results ${runId} -o results.csv`)],
      ['What it would take back', hint(`rollback ${runId} --dry-run`)],
      ['Take it back', hint(`rollback ${runId} --work`)],
    ],
    ...{ madeAt: now, version: VERSION },
  };
}

function runLead(run: Run, policies: number, rollbacks: readonly string[]): readonly string[] {
  const { state, counts, startedAt, finishedAt, reasonText } = run;
  const took =
    startedAt === null || finishedAt === null ? '' : ` in ${duration((finishedAt - startedAt) / 1000)}`;
  const ofPolicies = policies === 0 ? '' : ` ${count(policies, 'policy', 'policies')} changed, or will be.`;
  return [
    hasEnded(run)
      ? `The run is ${state}${took}: ${sumsInWords(counts)}.${policies === 0 ? '' : ` ${count(policies, 'policy', 'policies')} changed.`}`
      : `The run is ${state}: ${sumsInWords(counts)}.${ofPolicies}`,
    ...(rollbacks.length === 0
      ? []
      : [`All or a part of it was taken back since, by run ${rollbacks.join(', ')}.`]),
    ...(reasonText === null ? [] : [`Why it is not at work: ${reasonText}.`]),
    ...(run.throttled > 0
      ? [
          `The tenant said “too many requests” (429) ${run.throttled === 1 ? 'once' : `${run.throttled.toLocaleString('en-US')} times`}.`,
        ]
      : []),
  ];
}

const countsOf = (findings: Readonly<Partial<Record<string, number>>>): ReadonlyMap<GuardKind, number> =>
  new Map(
    GUARD_KINDS.flatMap((kind) => {
      const found = findings[kind];
      return found === undefined || found === 0 ? [] : [[kind, found] as const];
    }),
  );

async function reportedTenant(id: string, { redis }: Services): Promise<ReportedTenant> {
  const named = await new Tenants(redis).named();
  return { id, name: named.find((each) => each.id === id)?.name };
}

/**
 * The report of a plan that is carried out by nobody yet.
 * @throws UserError (exit 2) for a plan of another tenant, or one that is damaged
 */
export async function reportOfPlan(file: InputFile, services: Services): Promise<Report> {
  const { runs, identity } = services;
  const reads = planReads(file, await runs.sealKey());
  const { header } = await reads.header();
  expectSame(header, services, file);
  const rules = {
    ...{ root: header.graphUrl, apiVersion: header.apiVersion },
    ...{ blind: header.blind, strategy: header.strategy },
  };
  const rows = new ReportRows();
  for await (const row of reads.rows()) rows.add(plannedRow(row, rules, file));
  const { findings, names, seal, fingerprint } = reads.end();
  const { sums } = rows;
  return {
    ...sums,
    name: file.name,
    title: `Planned change of ${count(header.rows, 'assignment')}`,
    lead: [
      `${count(rows.tally.changed, 'assignment')} of ${count(sums.changedPolicies, 'policy', 'policies')} will be written; nothing has been yet.`,
    ],
    facts: planFacts(header, await reportedTenant(header.tenant, services), {
      ...{ fingerprint, isOurs: seal === 'ours' },
    }),
    findings: findingsOf(countsOf(findings), rows.tally.causes.all, []),
    findingsNote: undefined,
    ...{ plot: undefined, log: [], called: names, timeZone: 'UTC' },
    restIn: file.name,
    next: [
      ['Carry it out', identity.hint(`apply ${file.name}${allowFlag(findings)}`)],
      ['Take it back afterwards', identity.hint(`rollback --from ${file.name} --work`)],
    ],
    ...{ madeAt: await runs.now(), version: VERSION },
  };
}

function allowFlag(findings: Readonly<Partial<Record<GuardKind, number>>>): string {
  const found = [...countsOf(findings)].filter(([kind]) => kind !== 'group-missing');
  const said = found.map(([kind, n]) => (kind === 'no-undo' ? kind : `${kind}=${n}`));
  return said.length === 0 ? '' : ` --allow ${said.join(',')}`;
}
