import { randomInt } from 'node:crypto';
import type { ReadingRules } from '../../assignments/rows/rowReader.ts';
import { EXIT, UserError } from '../../errors.ts';
import { DEFAULT_OPTIONS, type RunIdentity, type RunOptions } from '../../runs/run.ts';
import { Staging, type StagedRow } from '../../runs/staging.ts';
import { rememberTenant, type Services } from '../services.ts';
import { channelsOfRun } from '../notify/channels.ts';
import { keptTexts } from '../runs/runLog.ts';
import type { RunTerms } from './draftTerms.ts';

/** A draft that becomes no run is kept in Redis for as long as it is planned. */
const NO_RUN = { options: DEFAULT_OPTIONS, keepDays: 1 } as const;

/** What of a run its rows decide, as a plan file does. */
export interface RunParts {
  readonly options?: Partial<RunOptions>;
  readonly run?: Partial<RunIdentity>;
}

/** The stagings of one draft: it may begin more than one, as when rows are put into another order, and publishes one at most. */
export class Stagings {
  readonly rules: ReadingRules;
  readonly #services: Services;
  readonly #terms: RunTerms | undefined;
  readonly #fileName: string;
  readonly #told: Partial<RunOptions>;
  readonly #begun: Staging[] = [];

  /** @throws UserError (exit 2) for a channel that there is not */
  constructor(
    services: Services,
    terms: RunTerms | undefined,
    { name, rules }: { readonly name: string; readonly rules: ReadingRules },
  ) {
    this.#services = services;
    this.#terms = terms;
    this.#fileName = name;
    this.rules = rules;
    this.#told =
      terms === undefined || terms.tellsAsSaid === true ? {} : channelsOfRun(terms.notify, services);
  }

  async begin({ options, run }: RunParts = {}): Promise<Staging> {
    if (this.#terms !== undefined) await rememberTenant(this.#services);
    const { options: wanted, keepDays } = this.#terms ?? NO_RUN;
    const { identity, argv, redactor, runs } = this.#services;
    const { apiVersion, blind, strategy = 'patch' } = this.rules;
    if (wanted.revertAt !== null && (run?.blind ?? blind)) throw nothingToGoBackTo();
    const staging = await Staging.begin(
      runs,
      {
        runId: newRunId(new Date()),
        tenant: identity.tenant,
        graphUrl: identity.config.graphUrl,
        apiVersion,
        appId: identity.appId,
        operator: identity.operator,
        arguments: argv.map(redactor.redacted),
        fileName: this.#fileName,
        blind,
        keepDays,
        options: keptTexts({ ...wanted, ...this.#told, strategy, ...options }, redactor),
        ...run,
      },
      Date.now(),
    );
    this.#begun.push(staging);
    return staging;
  }

  /** Stages rows that are known already. */
  async with(rows: AsyncIterable<StagedRow>): Promise<Staging> {
    const staging = await this.begin();
    for await (const row of rows) await staging.add(row);
    await staging.flush();
    return staging;
  }

  /**
   * Forgets all but what was published. Answers false when one may be a run after all. What can't be deleted, as Redis is
   * away, Redis itself forgets.
   */
  async discard(): Promise<boolean> {
    let areGone = true;
    for (const staging of this.#begun) areGone = (await staging.discard().catch(() => false)) && areGone;
    return areGone;
  }
}

const nothingToGoBackTo = (): UserError =>
  new UserError('A run that writes without looking has nothing to go back to: nothing would take it back.', {
    remedy: 'Leave --blind out, or --revert-after and --revert-at.',
    exitCode: EXIT.badInput,
  });

/** `20260131-235959-k7qd`: sorts by time, says when, and can be read out on the telephone. */
function newRunId(now: Date): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  return `${stamp}-${Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('')}`;
}
