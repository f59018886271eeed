import type { Problem, InputRow } from '../../assignments/rows/row.ts';
import { EXIT, UserError } from '../../errors.ts';
import { PROBLEMS_SHOWN_MAX } from '../problemsShown.ts';
import type { Events } from '../../events.ts';
import { count, themOf } from '../words.ts';
import type { RowFault } from './planTally.ts';

const REMEDY = 'Was one column of the file sorted or filled alone? Take the row as it was exported.';

/** Rows that say of the tenant what is not so. One is enough to queue nothing, as the file as a whole is not to be believed. */
export class PlanProblems {
  readonly #name: string;
  readonly #problems: Problem[] = [];
  #total = 0;

  /** @param name of the file */
  constructor(name: string) {
    this.#name = name;
  }

  note({ line }: InputRow, { code, message, remedy = REMEDY, column }: RowFault): void {
    this.#total += 1;
    if (this.#problems.length < PROBLEMS_SHOWN_MAX)
      this.#problems.push({
        line,
        column: 1,
        name: column ?? COLUMN_OF[code] ?? 'assignmentId',
        message,
        remedy,
      });
  }

  /** @throws UserError (exit 2) when there are any; `problems` tells of them. */
  refuse(events: Events): void {
    if (this.#total === 0) return;
    events.emit('problems', { name: this.#name, problems: this.#problems, problemTotal: this.#total });
    throw new UserError(
      `${this.#name} does not fit the tenant: ${count(this.#total, 'problem')}; nothing was queued.`,
      {
        remedy: `Correct ${themOf(this.#total)}, or export the rows anew with \`retarget export\`.`,
        exitCode: EXIT.badInput,
      },
    );
  }
}

const COLUMN_OF: Readonly<Record<string, string>> = {
  PolicyNameMismatch: 'policyName',
  TargetMismatch: 'fromTargetType',
};
