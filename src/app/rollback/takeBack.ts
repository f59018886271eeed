import type { Run } from '../../runs/run.ts';
import type { PlanTerms } from '../plan/planSubject.ts';
import { NotDue } from '../draft/draft.ts';
import { isApprovalDemanded } from '../draft/submitter.ts';
import { UNSCHEDULED } from '../schedule/scheduleFrom.ts';
import { selectorFrom } from '../runs/selection.ts';
import type { Services } from '../services.ts';
import { draftRollback, writtenBy } from './rollback.ts';

/** What became of a run whose time to be taken back had come. */
export type TakenBack =
  /** A run that does it, its rows, and what it leaves: somebody has changed it since, or the record does not know that it was written or what was there. */
  | { readonly kind: 'made'; readonly runId: string; readonly rows: number; readonly left: number }
  /** Nothing that it has written is there as it left it. */
  | { readonly kind: 'nothing'; readonly left: number }
  /** Lists of so many rows still read as they were before they were written: in some minutes they are believed, whatever they say. */
  | { readonly kind: 'later'; readonly lagging: number }
  /** Another worker was first, or somebody has given it another time or opened it again. */
  | { readonly kind: 'notDue' };

/** Nobody is there whom the guard could ask. */
const SEEN_BY_NOBODY: PlanTerms = {
  ...{ offline: false, allowed: new Map(), saveTo: [] },
  limits: { maxChanges: 'off', maxPercent: 'off' },
};

/**
 * Makes the run that takes an ended one back as its time has come: a rollback of whoever made that one, told to the same channels, that goes
 * before others. It is made and the first one marked in one step, so that there is never a second.
 * @throws UserError (exit 4) when the tenant can't be read
 */
export async function takeBack(run: Run, worker: Services): Promise<TakenBack> {
  const { runId, operator, options, moves } = run;
  const services = { ...worker, identity: { ...worker.identity, operator }, argv: run.arguments };
  const source = { kind: 'run', name: runId, includeUnrecorded: false } as const;
  const selection = { where: selectorFrom(undefined), rows: undefined };
  const written = await writtenBy(source, { selection, planDir: undefined, apiVersion: undefined }, services);
  const { justification, notify, notifyFailures } = options;
  const drafted = await draftRollback(
    written,
    {
      ...{ force: false, isDry: false, planDir: undefined, justification },
      ...{ purpose: 'taken back at its time', schedule: UNSCHEDULED },
    },
    services,
    { options: { isUrgent: true, notify, notifyFailures } },
  );
  await using draft = drafted.draft;
  const { inverses } = drafted;
  if (inverses.lagging > 0) return { kind: 'later', lagging: inverses.lagging };
  const left = inverses.left + written.unrecordedLines.length + written.withoutImage();
  const rows = inverses.rows - inverses.changed;
  if (inverses.rows === 0)
    return (await services.runs.markReverted(runId, left, moves))
      ? { kind: 'nothing', left }
      : { kind: 'notDue' };
  // A second person says yes to a plan, not to a list of rows.
  if (await isApprovalDemanded(services)) await draft.plan(SEEN_BY_NOBODY);
  const { submitter } = run;
  try {
    const by = await draft.publish({
      submitter: submitter.kind === 'unknown' ? undefined : submitter,
      ...{ again: true, action: 'rollback', said: {}, details: { of: runId, atItsTime: true } },
      reverts: { run: runId, moves, rows, left },
    });
    return { kind: 'made', runId: by, rows, left };
  } catch (error) {
    if (error instanceof NotDue) return { kind: 'notDue' };
    throw error;
  }
}
