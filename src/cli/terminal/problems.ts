import { visible } from '../../assignments/values/visible.ts';
import type { FileProblems } from '../../app/events.ts';
import { count, shortened } from '../../app/words.ts';
import type { Printer } from './print.ts';

/** A message may quote a cell, and a cell may be of any length. */
const PROBLEM_CHARS_MAX = 600;

/** `file:line:column name: What is wrong. What to write.`, one line each. */
export function showProblems({ name, problems, problemTotal }: FileProblems, print: Printer): void {
  for (const { line, column, name: cell, message, remedy } of problems) {
    const what = `${shortened(message, PROBLEM_CHARS_MAX)} ${shortened(remedy, PROBLEM_CHARS_MAX)}`;
    print.say(visible(`${name}:${line}:${column}${cell ? ` ${cell}` : ''}: ${what}`));
  }
  if (problemTotal > problems.length)
    print.say(`… and ${count(problemTotal - problems.length, 'more problem')}.`);
}
