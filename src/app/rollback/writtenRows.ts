import type { ApiVersion } from '../../assignments/values/apiVersion.ts';
import { listPath, policyKey } from '../../assignments/kinds/address.ts';
import { access } from 'node:fs/promises';
import { basename } from 'node:path';
import { aboutKey } from '../../assignments/rows/about.ts';
import { EXIT, UserError } from '../../errors.ts';
import { changeOf, type Change } from '../../assignments/rows/change.ts';
import type { InputColumn } from '../../assignments/rows/columns.ts';
import { ABSENT, beforeJson, type Before } from '../../assignments/changes/decision.ts';
import type { ReadingRules } from '../../assignments/rows/rowReader.ts';
import { cellText, type Selector } from '../../assignments/rows/selector.ts';
import type { LossyWrite } from '../../assignments/changes/losses.ts';
import type { WrittenChange } from '../../assignments/changes/undo.ts';
import type { Called } from '../../assignments/names/calledIds.ts';
import type { PlanRow } from '../../formats/planFile.ts';
import type { InputRow } from '../../assignments/rows/row.ts';
import { BATCH_ROWS_MAX } from '../../runs/staging.ts';
import type { RecordedRow } from '../../runs/batchRow.ts';
import { hasEnded, rulesOf, type Run } from '../../runs/run.ts';
import { ALREADY_SO_UNPLANNED, isUnrecorded } from '../../runs/unrecorded.ts';
import type { Strategy } from '../../assignments/kinds/kind.ts';
import { findOurRun, wrongState } from '../runs/findRun.ts';
import { isHalfDoneCode } from '../../worker/halfDone.ts';
import { openFile } from '../draft/inputFile.ts';
import { rowsMeant } from '../runs/resultRow.ts';
import { brokenPlan, expectSame, planReads } from '../draft/planFileIntake.ts';
import { addressesIn, alsoKnown, expectColumns } from '../runs/selection.ts';
import type { Services } from '../services.ts';
import { count } from '../words.ts';

/** A row that was written, with what it overwrote. */
export interface WrittenRow extends WrittenChange {
  readonly input: InputRow;
  /** What people call its policy. */
  readonly policy?: string | undefined;
  /** Of a list that was written whole and of which something was lost. */
  readonly lossy?: LossyWrite | undefined;
  /**
   * written: it was, as far as the record or the plan knows. unsure: nobody knows, and it may still land. maybe: it failed or was left
   * out, and an earlier send of it may have landed: only what the tenant shows counts.
   */
  readonly knownAs: 'written' | 'unsure' | 'maybe';
}

/** What can be taken back of a run or of a plan that was carried out. */
export interface Written {
  /** As users know it: the run's id, or the plan's path. */
  readonly name: string;
  /** The run, when the record has it. */
  readonly runId?: string;
  /** All of it comes from the record of the run, and nothing from a file. */
  readonly isOfRecord?: boolean;
  readonly apiVersion: ApiVersion;
  readonly strategy: Strategy;
  /** Nobody looked, so there is nothing to go back to. */
  readonly isUnseen: boolean;
  /** Rows of whole policies, about a batch at a time. Rows without a before-image are counted in `withoutImage`. */
  batches(): AsyncGenerator<readonly WrittenRow[]>;
  withoutImage(): number;
  /** Lists were written whole, and nobody knows what they may have lost besides the rows: only the record of the run would tell. */
  hidesLosses(): boolean;
  /** Lines of rows that were found so with no write on record, and that are left out. */
  readonly unrecordedLines: readonly number[];
  /** What people call their groups and filters. To be asked for when all rows were read. */
  called(): Called;
}

/** Which of the rows are meant. */
export interface Selection {
  readonly where: Selector;
  /** The file of `--rows`. */
  readonly rows: string | undefined;
}

/** Rows that were found so with no write on record: taken back from the run's plan, where that is asked for. */
export interface Unrecorded {
  readonly isIncluded: boolean;
  /** Where the plan of a run is kept, by the run's id. */
  readonly planPath: (runId: string) => string;
}

/** @throws UserError (exit 2) for a run that is unknown or not at its end, or whose plan is needed and gone. */
export async function writtenByRun(
  name: string,
  { where, rows: rowsFile }: Selection,
  { isIncluded, planPath }: Unrecorded,
  services: Services,
): Promise<Written> {
  const { runs, identity } = services;
  const run = await findOurRun(name, services);
  expectEnded(run, identity.hint);
  const { isMeant, called } = await rowsMeant(where, rowsFile, run, services);
  const planned =
    isIncluded && run.unrecorded > 0 ? await plannedBefores(run, planPath(run.runId), services) : undefined;
  const unrecordedLines: number[] = [];
  let withoutImage = 0;
  return {
    ...{ name: run.runId, runId: run.runId, apiVersion: run.apiVersion, strategy: run.options.strategy },
    isUnseen: run.blind,
    withoutImage: () => withoutImage,
    hidesLosses: () => false,
    async *batches() {
      for await (const recorded of runs.rowsByBatch(run, 'before')) {
        const rows = recorded.filter((row) => (mayBeWritten(row) || isUnrecorded(row)) && isMeant(row));
        const meant = planned === undefined ? rows.filter((row) => !isUnrecorded(row)) : rows;
        unrecordedLines.push(...rows.filter((row) => !meant.includes(row)).map(({ input }) => input.line));
        const losses = lossyWrites(recorded);
        const written = meant.flatMap((row) => writtenRow(row, planned, losses.get(row)));
        withoutImage += meant.length - written.length;
        if (written.length > 0) yield written;
      }
    },
    unrecordedLines,
    called: () => called,
  };
}

/**
 * A before-image is kept only of rows that were sent; one that a `retry` found done was written by an earlier try. What failed half-way was
 * written half-way.
 */
const wasWritten = ({ state, attempts, detail, before }: RecordedRow): boolean =>
  (state === 'succeeded' && attempts > 0) ||
  (state === 'skipped' && before !== undefined) ||
  state === 'leftUnsure' ||
  (state === 'failed' && (detail.errorCode === 'VerifyMismatch' || isHalfDoneCode(detail.errorCode)));

/** The writes that have lost something, by all rows of their lists. */
function lossyWrites(rows: readonly RecordedRow[]): ReadonlyMap<RecordedRow, LossyWrite> {
  const found = new Map<RecordedRow, LossyWrite>();
  for (const ofList of Map.groupBy(rows, ({ change }) => listPath(change.address)).values()) {
    const list = ofList.find((row) => row.list?.seen !== undefined)?.list;
    if (list?.seen !== undefined) for (const row of ofList) found.set(row, { list, seen: list.seen });
  }
  return found;
}

/** Sent more than once, or in an earlier try: of the sends before the last one nobody knows. */
export const mayBeWritten = (row: RecordedRow): boolean =>
  wasWritten(row) || (row.before !== undefined && row.attempts !== 1);

function writtenRow(
  row: RecordedRow,
  planned: PlannedBefores | undefined,
  lossy: LossyWrite | undefined,
): WrittenRow[] {
  const { change, input } = row;
  const known = isUnrecorded(row) ? planned?.get(rowKey(row)) : row.before;
  const before = imageFor(change, known);
  if (before === undefined) return [];
  const { assignmentIdAfter: idAfter } = row.detail;
  return [{ input, change, before, idAfter, knownAs: knownAs(row), lossy, policy: row.names?.policy }];
}

function knownAs(row: RecordedRow): WrittenRow['knownAs'] {
  if (row.state === 'leftUnsure') return 'unsure';
  return wasWritten(row) || isUnrecorded(row) ? 'written' : 'maybe';
}

/** What the plan saw of each row that it wanted written. */
type PlannedBefores = ReadonlyMap<string, Before>;

const rowKey = ({ input, change }: Pick<RecordedRow, 'input' | 'change'>): string =>
  `${input.line} ${aboutKey(change)}`;

/** @throws UserError (exit 2) for a plan that is gone, or is of another file. */
async function plannedBefores(run: Run, path: string, services: Services): Promise<PlannedBefores> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere) throw planIsGone(run, path, 'is gone');
  const file = await openFile(path, undefined, services);
  const reads = planReads(file, await services.runs.sealKey());
  const { header } = await reads.header();
  expectSame(header, services, file);
  if (header.source.sha256 !== run.source.sha256) throw planIsGone(run, path, 'is of another file');
  const befores = new Map<string, Before>();
  for await (const { line, cells, decision } of reads.rows()) {
    if (decision.kind !== 'write') continue;
    const input: InputRow = { line, cells };
    const read = changeOf(input, { ...rulesOf(run), recorded: true });
    if ('problems' in read) throw brokenPlan(file, read.problems[0]);
    befores.set(rowKey({ input, change: read.change }), decision.before);
  }
  return befores;
}

const planIsGone = ({ runId, unrecorded }: Run, path: string, what: string): UserError =>
  new UserError(
    `The plan of run ${runId} ${what} (${path}), and only it knows what ${count(unrecorded, 'row')} with no write on record found: nothing was put back.`,
    {
      remedy: `Give --plan-dir with the directory that it was kept in, or leave --include-unrecorded out to put back the other rows; \`retarget results ${runId} --where errorCode=${ALREADY_SO_UNPLANNED}\` names the rows.`,
      exitCode: EXIT.badInput,
    },
  );

/** Where nothing is added, nothing is no image. */
const imageFor = ({ action }: Change, before: Before | undefined): Before | undefined => {
  if (action === 'add' && before?.kind !== 'entry') return ABSENT;
  return before?.kind === 'entry' || before?.kind === 'entries' ? before : undefined;
};

const expectEnded = (run: Run, hint: Services['identity']['hint']): void => {
  if (hasEnded(run)) return;
  const isStopped = run.state === 'cancelled' || run.state === 'aborted';
  const remedy = isStopped
    ? `${count(run.sent, 'write')} of it in doubt: let a worker see what became of them (\`${hint('worker --until-idle')}\`), then roll back.`
    : `Cancel it first with \`${hint(`cancel ${run.runId}`)}\`, and let a worker look at what is on the way.`;
  throw wrongState(run, run.state, 'rolled back', remedy);
};

/** @throws UserError (exit 2) for what is no plan of this tenant, or one whose run is not at its end. */
export async function writtenByPlan(
  path: string,
  { where, rows: rowsFile }: Selection,
  services: Services,
): Promise<Written> {
  const file = await openFile(path, undefined, services);
  const reads = planReads(file, await services.runs.sealKey());
  const { header } = await reads.header();
  expectSame(header, services, file);
  expectColumns(
    where,
    [
      ...new Set([
        ...header.columns,
        ...alsoKnown(!header.offline && !header.blind),
        'row',
        'before',
        'after',
      ] as const),
    ],
    `The plan ${file.name} has`,
  );
  const { graphUrl, apiVersion, strategy, source } = header;
  const ofFile = (await services.runs.runs()).filter(
    (run) => run.runId === basename(path, '.ndjson') || run.source.sha256 === source.sha256,
  );
  for (const run of ofFile) expectEnded(run, services.identity.hint);
  const known = await runsOfPlan(path, ofFile, services);
  const losses = await lossesOfRuns(known, services);
  let hidesLosses = false;
  // A rollback's own plan has targets that nobody documents.
  const rules: ReadingRules = { root: graphUrl, apiVersion, blind: header.blind, restores: true, strategy };
  const isNamed = await addressesIn(rowsFile, header, services);
  let withoutImage = 0;
  async function* written(): AsyncGenerator<WrittenRow> {
    for await (const row of reads.rows()) {
      if (row.decision.kind !== 'write') continue;
      const input: InputRow = { line: row.line, cells: row.cells };
      const read = changeOf(input, rules);
      if ('problems' in read) throw brokenPlan(file, read.problems[0]);
      const { change } = read;
      if (!isNamed(change) || !where.matches((column) => cellOf(row, change, column))) continue;
      const before = imageFor(change, row.decision.before);
      if (row.decision.via === 'assign' && known.length === 0) hidesLosses = true;
      const lossy = losses.get(listPath(change.address));
      if (before === undefined) withoutImage += 1;
      else {
        const { policy } = row.names;
        yield { input, change, before, idAfter: undefined, knownAs: 'written', lossy, policy };
      }
    }
  }
  return {
    ...{ name: file.name, apiVersion, strategy, isUnseen: header.offline || header.blind },
    withoutImage: () => withoutImage,
    hidesLosses: () => hidesLosses,
    batches: () => wholePolicies(written()),
    unrecordedLines: [],
    called: () => reads.end().names,
  };
}

/** Those of these runs that were made of this very plan, the newest last. */
async function runsOfPlan(path: string, runs: readonly Run[], services: Services): Promise<readonly Run[]> {
  const planned = runs.filter(({ planFingerprint }) => planFingerprint !== null);
  if (planned.length === 0) return [];
  const reads = planReads(await openFile(path, undefined, services), await services.runs.sealKey());
  for await (const _row of reads.rows());
  const { fingerprint } = reads.end();
  return planned
    .filter(({ planFingerprint }) => planFingerprint === fingerprint)
    .toSorted((a, b) => a.createdAt - b.createdAt);
}

/** What writes of these runs have lost, by list. */
async function lossesOfRuns(
  runs: readonly Run[],
  services: Services,
): Promise<ReadonlyMap<string, LossyWrite>> {
  const found = new Map<string, LossyWrite>();
  for (const run of runs)
    for await (const recorded of services.runs.rowsByBatch(run, 'before'))
      for (const [{ change }, lossy] of lossyWrites(recorded)) found.set(listPath(change.address), lossy);
  return found;
}

function cellOf(
  { line, cells, decision, names }: PlanRow,
  { address }: Change,
  column: string,
): string | undefined {
  const known: Readonly<Record<string, unknown>> = {
    ...{ policyType: address.kind.policyType, policyName: names.policy, platform: names.platform },
    ...{ row: line, before: beforeJson(decision.before), after: decision.after },
  };
  return cellText(cells.get(column as InputColumn) ?? known[column]);
}

/** A plan has the rows of a policy side by side. */
async function* wholePolicies(rows: AsyncIterable<WrittenRow>): AsyncGenerator<readonly WrittenRow[]> {
  let batch: WrittenRow[] = [];
  for await (const row of rows) {
    const last = batch.at(-1);
    const isNext = last === undefined || policyKey(last.change.address) !== policyKey(row.change.address);
    if (isNext && batch.length >= BATCH_ROWS_MAX) {
      yield batch;
      batch = [];
    }
    batch.push(row);
  }
  if (batch.length > 0) yield batch;
}
