import type { Problem, InputRow } from '../../assignments/rows/row.ts';
import { KIND_NOT_WRITTEN } from '../../assignments/changes/planBatch.ts';
import { NOT_TAKEN } from '../../assignments/changes/steps.ts';
import { EXIT, UserError } from '../../errors.ts';
import { PROBLEMS_SHOWN_MAX } from '../problemsShown.ts';
import type { Events } from '../../events.ts';
import { count, themOf } from '../words.ts';
import type { RowFault } from './planTally.ts';

const REMEDY = 'Was one column of the file sorted or filled alone? Take the row as it was exported.';

/** A file that can't go as it is. */
export class FileMisfit extends UserError {
  /**
   * Their policies, where all rows with problems want what their policy does not take: these were meant so, and the others can go without
   * them. Undefined: some say of the tenant what is not so, and the file as a whole is not to be believed.
   */
  readonly notTaken: ReadonlySet<string> | undefined;

  constructor(message: string, remedy: string, notTaken: ReadonlySet<string> | undefined) {
    super(message, { remedy, exitCode: EXIT.badInput });
    this.notTaken = notTaken;
  }
}

/** Rows that say of the tenant what is not so, or want what their policy does not take. One is enough to queue nothing. */
export class PlanProblems {
  readonly #name: string;
  readonly #problems: Problem[] = [];
  readonly #policies = new Set<string>();
  #total = 0;
  #isOfKinds = true;

  /** @param name of the file */
  constructor(name: string) {
    this.#name = name;
  }

  /** @param policy of the row, by its key */
  note({ line }: InputRow, policy: string, { code, message, remedy = REMEDY, column }: RowFault): void {
    this.#total += 1;
    this.#policies.add(policy);
    this.#isOfKinds &&= OF_KINDS.has(code);
    if (this.#problems.length < PROBLEMS_SHOWN_MAX)
      this.#problems.push({
        line,
        column: 1,
        name: column ?? COLUMN_OF[code] ?? 'assignmentId',
        message,
        remedy,
      });
  }

  /** @throws FileMisfit (exit 2) when there are any; `problems` tells of them. */
  refuse(events: Events): void {
    if (this.#total === 0) return;
    events.emit('problems', { name: this.#name, problems: this.#problems, problemTotal: this.#total });
    const unless = this.#isOfKinds ? ', or leave their policies out with --skip-invalid' : '';
    throw new FileMisfit(
      `${this.#name} does not fit the tenant: ${count(this.#total, 'problem')}; nothing was queued.`,
      `Correct ${themOf(this.#total)}, or export the rows anew with \`retarget export\`${unless}.`,
      this.#isOfKinds ? this.#policies : undefined,
    );
  }
}

/** That a kind, or one of its policies, does not take something. */
const OF_KINDS: ReadonlySet<string> = new Set([NOT_TAKEN, KIND_NOT_WRITTEN]);

const COLUMN_OF: Readonly<Record<string, string>> = {
  PolicyNameMismatch: 'policyName',
  TargetMismatch: 'fromTargetType',
};
