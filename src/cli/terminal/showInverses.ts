import type { CurrentAssignment } from '../../assignments/changes/current.ts';
import { targetInWords } from '../../assignments/changes/changeKind.ts';
import type { Inverse } from '../../assignments/changes/inverse.ts';
import { lagLeft } from '../../app/believedLists.ts';
import { CHANGED_SHOWN, currentOf, type Inverses } from '../../app/rollback/inverses.ts';
import type { Written } from '../../app/rollback/writtenRows.ts';
import { shortCalled, type Called } from '../../assignments/names/calledIds.ts';
import { count } from '../../app/words.ts';
import { cutInMiddle } from './width.ts';
import type { Printer } from './print.ts';

const CELL_CHARS_MAX = 60;

/** Says what a rollback would do before its plan does, and what it leaves alone. */
export function showInverses(inverses: Inverses, written: Written, print: Printer): void {
  const { name, strategy, withoutImage, hidesLosses, unrecordedLines } = written;
  const { rows, asBefore, mayLand, changed, gone, lost, lagging, laggingLists, goneLines } = inverses;
  const some = (n: number, what: string): void => {
    if (n > 0) print.say(`  ${count(n, 'assignment')} ${what}`);
  };
  print.say(rows === 0 ? `Nothing of ${name} is to be put back.` : `Rollback of ${name}:`);
  some(rows, 'to be put back');
  some(asBefore, 'as before already');
  some(mayLand, 'of these had a write sent that may still land: look again later with the same command');
  some(withoutImage(), 'of which nobody has seen what was there: left out');
  some(gone, `gone since, or unreadable: left out${strategy === 'assign' ? GONE_BY_ASSIGN : GONE_BY_PATCH}`);
  if (gone > 0) print.say(`    line ${goneLines.join(', ')}${gone > goneLines.length ? ', …' : ''}`);
  if (unrecordedLines.length > 0) {
    some(
      unrecordedLines.length,
      'found so by the run though the plan wanted a write, and none is on record (Redis may have lost it, or somebody else made it): left out (--include-unrecorded puts them back from the plan)',
    );
    print.say(`    ${linesInWords(unrecordedLines)}`);
  }
  some(changed, 'changed by somebody else since: left out (--force puts them back as well)');
  some(
    lost,
    'lost in a write whose list somebody has changed since: left out (--force puts them back as well)',
  );
  some(
    lagging,
    `still read as before they were written, as the tenant's reads lag behind or somebody has put them back: left out; roll back again in ${lagLeft(laggingLists)}`,
  );
  if (hidesLosses())
    print.say(
      '  Lists were written whole. What such a write may have lost besides its rows stands in the record of its run only, which is not here: compare with what `retarget export` shows.',
    );
  showChanged(inverses, written.called(), print);
}

const GONE_BY_PATCH = ", as a PATCH can't bring back what is not there";
const GONE_BY_ASSIGN = ' (--force adds them again where their policy can be read)';

const linesInWords = (lines: readonly number[]): string =>
  `line ${lines.slice(0, CHANGED_SHOWN).join(', ')}${lines.length > CHANGED_SHOWN ? ', …' : ''}`;

function showChanged({ changed, changedRows }: Inverses, called: Called, print: Printer): void {
  if (changed === 0) return;
  print.talkTable(
    ['line', 'policy', 'was before', 'is now'],
    changedRows.map(({ row, inverse }) =>
      [
        String(row.input.line),
        row.policy ?? row.change.address.policyId,
        shortCalled(inWords(wasOf(inverse)), called),
        shortCalled(inWords(currentOf(inverse), wasOf(inverse)), called),
      ].map((cell) => cutInMiddle(cell, CELL_CHARS_MAX)),
    ),
  );
  if (changed > changedRows.length)
    print.say(`  … and ${count(changed - changedRows.length, 'more', 'more')}`);
}

function inWords(assignment: CurrentAssignment | undefined, before = assignment): string {
  if (assignment === undefined) return 'nothing';
  const { intent } = assignment.whole;
  const isTurned = typeof intent === 'string' && intent !== before?.whole['intent'];
  return `${targetInWords(assignment.target)}${isTurned ? `, intent ${intent}` : ''}`;
}

const wasOf = (inverse: Inverse): CurrentAssignment | undefined =>
  inverse.action === 'remove' ? undefined : inverse.was;
