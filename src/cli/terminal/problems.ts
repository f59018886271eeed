import type { Problem } from '../../assignments/rows/row.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { FileProblems } from '../../events.ts';
import { count, shortened } from '../../app/words.ts';
import { wrapped } from './fit.ts';
import type { Printer } from './print.ts';

/** A message may quote a cell, and a cell may be of any length. */
const PROBLEM_CHARS_MAX = 600;
/** The same where a line is a cause. */
const CAUSE_CHARS_MAX = 150;

/** Lines that a person reads: of more of them the causes are shown, on a terminal. */
const LINES_MAX = 20;
/** Lines of the file that are named with a cause. */
const PLACES_MAX = 3;

/** `file:line:column name: What is wrong. What to write.`, one line each; on a terminal a screen of causes, where that is more. */
export function showProblems(found: FileProblems, print: Printer): void {
  const { problems, problemTotal } = found;
  const each = problems.map((problem) => inWords(found, problem));
  const columns = print.talkColumns();
  const isLong = each.flatMap((line) => wrapped(line, columns)).length > LINES_MAX;
  if (columns !== undefined && problems.length > 1 && isLong) {
    showCauses(found, columns, print);
    return;
  }
  for (const line of each) print.say(line);
  if (problemTotal > problems.length)
    print.say(`… and ${count(problemTotal - problems.length, 'more problem')}.`);
}

function inWords({ name }: FileProblems, { line, column, name: cell, message, remedy }: Problem): string {
  const what = `${shortened(message, PROBLEM_CHARS_MAX)} ${shortened(remedy, PROBLEM_CHARS_MAX)}`;
  return visible(`${name}:${line}:${column}${cell ? ` ${cell}` : ''}: ${what}`);
}

/** `16 rows → groupName: There is no group "GRP-X": lines 22, 41, 92 … Did you mean "GRP-Y"?`, the commonest cause first. */
function showCauses({ name, problems, problemTotal }: FileProblems, columns: number, print: Printer): void {
  print.say(visible(`${name} has ${count(problemTotal, 'problem')}:`));
  const causes = causesOf(problems).map((of) => wrapped(causeInWords(of), columns));
  let left = LINES_MAX - 2;
  for (const [i, lines] of causes.entries()) {
    left -= lines.length;
    if (left < 0) {
      print.say(`  … and ${count(causes.length - i, 'more cause')}.`);
      break;
    }
    for (const line of lines) print.say(line);
  }
  print.say('  --problems FILE writes each row with its reason.');
}

/** Rows that are wrong in the same words are one cause; where those are too many, such as differ in names and numbers alone. */
function causesOf(problems: readonly Problem[]): readonly (readonly Problem[])[] {
  const by = (keyOf: (message: string) => string) =>
    [
      ...Map.groupBy(problems, ({ name: cell, message }) => `${cell ?? ''} ${keyOf(message)}`).values(),
    ].toSorted((a, b) => b.length - a.length);
  const exact = by((message) => message);
  return exact.length <= LINES_MAX / 2 ? exact : by(withoutNames);
}

const withoutNames = (message: string): string =>
  message
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/[\da-f]{8}-[\da-f-]{27}|\d+/gi, '0')
    .replace(/:.*/s, '');

function causeInWords(of: readonly Problem[]): string {
  const [first] = of;
  if (first === undefined) return '';
  const lines = [...new Set(of.map(({ line }) => line))];
  const places = `${lines.length === 1 ? 'line' : 'lines'} ${lines.slice(0, PLACES_MAX).join(', ')}`;
  const more = lines.length > PLACES_MAX ? ' …' : '.';
  const others = new Set(of.map(({ message }) => message)).size - 1;
  const alike = others > 0 ? ` (and ${others} like it)` : '';
  const what = shortened(first.message.replace(/\.$/, ''), CAUSE_CHARS_MAX);
  const remedy = others > 0 ? '' : ` ${shortened(first.remedy, CAUSE_CHARS_MAX)}`;
  return visible(
    `  ${count(of.length, 'row')} → ${first.name === undefined ? '' : `${first.name}: `}${what}${alike}: ${places}${more}${remedy}`,
  );
}
