import { rm } from 'node:fs/promises';
import { EXIT, UserError } from '../../errors.ts';
import type { Reverts } from '../../runs/lua/publish.ts';
import type { Submitter } from '../../runs/approval.ts';
import { DEFAULT_OPTIONS, type Approved, type RunOptions } from '../../runs/run.ts';
import { stagingLost } from '../../runs/staging.ts';
import { signIn } from '../identity.ts';
import { isInterrupt } from '../interrupt.ts';
import { DecisionsDigest } from '../plan/differences.ts';
import { makePlan, planFrom } from '../plan/makePlan.ts';
import { FileMisfit } from '../plan/planProblems.ts';
import type { Plan } from '../plan/plan.ts';
import type { PlanSubject, PlanTerms } from '../plan/planSubject.ts';
import { logRun, type LogDetails, type Said } from '../runs/runLog.ts';
import { policyListsOf } from '../policyListsOf.ts';
import type { PermitMark } from '../../runs/permitMark.ts';
import { PlanReads } from '../../worker/planReads.ts';
import type { Services } from '../services.ts';
import type { DraftRows, DraftSource } from './draftRows.ts';
import { readingRules, type DraftTerms } from './draftTerms.ts';
import type { RecognisedFile } from './inputFile.ts';
import { keptPlanPath, pruneBeside } from './keptPlans.ts';
import { stagePlanFile } from './planFileIntake.ts';
import { inOrder, Sampler } from './sample.ts';
import { stageRows } from './rowsIntake.ts';
import { Stagings } from './stagings.ts';
import { submitterOf, unapprovable } from './submitter.ts';
import { withoutNotTaken } from './withoutNotTaken.ts';

/** How a draft becomes a run. */
export interface Publication {
  /** Also when a run of the same file is unfinished. */
  readonly again: boolean;
  /** What the log calls it, and what it keeps of it. */
  readonly action: string;
  readonly said: Said;
  readonly details?: LogDetails;
  /** It takes another run back, as the time of that has come. */
  readonly reverts?: Reverts;
  /** Whose run it is, where a sign-in has proved that before; left out: of whoever signs in here. */
  readonly submitter?: Submitter | undefined;
}

/**
 * A file on its way to a run: opened, planned, published. Its rows lie in Redis, where nobody works on them yet; it forgets
 * them in the end unless it was published: `await using`.
 */
export class Draft implements AsyncDisposable {
  readonly #services: Services;
  readonly #terms: DraftTerms;
  readonly #stagings: Stagings;
  #rows: DraftRows;
  /** Where the plan of the run is kept; it goes when there is no run. */
  #keptPlan: string | undefined;
  #fingerprint: string | null = null;
  /** From before the tenant was read. */
  readonly #permitMark: PermitMark;
  #approved: Approved | null = null;
  #hasReadTenant = false;
  #isPublished = false;

  private constructor(
    services: Services,
    terms: DraftTerms,
    stagings: Stagings,
    rows: DraftRows,
    permitMark: PermitMark,
  ) {
    this.#services = services;
    this.#permitMark = permitMark;
    this.#terms = terms;
    this.#stagings = stagings;
    this.#rows = rows;
    this.#keptPlan = rows.keptPlan;
  }

  /**
   * Reads a file and stages its rows.
   * @throws UserError (exit 2) for a file with problems, of which `problems` has told; nothing is left in Redis
   */
  static open(file: RecognisedFile, terms: DraftTerms, services: Services): Promise<Draft> {
    const rules = readingRules(terms, services.identity);
    const stagings = new Stagings(services, terms.run, { name: file.name, rules });
    return Draft.of(
      stagings,
      () =>
        file.isPlan
          ? stagePlanFile(file, stagings, terms, services)
          : stageRows(file, stagings, terms, services),
      terms,
      services,
    );
  }

  /** A draft of rows that `stage` makes. What it began is forgotten when it fails. */
  static async of(
    stagings: Stagings,
    stage: () => Promise<DraftRows>,
    terms: DraftTerms,
    services: Services,
  ): Promise<Draft> {
    try {
      const permitMark = await services.runs.permitMark();
      return new Draft(services, terms, stagings, await stage(), permitMark);
    } catch (error) {
      await stagings.discard();
      if (isInterrupt(error, services.interrupted)) services.events.emit('discarded');
      throw error;
    }
  }

  get source(): DraftSource {
    if (this.#rows.saved !== undefined) return 'plan';
    return this.#rows.expected === undefined ? 'rows' : 'foreignPlan';
  }

  /** What the run is to be that it becomes. */
  get options(): RunOptions {
    return this.#terms.run?.options ?? DEFAULT_OPTIONS;
  }

  get rows(): number {
    return this.#rows.staging.rows;
  }

  /** Rows that were left out on the way. */
  get leftOut(): number {
    return this.#rows.leftOut;
  }

  /** What its plan has read, for a worker of this process that writes what was decided by it. */
  get planReads(): PlanReads | undefined {
    const { lists, staging, isRestoring } = this.#rows;
    const mark = this.#permitMark;
    return lists === undefined || isRestoring || !mark.isQuiet
      ? undefined
      : new PlanReads(staging.runId, mark.permits, (path) => lists.seen(path));
  }

  /** Reads the tenant, decides about each row and judges the whole; a plan file that was sealed here is taken as it is. */
  async plan(terms: PlanTerms): Promise<Plan> {
    const { saved } = this.#rows;
    const { plan, ofRows } =
      saved === undefined
        ? await this.#leavingOut(() => this.#made(terms))
        : {
            plan: await planFrom(saved, { ...this.#rows, services: this.#services }, terms),
            ofRows: new DecisionsDigest().end(),
          };
    this.#fingerprint = plan.fingerprint;
    this.#hasReadTenant = plan.tenantRead && saved === undefined;
    const { decisions = ofRows, isRestoring } = this.#rows;
    // A rollback leaves what somebody has changed since, row by row: no change keeps the rest of it.
    this.#approved =
      plan.tenantRead && !isRestoring
        ? { decisions, findings: plan.guard, limits: saved === undefined ? terms.limits : null }
        : null;
    return plan;
  }

  /** A plan made anew, with the digest of what it decides about each row. */
  async #made(terms: PlanTerms): Promise<{ readonly plan: Plan; readonly ofRows: string }> {
    this.#keptPlan = this.#planPath();
    const digest = new DecisionsDigest();
    const plan = await makePlan(await this.#subject(terms), { ...terms, keptPlan: this.#keptPlan }, (row) =>
      digest.add(row.decision),
    );
    return { plan, ofRows: digest.end() };
  }

  /** What a policy does not take shows only in the plan: with `skipInvalid` the rest is planned without such policies. */
  async #leavingOut<T>(plan: () => Promise<T>): Promise<T> {
    try {
      return await plan();
    } catch (error) {
      if (!(error instanceof FileMisfit) || error.notTaken === undefined) throw error;
      if (this.#terms.given.skipInvalid !== true || this.source !== 'rows') throw error;
      const { staging, rules, leftOut } = this.#rows;
      const rest = await this.#stagings.with(withoutNotTaken(staging, error.notTaken, rules));
      if (rest.rows === 0) throw error;
      this.#services.events.emit('leftOut', staging.rows - rest.rows, error.notTaken.size);
      this.#rows = { ...this.#rows, staging: rest, leftOut: leftOut + staging.rows - rest.rows };
      return await plan();
    }
  }

  /**
   * Keeps only so many of the rows that have to be written, of policies all over the file.
   * @throws UserError (exit 2) for a plan file, which is taken as a whole
   */
  async sample(rows: number, terms: PlanTerms): Promise<void> {
    if (this.source !== 'rows') throw planIsWhole();
    const { sampler, writes } = await this.#leavingOut(async () => {
      const each = new Sampler();
      const plan = await makePlan(await this.#subject(terms), terms, (row, rank) => each.add(row, rank));
      return { sampler: each, writes: plan.writes };
    });
    const chosen = sampler.chosen(rows);
    this.#services.events.emit('sample', chosen.length, writes);
    this.#rows = { ...this.#rows, staging: await this.#stagings.with(inOrder(chosen)) };
  }

  /**
   * Makes the rows a run, queues its first batches and writes into its log who did it. Answers the run's id. What fails after
   * `published` leaves a run that stands.
   */
  async publish({ again, action, said, details, reverts, submitter: given }: Publication): Promise<string> {
    const { staging, intake, leftOut } = this.#rows;
    const { producer, events, identity } = this.#services;
    const { sha256, columns } = intake;
    const submitter = given ?? (await submitterOf(this.#services, this.#hasReadTenant));
    const published = await staging.publish({
      ...{ sha256, columns, leftOut, again },
      ...{ planFingerprint: this.#fingerprint, approved: this.#approved, submitter, reverts },
    });
    switch (published.kind) {
      case 'published':
        this.#isPublished = true;
        events.emit('published', staging.runId);
        await producer.topUp();
        await logRun(action, staging.runId, this.#services, said, { ...details, ...this.#planLogged() });
        if (this.#keptPlan !== undefined) await pruneBeside(this.#keptPlan, staging.runId, this.#services);
        return staging.runId;
      case 'sameFile': {
        const watch = identity.hint(`watch ${published.runId}`);
        throw new UserError(`Run ${published.runId} of the same file is not finished.`, {
          remedy: `Follow it with \`${watch}\`, or start another one with --again.`,
          exitCode: EXIT.badInput,
        });
      }
      case 'unapprovable':
        throw unapprovable(published.why, identity.hint);
      case 'notDue':
        throw new NotDue();
      case 'lost':
        throw stagingLost();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const areGone = await this.#stagings.discard();
    if (this.#isPublished) return;
    // What may be a run after all keeps its plan. One that could not be kept can't be deleted either.
    if (this.#keptPlan !== undefined && areGone)
      await rm(this.#keptPlan, { force: true }).catch(() => undefined);
    const { interrupted, events } = this.#services;
    if (interrupted.aborted) events.emit('discarded');
  }

  /** With a sign-in where the tenant is read: a plan file that was sealed elsewhere comes without one. */
  async #subject({ offline }: PlanTerms): Promise<PlanSubject> {
    const services = this.#services;
    const { identity } = services;
    const { root, apiVersion } = this.#rows.rules;
    // Planned twice, as for a sample, the tenant is read once.
    this.#rows = {
      ...this.#rows,
      lists: this.#rows.lists ?? policyListsOf(`${root}/${apiVersion}`, services),
    };
    if (offline || this.#rows.rules.blind || identity.signedIn !== undefined)
      return { ...this.#rows, services };
    const { signedIn } = await signIn(identity, services);
    return { ...this.#rows, services: { ...services, identity: { ...identity, signedIn } } };
  }

  /** What the log says of the plan: its fingerprint, and of a plan file when it was made. */
  #planLogged(): LogDetails {
    const planOf = this.#rows.saved?.createdAt;
    return {
      ...(planOf !== undefined && { planOf }),
      ...(this.#fingerprint !== null && { plan: this.#fingerprint }),
    };
  }

  #planPath(): string | undefined {
    const { run } = this.#terms;
    return run && keptPlanPath(this.#rows.staging.runId, run.planDir, this.#services);
  }
}

/** What a draft was to take back is taken back already, or has another time by now. */
export class NotDue extends Error {}

const planIsWhole = (): UserError =>
  new UserError('A plan is taken exactly as it is, so there is no --sample of it.', {
    remedy: 'Give --sample with the file that the plan was made of.',
    exitCode: EXIT.badInput,
  });
