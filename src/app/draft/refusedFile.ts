import { EXIT, UserError } from '../../errors.ts';
import { count, themOf } from '../words.ts';
import type { Intake } from './intake.ts';

/**
 * Whether the good rows of a file can be taken without the bad ones. Whole policies are left out; when nobody can tell the
 * policy of a bad row, nobody can tell which rows belong to it, and half of a policy's changes may be worse than none.
 */
export const canSkip = ({ isBroken, unplacedLine }: Intake): boolean =>
  !isBroken && unplacedLine === undefined;

export function refusedFile(intake: Intake, skipInvalid: boolean): UserError {
  const { name, problemTotal, badRows, rows } = intake;
  const where =
    badRows > 0 && rows > 1 ? ` in ${badRows.toLocaleString('en-US')} of ${count(rows, 'row')}` : '';
  return new UserError(`${name} has ${count(problemTotal, 'problem')}${where}; nothing was queued.`, {
    remedy: skipInvalid ? whyNotSkipped(intake) : howToGoOn(intake),
    exitCode: EXIT.badInput,
  });
}

const howToGoOn = (intake: Intake): string =>
  canSkip(intake)
    ? `Correct ${themOf(intake.problemTotal)} and start again, or leave out their policies with --skip-invalid.`
    : `Correct ${themOf(intake.problemTotal)} and start again.`;

const whyNotSkipped = ({ isBroken, unplacedLine, problemTotal }: Intake): string =>
  isBroken || unplacedLine === undefined
    ? `Correct ${themOf(problemTotal)} and start again; --skip-invalid leaves out policies, but this is about the file as a whole.`
    : `Correct line ${unplacedLine} and start again: it does not tell its policy, so --skip-invalid can't leave out the policy's other rows.`;

/** A run of no rows would be nothing to plan, to work on or to take back. */
export const asksNothing = ({ name }: Intake): UserError =>
  new UserError(`${name} asks for nothing: all of its rows only say what is there. Nothing was queued.`, {
    remedy: 'Write add as the action of a policy that is to be assigned, with the group that is to get it.',
    exitCode: EXIT.badInput,
  });
