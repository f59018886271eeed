import type { ApiVersion } from '../assignments/values/apiVersion.ts';
import { policyKey } from '../assignments/kinds/address.ts';
import { basename } from 'node:path';
import { changeOf, type Change } from '../assignments/rows/change.ts';
import type { InputColumn } from '../assignments/rows/columns.ts';
import { ABSENT, beforeJson, type Before } from '../assignments/changes/decision.ts';
import type { ReadingRules } from '../assignments/rows/rowReader.ts';
import { cellText, type Selector } from '../assignments/rows/selector.ts';
import type { WrittenChange } from '../assignments/changes/undo.ts';
import type { PlanRow } from '../formats/planFile.ts';
import type { InputRow } from '../assignments/rows/row.ts';
import { BATCH_SIZE_MAX } from '../runs/staging.ts';
import type { RecordedRow } from '../runs/batchRow.ts';
import { hasEnded, type Run } from '../runs/run.ts';
import type { Strategy } from '../assignments/kinds/kind.ts';
import type { Context } from './context.ts';
import { findOurRun, wrongState } from './findRun.ts';
import { openInput } from './intake.ts';
import { rowsMeant } from './resultRow.ts';
import { brokenPlan, expectSame, planReads } from './savedPlan.ts';
import { addressesIn } from './selection.ts';
import type { Session } from './session.ts';

/** A row that was written, with what it overwrote. */
export interface WrittenRow extends WrittenChange {
  readonly input: InputRow;
}

/** What can be taken back of a run or of a plan that was carried out. */
export interface Written {
  /** As users know it: the run's id, or the plan's path. */
  readonly name: string;
  /** The run, when the record has it. */
  readonly runId?: string;
  readonly apiVersion: ApiVersion;
  readonly strategy: Strategy;
  /** Nobody looked, so there is nothing to go back to. */
  readonly isUnseen: boolean;
  /** Rows of whole policies, about a batch at a time. Rows without a before-image are counted in `withoutImage`. */
  batches(): AsyncGenerator<readonly WrittenRow[]>;
  withoutImage(): number;
}

/** Which of the rows are meant. */
export interface Selection {
  readonly where: Selector;
  /** The file of `--rows`. */
  readonly rows: string | undefined;
}

/** @throws UserError (exit 2) for a run that is unknown or not at its end. */
export async function writtenByRun(
  name: string,
  { where, rows: rowsFile }: Selection,
  session: Session,
  context: Context,
): Promise<Written> {
  const { runs, identity } = session;
  const run = await findOurRun(name, runs, identity.tenant, context);
  expectEnded(run, identity.hint);
  const isMeant = await rowsMeant(where, rowsFile, run, context);
  let withoutImage = 0;
  return {
    ...{ name: run.runId, runId: run.runId, apiVersion: run.apiVersion, strategy: run.options.strategy },
    isUnseen: run.blind,
    withoutImage: () => withoutImage,
    async *batches() {
      for await (const recorded of runs.rowsByBatch(run, 'before')) {
        const rows = recorded.filter((row) => wasWritten(row) && isMeant(row));
        const written = rows.flatMap(writtenRow);
        withoutImage += rows.length - written.length;
        if (written.length > 0) yield written;
      }
    },
  };
}

/** A before-image is kept only of rows that were sent; one that a `retry` found done was written by an earlier try. */
const wasWritten = ({ state, attempts, detail, before }: RecordedRow): boolean =>
  (state === 'succeeded' && attempts > 0) ||
  (state === 'skipped' && before !== undefined) ||
  (state === 'failed' && detail.errorCode === 'VerifyMismatch');

function writtenRow(row: RecordedRow): WrittenRow[] {
  const { change } = row;
  const before = imageFor(change, row.before);
  if (before === undefined) return [];
  return [{ input: row.input, change, before, idAfter: row.detail.assignmentIdAfter }];
}

/** Where nothing is added, nothing is no image. */
const imageFor = ({ action }: Change, before: Before | undefined): Before | undefined => {
  if (action === 'add') return ABSENT;
  return before?.kind === 'entry' || before?.kind === 'entries' ? before : undefined;
};

const expectEnded = (run: Run, hint: Session['identity']['hint']): void => {
  if (hasEnded(run)) return;
  throw wrongState(
    run,
    run.state,
    'rolled back',
    `Cancel it first with \`${hint(`cancel ${run.runId}`)}\`, and let a worker look at what is on the way.`,
  );
};

/** @throws UserError (exit 2) for what is no plan of this tenant, or one whose run is not at its end. */
export async function writtenByPlan(
  path: string,
  { where, rows: rowsFile }: Selection,
  session: Session,
  context: Context,
): Promise<Written> {
  const file = await openInput(path, undefined, context);
  const reads = planReads(file, await session.runs.sealKey());
  const { header } = await reads.header();
  expectSame(header, session, file);
  const { graphUrl, apiVersion, strategy, source } = header;
  for (const run of await session.runs.runs())
    if (run.runId === basename(path, '.ndjson') || run.source.sha256 === source.sha256)
      expectEnded(run, session.identity.hint);
  // A rollback's own plan has targets that nobody documents.
  const rules: ReadingRules = { root: graphUrl, apiVersion, blind: header.blind, restores: true, strategy };
  const isNamed = await addressesIn(rowsFile, header, context);
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
      if (before === undefined) withoutImage += 1;
      else yield { input, change, before, idAfter: undefined };
    }
  }
  return {
    ...{ name: file.name, apiVersion, strategy, isUnseen: header.offline || header.blind },
    withoutImage: () => withoutImage,
    batches: () => wholePolicies(written()),
  };
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
    if (isNext && batch.length >= BATCH_SIZE_MAX) {
      yield batch;
      batch = [];
    }
    batch.push(row);
  }
  if (batch.length > 0) yield batch;
}
