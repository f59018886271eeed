import { policyKey } from '../../assignments/kinds/address.ts';
import { GUARD_KINDS } from '../../assignments/guard/finding.ts';
import { changeOf } from '../../assignments/rows/change.ts';
import { Duplicates } from '../../assignments/rows/duplicates.ts';
import type { Problem } from '../../assignments/rows/row.ts';
import type { ReadingRules } from '../../assignments/rows/rowReader.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { PlanFormat, PlanHeader, PlanRow } from '../../formats/planFile.ts';
import { readPlanFile, type SealedEnd } from '../../formats/readPlanFile.ts';
import { DecisionsDigest, ExpectedDecisions } from '../plan/differences.ts';
import { openPlan } from '../plan/keptPlan.ts';
import type { Judged } from '../plan/planSubject.ts';
import { refusedBy, seenBy } from '../plan/planner.ts';
import { PlanTally, type PlannedRow } from '../plan/planTally.ts';
import type { Services } from '../services.ts';
import type { DraftRows } from './draftRows.ts';
import type { DraftTerms, GivenRules } from './draftTerms.ts';
import type { InputFile } from './inputFile.ts';
import { WELL } from './intake.ts';
import { keptPlanPath } from './keptPlans.ts';
import type { Stagings } from './stagings.ts';

/**
 * Stages exactly what a plan file says, with what the plan saw of each row.
 * @throws UserError (exit 2) for a plan of another tenant or root, or one that is damaged.
 */
export async function stagePlanFile(
  file: InputFile,
  stagings: Stagings,
  { given, run }: DraftTerms,
  services: Services,
): Promise<DraftRows> {
  const key = await services.runs.sealKey();
  const reads = planReads(file, key);
  const { header, format } = await reads.header();
  refuseContradiction(given, header);
  expectSame(header, services, file);
  const { graphUrl: root, apiVersion, blind, strategy, createdAt, source } = header;
  const rules: ReadingRules = { root, apiVersion, blind, strategy };
  const staging = await stagings.begin({
    options: { plannedAt: Date.parse(createdAt), strategy },
    run: { apiVersion, blind, fileName: source.name },
  });
  const keptPlan = run && keptPlanPath(staging.runId, run.planDir, services);
  const files = await openPlan({ saveTo: [], keptPlan }, header, key);
  await using _files = files;
  const tally = new PlanTally();
  const duplicates = new Duplicates();
  const expected = new ExpectedDecisions(format);
  const decisions = new DecisionsDigest();
  const tenantRead = !header.offline && !blind;
  for await (const row of reads.rows()) {
    const planned = plannedRow(row, rules, file);
    tally.add(planned);
    expected.add(row);
    decisions.add(row.decision);
    const earlier = duplicates.seen(planned.change);
    await staging.add({
      input: planned.input,
      policy: policyKey(planned.change.address),
      family: planned.change.address.kind.family,
      ...(tenantRead ? seenBy(planned) : refusedBy(planned.decision)),
      names: planned.names,
      ...(row.rank !== undefined && { rank: row.rank }),
      ...(earlier && { duplicateOf: earlier.line }),
    });
    await files.row(row);
  }
  const { findings, names, seal, fingerprint } = reads.end();
  await staging.flush();
  if (tenantRead) await staging.call(names);
  if (staging.isScattered) throw brokenPlan(file, NOT_SIDE_BY_SIDE);
  const found = new Map(
    GUARD_KINDS.flatMap((kind) => (findings[kind] ? [[kind, findings[kind]] as const] : [])),
  );
  const isOurs = seal === 'ours';
  if (isOurs) await files.end(findings, names);
  else services.events.emit('foreignPlan', file.name);
  const saved: Judged = { tally, names, found, createdAt, tenantRead, fingerprint, differences: [] };
  const intake = {
    ...{ name: source.name, sha256: source.sha256, columns: header.columns, rows: header.rows },
    ...WELL,
  };
  const common = { staging, intake, rules, leftOut: 0, isRestoring: false };
  return isOurs ? { ...common, saved, keptPlan, decisions: decisions.end() } : { ...common, expected };
}

/** @throws UserError (exit 2) when the input of the row does not read: the plan is damaged. */
function plannedRow({ line, cells, ...row }: PlanRow, rules: ReadingRules, file: InputFile): PlannedRow {
  const input = { line, cells };
  const read = changeOf(input, rules);
  if ('problems' in read) throw brokenPlan(file, read.problems[0]);
  const { names, decision, list } = row;
  return { input, change: read.change, names, decision, list };
}

/** No plan is sealed with it. */
const NO_KEY = Buffer.alloc(0);

/** What is wrong with a plan file, if something is: told also when neither Graph nor Redis can be reached. */
export async function problemOfPlan(file: InputFile): Promise<UserError | undefined> {
  for await (const read of readPlanFile(file.bytes, NO_KEY))
    if (read.kind === 'problem') return brokenPlan(file, read.problem);
  return undefined;
}

/** The parts of a plan file, in the order in which they come. @throws UserError (exit 2) where it is damaged. */
export function planReads(file: InputFile, key: Buffer) {
  const reads = readPlanFile(file.bytes, key);
  let end: SealedEnd | undefined;
  const next = async () => {
    const { value } = await reads.next();
    if (value === undefined || value.kind !== 'problem') return value ?? undefined;
    throw brokenPlan(file, value.problem);
  };
  return {
    async header(): Promise<{ readonly header: PlanHeader; readonly format: PlanFormat }> {
      const read = await next();
      if (read?.kind === 'header') return read;
      throw new Error('a plan begins with its header');
    },
    async *rows(): AsyncGenerator<PlanRow> {
      for (let read = await next(); read !== undefined; read = await next()) {
        if (read.kind === 'row') yield read.row;
        if (read.kind === 'end') end = read.end;
      }
    },
    end(): SealedEnd {
      if (end === undefined) throw new Error('a plan ends with its last line');
      return end;
    },
  };
}

/** @throws UserError (exit 2) for a plan of another tenant or root. */
export function expectSame(
  header: PlanHeader,
  { identity }: Pick<Services, 'identity'>,
  file: InputFile,
): void {
  const { tenant, config } = identity;
  const differs = (what: string, theirs: string, ours: string, remedy: string): UserError =>
    new UserError(`The plan ${file.name} is for ${what} ${theirs}, not for ${ours}.`, {
      remedy: `${remedy} Nothing was queued.`,
      exitCode: EXIT.badInput,
    });
  if (header.tenant !== tenant)
    throw differs('tenant', header.tenant, tenant, 'Sign in to that tenant, or make a plan of this one.');
  if (header.graphUrl !== config.graphUrl)
    throw differs('Graph at', header.graphUrl, config.graphUrl, `Give --graph-url ${header.graphUrl}.`);
}

/**
 * A plan is taken as it is: what decides how its rows are read and written was decided when it was made. A flag that says the same is
 * no harm.
 * @throws UserError (exit 2) for one that says otherwise
 */
function refuseContradiction(given: GivenRules, { strategy, apiVersion, offline, blind }: PlanHeader): void {
  const said: readonly (readonly [flag: string, wanted: string | undefined, planned: string])[] = [
    ['--strategy', given.strategy, strategy],
    ['--api-version', given.apiVersion?.trim().toLowerCase(), apiVersion],
    ['--input-format', given.inputFormat?.trim().toLowerCase(), 'ndjson'],
    ['--offline', onlyIf(given.offline), onlyIf(offline) ?? 'not offline'],
    ['--blind', onlyIf(given.blind), onlyIf(blind) ?? 'not blind'],
    ['--skip-invalid', onlyIf(given.skipInvalid), 'complete'],
  ];
  const contradicting = said.find(([, wanted, planned]) => wanted !== undefined && wanted !== planned);
  if (contradicting === undefined) return;
  const [flag, wanted, planned] = contradicting;
  const written = wanted === GIVEN ? flag : `${flag} ${wanted}`;
  throw new UserError(
    `A plan is taken exactly as it is, and this one is ${planned}: ${written} has no place here.`,
    {
      remedy: `Leave ${flag} out, or give it to \`retarget plan\` when the plan is made. Nothing was queued.`,
      exitCode: EXIT.badInput,
    },
  );
}

const GIVEN = 'given';
const onlyIf = (flag: boolean | undefined): typeof GIVEN | undefined => (flag ? GIVEN : undefined);

const NOT_SIDE_BY_SIDE: Problem = {
  line: 1,
  column: 1,
  message: 'The rows of one policy do not stand side by side: the plan was reordered.',
  remedy: 'A plan is taken only as it was written: make it anew with `retarget plan FILE -o plan.ndjson`.',
};

export const brokenPlan = (file: InputFile, problem: Problem | undefined): UserError =>
  new UserError(`${file.name}:${problem?.line}:${problem?.column}: ${problem?.message}`, {
    remedy: problem?.remedy ?? 'Make the plan anew with `retarget plan FILE -o plan.ndjson`.',
    exitCode: EXIT.badInput,
  });
