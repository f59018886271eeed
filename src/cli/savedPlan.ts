import type { Begin, FileFlags, Staged, Judged } from './staged.ts';
import { currentAssignmentOf } from '../assignments/changes/current.ts';
import { isDeepStrictEqual } from 'node:util';
import { Duplicates } from '../assignments/rows/duplicates.ts';
import { changeFrom } from '../assignments/rows/change.ts';
import { fingerprintOf, UNREAD } from '../assignments/changes/fingerprint.ts';
import { GUARD_KINDS, type GuardKind } from '../assignments/guard/guard.ts';
import { listPath, policyKey } from '../assignments/kinds/address.ts';
import { writesBy } from '../assignments/kinds/kind.ts';
import { patchBody } from '../assignments/changes/request.ts';
import type { Problem } from '../assignments/rows/row.ts';
import type { ReadingRules } from '../assignments/rows/rowReader.ts';
import { EXIT, UserError } from '../errors.ts';
import type { PlanEnd, PlanHeader, PlanRow } from '../formats/planFile.ts';
import { readPlanFile } from '../formats/readPlanFile.ts';
import { rowOf } from '../runs/batchCodec.ts';
import type { Staging } from '../runs/staging.ts';
import type { InputFile } from './intake.ts';
import { openPlanFiles } from './livePlan.ts';
import { PlanTally } from './planTally.ts';
import type { Session } from './session.ts';

/**
 * Stages exactly what a plan file says, with what the plan saw of each row.
 * @throws UserError (exit 2) for a plan of another tenant or root, or one that is damaged.
 */
export async function stagePlan(
  session: Session,
  file: InputFile,
  begin: Begin,
  flags: FileFlags,
  keepPlanIn: ((runId: string) => string) | undefined,
): Promise<Staged> {
  refuseFileFlags(flags);
  const reads = planReads(file);
  const header = await reads.header();
  expectSame(header, session, file);
  const { graphUrl: root, apiVersion, blind, strategy, createdAt, source } = header;
  const rules: ReadingRules = { root, apiVersion, blind, strategy };
  const staging = await begin({
    options: { plannedAt: Date.parse(createdAt), strategy },
    run: { apiVersion, blind, fileName: source.name },
  });
  const keptPlan = keepPlanIn?.(staging.runId);
  await using files = await openPlanFiles(keptPlan === undefined ? [] : [keptPlan], header);
  const tally = new PlanTally();
  const duplicates = new Duplicates();
  for await (const row of reads.rows()) {
    await stageRow(row, rules, staging, tally, duplicates, file);
    await files.row(row);
  }
  const { guard } = reads.end();
  await staging.flush();
  if (staging.isScattered) throw brokenPlan(file, NOT_SIDE_BY_SIDE);
  await files.end(guard);
  const found = new Map(GUARD_KINDS.flatMap((kind) => (guard[kind] ? [[kind, guard[kind]] as const] : [])));
  const saved: Judged = { tally, found, createdAt, looked: !header.offline && !blind };
  const intake = {
    ...{ name: source.name, sha256: source.sha256, columns: header.columns, rows: header.rows },
    ...{
      problems: [],
      problemTotal: 0,
      isBroken: false,
      badPolicies: new Set<string>(),
      unplacedLine: undefined,
    },
  };
  const staged: Staged = { session, staging, intake, rules, leftOut: 0, begin, saved, isPublished: false };
  return keptPlan === undefined ? staged : { ...staged, keptPlan };
}

async function stageRow(
  row: PlanRow,
  rules: ReadingRules,
  staging: Staging,
  tally: PlanTally,
  duplicates: Duplicates,
  file: InputFile,
): Promise<void> {
  const input = { line: row.line, cells: row.cells };
  const read = changeFrom(rowOf(input), rules);
  if ('problems' in read) throw brokenPlan(file, read.problems[0]);
  const { change } = read;
  const before = currentAssignmentOf(row.before);
  const cleared = Array.isArray(row.before)
    ? (row.before as unknown[]).flatMap((each) => currentAssignmentOf(each) ?? [])
    : undefined;
  const isWhole = change.action !== 'set' || writesBy(change.address.kind, rules.strategy) === 'assign';
  // Somebody says yes to what the plan shows: that must be what its input wishes.
  const wished = change.wish && patchBody(change, before);
  if (row.decision === 'write' && !isDeepStrictEqual(row.after, wished))
    throw brokenPlan(file, edited(row.line));
  const earlier = duplicates.seen(change);
  const kinds = row.guard.flatMap((name) => GUARD_KINDS.find((kind) => kind === name) ?? []);
  tally.add({
    ...{ input, change, before, cleared, decision: row.decision, after: row.after },
    ...(isWhole && { byAssign: listPath(change.address) }),
    ...(row.decision === 'refused' && { obstacle: row.before === undefined ? 'gone' : 'policySet' }),
    findings: kinds.map((kind: GuardKind) => ({ kind, what: '' })),
  });
  await staging.add({
    input,
    policy: policyKey(change.address),
    // Where nobody looked there is nothing to hold on to.
    ...(row.list !== undefined &&
      row.decision !== 'duplicate' && {
        planned: row.list === UNREAD ? UNREAD : fingerprintOf(before),
        plannedList: row.list,
      }),
    ...(row.rank !== undefined && { rank: row.rank }),
    ...(earlier && { duplicateOf: earlier.line }),
  });
}

/** What is wrong with a plan file, if something is: told also when neither Graph nor Redis can be reached. */
export async function problemOfPlan(file: InputFile): Promise<UserError | undefined> {
  for await (const read of readPlanFile(file.bytes))
    if (read.kind === 'problem') return brokenPlan(file, read.problem);
  return undefined;
}

/** The parts of a plan file, in the order in which they come. @throws UserError (exit 2) where it is damaged. */
export function planReads(file: InputFile) {
  const reads = readPlanFile(file.bytes);
  let end: PlanEnd | undefined;
  const next = async () => {
    const { value } = await reads.next();
    if (value === undefined || value.kind !== 'problem') return value ?? undefined;
    throw brokenPlan(file, value.problem);
  };
  return {
    async header(): Promise<PlanHeader> {
      const read = await next();
      if (read?.kind === 'header') return read.header;
      throw new Error('a plan begins with its header');
    },
    async *rows(): AsyncGenerator<PlanRow> {
      for (let read = await next(); read !== undefined; read = await next()) {
        if (read.kind === 'row') yield read.row;
        if (read.kind === 'end') end = read.end;
      }
    },
    end(): PlanEnd {
      if (end === undefined) throw new Error('a plan ends with its last line');
      return end;
    },
  };
}

/** @throws UserError (exit 2) for a plan of another tenant or root. */
export function expectSame(header: PlanHeader, { identity }: Session, file: InputFile): void {
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

/** A plan is taken as it is: what decides how a file is read was decided when it was made. */
function refuseFileFlags(flags: FileFlags): void {
  const given = [
    ['--skip-invalid', flags.skipInvalid],
    ['--blind', flags.blind],
  ].find(([, value]) => value);
  if (given === undefined) return;
  throw new UserError(`A plan is taken exactly as it is, so ${given[0]} has no place here.`, {
    remedy: `Leave ${given[0]} out, or give it to \`retarget plan\` when the plan is made.`,
    exitCode: EXIT.badInput,
  });
}

const edited = (line: number): Problem => ({
  line,
  column: 1,
  message: `What line ${line} of the input wishes is not what the plan shows: the plan was edited.`,
  remedy: 'A plan is taken only as it was written: change the input, and make the plan anew.',
});

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
