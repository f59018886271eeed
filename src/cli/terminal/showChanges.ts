import { kindOf } from '../../assignments/kinds/registry.ts';
import { shortCalled } from '../../assignments/names/calledIds.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { Plan } from '../../app/plan/plan.ts';
import type { ChangeCount } from '../../app/plan/planTally.ts';
import { count } from '../../app/words.ts';
import { audienceLines } from './audienceLines.ts';
import type { Printer } from './print.ts';
import { cutAtEnd, cutInMiddle } from './width.ts';

/** Ways to change that are shown where there is room. */
const WAYS_SHOWN = 5;
/** Groups whose members are shown, where there is room. */
const GROUPS_SHOWN = 5;
/** The least of them that says anything: one, and how many there are besides. */
const GROUP_LINES_MIN = 2;
/** The least of a table that says anything: its heading, two rows, and how many there are besides. */
const TABLE_LINES_MIN = 4;
/** Columns of a policy's name and of a target in the table. */
const CELL_COLUMNS_MAX = 60;

/**
 * Shows how a plan changes things: the ways, for whom, and the first rows.
 * @param room lines for that
 * @param isWhole everything, whatever that takes
 */
export function showChanges(plan: Plan, print: Printer, room: number, isWhole: boolean): void {
  const columns = print.talkColumns();
  const most = (lines: number, shown: number): number => (isWhole ? Infinity : Math.min(lines, shown + 1));
  const ways = wayLines(plan.changes, most(Math.ceil(room / 3), WAYS_SHOWN));
  const left = room - ways.length;
  const groups = audienceLines(
    plan.audiences,
    plan.groupsUncounted,
    most(roomForGroups(plan, left), GROUPS_SHOWN),
  );
  for (const line of [...ways, ...groups]) print.say(columns === undefined ? line : cutAtEnd(line, columns));
  showFirstRows(plan, print, left - groups.length);
}

/** They share with the rows, of which a few are to be seen as well where there is room for both. */
function roomForGroups({ firstRows }: Plan, room: number): number {
  const forRows = Math.min(TABLE_LINES_MIN, firstRows.length + 1);
  return room - forRows < GROUP_LINES_MIN
    ? room
    : Math.max(GROUP_LINES_MIN, Math.min(Math.floor(room / 2), room - forRows));
}

function wayLines(changes: readonly ChangeCount[], room: number): readonly string[] {
  const shown = changes.length <= room ? changes : changes.slice(0, Math.max(0, room - 1));
  const more = changes.length - shown.length;
  if (shown.length === 0) return [];
  return [
    ...shown.map(({ rows, policyType, from, to, filter, intent }) => {
      const besides = [
        ...(filter === 'none' ? [] : [`filter ${filter}`]),
        ...(intent === 'turned' ? ['intent turned'] : []),
      ];
      const words = [kindOf(policyType).label.many, ...besides];
      const how = visible(`${from ?? 'not read'} → ${to}`);
      return `  ${rows.toLocaleString('en-US').padStart(7)}  ${how}  (${words.join(', ')})`;
    }),
    ...(more > 0 ? [`        …  and ${count(more, 'more way')}`] : []),
  ];
}

function showFirstRows({ firstRows, writes, names }: Plan, print: Printer, room: number): void {
  const needed = firstRows.length + 1 + (writes > firstRows.length ? 1 : 0);
  const shown = needed <= room ? firstRows : firstRows.slice(0, Math.max(0, room - 2));
  if (shown.length === 0 || Math.min(room, needed) < Math.min(TABLE_LINES_MIN, needed)) return;
  print.talkTable(
    ['line', 'policy', 'before', 'after'],
    shown.map(({ line, policy, before, after }) =>
      [String(line), policy, shortCalled(before, names), shortCalled(after, names)].map((cell) =>
        cutInMiddle(cell, CELL_COLUMNS_MAX),
      ),
    ),
  );
  if (writes > shown.length) print.say(`  … and ${count(writes - shown.length, 'more row')}`);
}
