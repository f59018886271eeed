import type { OpenSnapshot } from '../../app/snapshots/openSnapshot.ts';
import type { Restorable } from '../../app/snapshots/restore.ts';
import { count } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { Printer } from './print.ts';

/** Says what a restore would do before its plan does, and what it leaves alone. */
export function showRestorable(
  { rows, byAction, same, unmeant, left, gone, goneLines, unreadable, skipped }: Restorable,
  { name, manifest, end }: OpenSnapshot,
  print: Printer,
): void {
  const say = (line: string): void => print.say(visible(line));
  const of = `${name}, taken ${manifest.createdAt.slice(0, 16).replace('T', ' ')} UTC by ${manifest.reader.operator}`;
  const open = rows === 0 && skipped.rows === 0 ? 'Nothing is to be restored' : 'To be restored';
  say(`${open} from ${of}: ${count(same, 'policy', 'policies')} as in the snapshot.`);
  const some = (n: number, what: string, one = 'assignment', many = `${one}s`): void => {
    if (n > 0) say(`  ${count(n, one, many)} ${what}`);
  };
  some(byAction.add, 'to be added again');
  some(byAction.set, 'to be set back');
  some(byAction.remove, 'to be removed: not in the snapshot');
  some(left.kept, `that ${OWNER} keeps now: left alone`);
  some(left.lost, `that ${OWNER} kept: left out, as only that brings back what it assigns`);
  some(left.standsIn, `assigned directly where ${OWNER} did: left alone`);
  some(unmeant, 'that differ only in what --where or --scope leaves out', 'policy', 'policies');
  some(
    gone,
    'that the tenant does not have: left out, as no assignment brings them back',
    'policy',
    'policies',
  );
  if (gone > 0) say(`    line ${goneLines.join(', ')}${gone > goneLines.length ? ', …' : ''}`);
  for (const [why, policies] of unreadable)
    some(policies, `that can't be read: left out (${why})`, 'policy', 'policies');
  for (const { type, why } of end.notRead) say(`  ${type} is not in the snapshot and left alone: ${why}`);
}

const OWNER = 'a policy set or a deployment';
