import { EXIT, UserError } from '../../errors.ts';
import { DEFAULT_OPTIONS, type RunOptions } from '../../runs/run.ts';
import type { Schedule } from '../../runs/schedule/schedule.ts';
import { Draft } from '../draft/draft.ts';
import type { RunTerms } from '../draft/draftTerms.ts';
import { WELL } from '../draft/intake.ts';
import { Stagings } from '../draft/stagings.ts';
import { keptPlanPath } from '../draft/keptPlans.ts';
import { policyListsOf } from '../policyListsOf.ts';
import { logRun, type Said } from '../runs/runLog.ts';
import type { Services } from '../services.ts';
import { stageInverses, type Inverses } from './inverses.ts';
import { writtenByPlan, writtenByRun, type Selection, type Written } from './writtenRows.ts';

const KEEP_DAYS = 30;

/** What is to be taken back: the rows of a run, or of a plan that was carried out, which needs no record. */
export type RollbackSource =
  | {
      readonly kind: 'run';
      /** An id, or `@last`. */
      readonly name: string;
      /** Also, from the run's plan, rows that were found so with no write on record. */
      readonly includeUnrecorded: boolean;
    }
  | { readonly kind: 'plan'; readonly path: string };

export interface RollbackTerms {
  readonly selection: Selection;
  /** Where the plans of runs are kept; undefined: in the data directory. */
  readonly planDir: string | undefined;
  /** The API version that was asked for; undefined: none was. */
  readonly apiVersion: string | undefined;
}

/** @throws UserError (exit 2) for what is unknown, not at its end, or was written otherwise than through `apiVersion` */
export async function writtenBy(
  source: RollbackSource,
  { selection, planDir, apiVersion }: RollbackTerms,
  services: Services,
): Promise<Written> {
  const planPath = (runId: string): string => keptPlanPath(runId, planDir, services);
  const written =
    source.kind === 'run'
      ? await writtenByRun(
          source.name,
          selection,
          { isIncluded: source.includeUnrecorded, planPath },
          services,
        )
      : await writtenByPlan(source.path, selection, services);
  expectItsVersion(apiVersion, written);
  return { ...written, isOfRecord: source.kind === 'run' && !source.includeUnrecorded };
}

/** A rollback writes as what it takes back was written. @throws UserError (exit 2) for another version */
function expectItsVersion(given: string | undefined, { name, apiVersion }: Written): void {
  if (given === undefined || given.trim().toLowerCase() === apiVersion) return;
  throw new UserError(`${name} was written through ${apiVersion}, not through ${given}.`, {
    remedy: `Leave --api-version out: it goes back as it came.`,
    exitCode: EXIT.badInput,
  });
}

/** What the run of a rollback is made with. */
export interface RollbackRun {
  /** Put back also what somebody has changed since. */
  readonly force: boolean;
  /** Nothing is published: what would be put back is shown. */
  readonly isDry: boolean;
  readonly planDir: string | undefined;
  readonly justification: string | null;
  readonly purpose: string | null;
  readonly schedule: Schedule;
  /** As of RunTerms. */
  readonly notify?: readonly string[] | undefined;
}

/** A run that takes another one back as its time has come, and that nobody looks at before it goes. */
export interface Unattended {
  readonly options: Pick<RunOptions, 'isUrgent' | 'notify' | 'notifyFailures'>;
}

/** What would be put back, and the draft of the run that does it. To be disposed of. */
export interface RollbackDraft {
  readonly draft: Draft;
  readonly inverses: Inverses;
}

/** Reads what is there now and stages a row for each assignment that is to be put back. */
export async function draftRollback(
  written: Written,
  { force, isDry, planDir, justification, purpose, schedule, notify }: RollbackRun,
  services: Services,
  unattended?: Unattended,
): Promise<RollbackDraft> {
  const { name, isOfRecord, apiVersion, strategy, unrecordedLines } = written;
  const options = {
    ...{ ...DEFAULT_OPTIONS, ...schedule },
    ...{ restores: true, justification, revertOf: name, purpose },
    isPlainUndo: isOfRecord === true && !force,
    ...unattended?.options,
  };
  const isUnattended = unattended !== undefined;
  const run: RunTerms | undefined = isDry
    ? undefined
    : { options, keepDays: KEEP_DAYS, planDir, notify, tellsAsSaid: isUnattended };
  const root = services.identity.config.graphUrl;
  const rules = { root, apiVersion, blind: false, restores: true, strategy };
  const called = `rollback of ${name}`;
  const stagings = new Stagings(services, run, { name: called, rules });
  const found = Promise.withResolvers<Inverses>();
  const stage = async () => {
    const staging = await stagings.begin();
    const lists = policyListsOf(`${root}/${apiVersion}`, services);
    const inverses = await stageInverses(
      written,
      staging,
      { force, lists, waitsForLateWrites: !isDry, isUnattended },
      services,
    );
    found.resolve(inverses);
    const { sha256, columns, rows } = inverses;
    return {
      ...{ staging, rules, isRestoring: true, lists },
      intake: { ...WELL, name: called, sha256, columns, rows },
      leftOut: inverses.leftOut + unrecordedLines.length,
    };
  };
  const draft = await Draft.of(stagings, stage, { given: {}, run }, services);
  return { draft, inverses: await found.promise };
}

/** Makes the draft a run, of which both logs tell: its own, and that of the run that is taken back. Answers its id. */
export async function publishRollback(
  draft: Draft,
  { name, runId: rolledBack }: Written,
  { force, said }: { readonly force: boolean; readonly said: Said },
  services: Services,
): Promise<string> {
  const forced = force ? { force: true } : {};
  const runId = await draft.publish({
    ...{ again: true, action: 'rollback', said },
    details: { of: name, ...forced },
  });
  if (rolledBack !== undefined)
    await logRun('rolled back', rolledBack, services, said, { by: runId, ...forced });
  return runId;
}
