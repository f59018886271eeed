import { visible } from '../../assignments/values/visible.ts';
import type { FileProblems } from '../../events.ts';
import { count, shortened } from '../../app/words.ts';
import type { Printer } from './print.ts';

/** A message may quote a cell, and a cell may be of any length. */
const PROBLEM_CHARS_MAX = 600;

/** Lines that a person reads: of more problems their causes are shown, on a terminal. */
const LINES_MAX = 20;
/** Lines of the file that are named with a cause. */
const PLACES_MAX = 6;

/** `file:line:column name: What is wrong. What to write.`, one line each. */
export function showProblems(found: FileProblems, print: Printer): void {
  if (print.footColumns() !== undefined && found.problemTotal > LINES_MAX) showCauses(found, print);
  else showEach(found, print);
}

function showEach({ name, problems, problemTotal }: FileProblems, print: Printer): void {
  for (const { line, column, name: cell, message, remedy } of problems) {
    const what = `${shortened(message, PROBLEM_CHARS_MAX)} ${shortened(remedy, PROBLEM_CHARS_MAX)}`;
    print.say(visible(`${name}:${line}:${column}${cell ? ` ${cell}` : ''}: ${what}`));
  }
  if (problemTotal > problems.length)
    print.say(`… and ${count(problemTotal - problems.length, 'more problem')}.`);
}

/** One line a cause, the commonest first: what is quoted in a message is what differs from row to row. */
function showCauses({ name, problems, problemTotal }: FileProblems, print: Printer): void {
  const causes = Map.groupBy(problems, ({ name: cell, message }) => `${cell ?? ''} ${causeOf(message)}`);
  const byCount = [...causes.values()].toSorted((a, b) => b.length - a.length);
  print.say(visible(`${name} has ${count(problemTotal, 'problem')}:`));
  for (const of of byCount.slice(0, LINES_MAX)) {
    const [first] = of;
    if (first === undefined) continue;
    const lines = [...new Set(of.map(({ line }) => line))];
    const places = `line ${lines.slice(0, PLACES_MAX).join(', ')}${lines.length > PLACES_MAX ? ', …' : ''}`;
    const what = `${shortened(first.message, PROBLEM_CHARS_MAX)} ${shortened(first.remedy, PROBLEM_CHARS_MAX)}`;
    print.say(visible(`  ${of.length} × ${first.name ?? 'row'}, ${places}: ${what}`));
  }
  const more = byCount.length - LINES_MAX;
  if (more > 0) print.say(`  … and ${count(more, 'more cause')}.`);
  print.say('  --problems FILE writes each row with its reason.');
}

const causeOf = (message: string): string =>
  message
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/\d+/g, '0')
    .replace(/:.*/s, '');
