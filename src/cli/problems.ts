import { EXIT, UserError } from '../errors.ts';
import type { Context } from './context.ts';
import type { Intake } from './intake.ts';
import { count, shortened, visible } from './print.ts';

/** A message may quote a cell, and a cell may be of any length. */
const PROBLEM_CHARS_MAX = 600;

/** `file:line:column name: What is wrong. What to write.`, one line each. */
export function showProblems(
  { name, problems, problemTotal }: Pick<Intake, 'name' | 'problems' | 'problemTotal'>,
  { print }: Context,
): void {
  for (const { line, column, name: cell, message, remedy } of problems) {
    const what = `${shortened(message, PROBLEM_CHARS_MAX)} ${shortened(remedy, PROBLEM_CHARS_MAX)}`;
    print.say(visible(`${name}:${line}:${column}${cell ? ` ${cell}` : ''}: ${what}`));
  }
  if (problemTotal > problems.length)
    print.say(`… and ${count(problemTotal - problems.length, 'more problem')}.`);
}

/**
 * Whether the good rows of a file can be taken without the bad ones. Whole policies are left out; when nobody can tell the
 * policy of a bad row, nobody can tell which rows belong to it, and half of a policy's changes may be worse than none.
 */
export const canSkip = ({ isBroken, unplacedLine }: Intake): boolean =>
  !isBroken && unplacedLine === undefined;

export function refused(intake: Intake, skipInvalid: boolean): UserError {
  return new UserError(`${intake.name} has ${count(intake.problemTotal, 'problem')}; nothing was queued.`, {
    remedy: skipInvalid ? whyNotSkipped(intake) : howToGoOn(intake),
    exitCode: EXIT.badInput,
  });
}

const howToGoOn = (intake: Intake): string =>
  canSkip(intake)
    ? `Correct ${themOf(intake.problemTotal)} and start again, or leave out their policies with --skip-invalid.`
    : `Correct ${themOf(intake.problemTotal)} and start again.`;

/** So many of something, when it is spoken of again. */
export const themOf = (n: number): string => (n === 1 ? 'it' : 'them');

const whyNotSkipped = ({ isBroken, unplacedLine, problemTotal }: Intake): string =>
  isBroken || unplacedLine === undefined
    ? `Correct ${themOf(problemTotal)} and start again; --skip-invalid leaves out policies, but this is about the file as a whole.`
    : `Correct line ${unplacedLine} and start again: it does not tell its policy, so --skip-invalid can't leave out the policy's other rows.`;
