import { allowOption } from '../../assignments/guard/allow.ts';
import { kindOf } from '../../assignments/kinds/registry.ts';
import { shortCalled } from '../../assignments/names/calledIds.ts';
import { visible } from '../../assignments/values/visible.ts';
import { approvalInWords } from '../../app/plan/justification.ts';
import type { Plan } from '../../app/plan/plan.ts';
import type { ChangeCount } from '../../app/plan/planTally.ts';
import { count, duration } from '../../app/words.ts';
import { audienceLines } from './audienceLines.ts';
import {
  detailLines,
  failureDetails,
  failureLines,
  failuresOf,
  foundKinds,
  kindLines,
  type FoundKind,
} from './causeLines.ts';
import { cutInMiddle, wrapped } from './fit.ts';
import type { Printer } from './print.ts';

/** Lines of a plan that a screen of 24 has room for, beside the command and the prompt after it. */
const SCREEN_LINES = 22;
/** Ways to change that are shown where there is room. */
const WAYS_SHOWN = 5;
/** Groups whose members are shown, where there is room. */
const GROUPS_SHOWN = 5;
/** The least of them that says anything: one, and how many there are besides. */
const GROUP_LINES_MIN = 2;
/** The least of a table that says anything: its heading, two rows, and how many there are besides. */
const TABLE_LINES_MIN = 4;
/** Characters of a policy's name and of a target in the table. */
const CELL_CHARS_MAX = 60;
/** Kinds up to which the option is spelled out that lets them through; of more it is said how. */
const ALLOWED_AT_ONCE_MAX = 6;
/** Causes of failing rows that are shown. */
const FAILURES_SHOWN = 4;

/** How a plan is shown. */
export interface Showing {
  /** Every row that something was found of, however many screens that takes. */
  readonly details?: boolean;
  /** What the guard stops is asked for afterwards. */
  readonly isAsked?: boolean;
}

/** Shows a plan to a person: how it changes things, what stops it, the most dangerous first, and last what it comes to. */
export function showPlan(
  plan: Plan,
  print: Printer,
  { details = false, isAsked = false }: Showing = {},
): void {
  const columns = print.talkColumns();
  const heading = `${print.bold(visible(plan.source.name))} → tenant ${plan.tenant} at ${plan.graphUrl}/${plan.apiVersion}`;
  const kinds = foundKinds(plan);
  const lines = [
    ...failing(plan, details, columns),
    ...(details ? kindDetails(kinds, plan, print) : guardLines(kinds, plan, print, columns)),
    ...(isAsked ? [] : howToAllow(plan, details)),
    ...differenceLines(plan, print),
    ...summary(plan, print),
  ];
  // What goes to a file or another program fits no screen.
  const isScreen = !details && columns !== undefined;
  const taken = [heading, ...lines].flatMap((line) => wrapped(line, columns)).length;
  const room = isScreen ? SCREEN_LINES - taken : Infinity;
  print.say(heading);
  const ways = wayLines(plan.changes, details ? Infinity : Math.min(Math.ceil(room / 3), WAYS_SHOWN + 1));
  const left = room - ways.length;
  const groups = audienceLines(
    plan.audiences,
    details ? Infinity : Math.min(roomForGroups(plan, left), GROUPS_SHOWN + 1),
  );
  for (const line of [...ways, ...groups]) print.say(line);
  showFirstRows(plan, print, left - groups.length);
  for (const line of lines) print.say(line);
}

/** Enough of a fingerprint to tell two plans apart. */
export const shortFingerprint = (fingerprint: string): string => fingerprint.slice(0, 12);

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
    ...(more > 0 && room > 0 ? [`        …  and ${count(more, 'more way')}`] : []),
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
        cutInMiddle(cell, CELL_CHARS_MAX),
      ),
    ),
  );
  if (writes > shown.length) print.say(`  … and ${count(writes - shown.length, 'more row')}`);
}

/** Rows that can't be done as things are, but for those of which the guard tells. */
function failing(plan: Plan, details: boolean, columns: number | undefined): readonly string[] {
  const failures = failuresOf(plan.refusedRows.filter(({ isFound }) => !isFound));
  const shown = details ? failures : failures.slice(0, FAILURES_SHOWN);
  const isCut = shown.length < failures.length || plan.refused > plan.refusedRows.length;
  return [
    ...(details
      ? shown.flatMap((each) => failureDetails(each, plan.names))
      : failureLines(shown, plan.names, columns)),
    ...(isCut ? ['  … and more that fail: -o plan.ndjson has every row'] : []),
  ];
}

function guardHeading({ blocked }: Plan, { bold }: Printer, how: string): string {
  return bold(
    blocked.length > 0 ? `The guard stops this plan${how}:` : `The guard found, and lets through${how}:`,
  );
}

function guardLines(
  kinds: readonly FoundKind[],
  plan: Plan,
  print: Printer,
  columns: number | undefined,
): readonly string[] {
  if (kinds.length === 0) return [];
  return [guardHeading(plan, print, ' (--details: each row)'), ...kindLines(kinds, plan.names, columns)];
}

function kindDetails(kinds: readonly FoundKind[], plan: Plan, print: Printer): readonly string[] {
  if (kinds.length === 0) return [];
  return [
    guardHeading(plan, print, ''),
    ...kinds.flatMap((kind) => [
      ...kindLines([{ ...kind, causes: [] }], plan.names, undefined).map((line) => print.bold(line)),
      ...detailLines(kind, plan.names),
    ]),
  ];
}

function howToAllow({ blocked }: Plan, details: boolean): readonly string[] {
  if (blocked.length === 0) return [];
  const option = allowOption(blocked);
  if (option === undefined) return ['Correct the ids of the missing groups, or take their rows out.'];
  return details || blocked.length <= ALLOWED_AT_ONCE_MAX
    ? [`If that is what you want, add: ${option}`]
    : [`What of it is meant goes through with its count: ${allowOption(blocked.slice(0, 1))},…`];
}

function differenceLines({ differences }: Plan, { bold }: Printer): readonly string[] {
  if (differences.length === 0) return [];
  return [
    bold('The plan that was given says otherwise than the tenant now:'),
    ...differences.map((difference) => visible(`  ${difference}`)),
    'Make it anew with `retarget plan FILE -o plan.ndjson`, and read it.',
  ];
}

/** What it comes to: last, as that is what stands beside the question. */
function summary(plan: Plan, { bold }: Printer): readonly string[] {
  return [
    ...(plan.approvalFor.length > 0
      ? [`${approvalInWords(plan.approvalFor)}: apply, submit and rollback need --justification "…".`]
      : []),
    ...strategyLine(plan),
    ...(plan.doubt === null
      ? []
      : [`${bold(plan.doubt)} Another one needs --tenant or its sign-in; \`retarget doctor\` names it.`]),
    `${rowCounts(plan).join(', ')}.`,
    ...(plan.tenantRead || plan.writes === 0 ? [] : [plan.offline ? OFFLINE : BLIND]),
    `Plan ${shortFingerprint(plan.fingerprint)}`,
  ];
}

const OFFLINE = 'Nothing was read (--offline): the read before each write decides.';
const BLIND = 'Nothing was read (--blind): nothing is skipped, and there is no undo.';

function rowCounts(plan: Plan): readonly string[] {
  const { writes, requests } = plan;
  const n = (rows: number, what: string): string[] =>
    rows > 0 ? [`${rows.toLocaleString('en-US')} ${what}`] : [];
  const counts = [
    ...(writes > 0
      ? [`${count(writes, 'row')} to write (${[count(requests, 'write'), ...times(plan)].join(', ')})`]
      : []),
    ...n(plan.alreadySo, 'already so'),
    ...n(plan.gone, 'gone'),
    ...n(plan.policySet, 'of a policy set'),
    ...n(plan.conflict, 'in conflict'),
    ...n(plan.unreadable, 'unreadable'),
    ...n(plan.duplicates, 'repeated'),
    ...n(plan.leftOut, 'left out'),
  ];
  return counts.length > 0 ? counts : ['Nothing to write'];
}

const times = ({ secondsAtLeast, secondsAbout }: Plan): string[] => {
  const [least, about] = [Math.floor(secondsAtLeast), Math.round(secondsAbout)];
  if (Math.max(least, about) === 0) return ['at once'];
  return [
    ...(least > 0 ? [`at least ${duration(least)}`] : []),
    ...(about > least ? [`about ${duration(about)}`] : []),
  ];
};

/** What whoever chooses the other strategy would save, or lose. */
function strategyLine({ strategy, strategies: { patch, assign } }: Plan): readonly string[] {
  if (patch === undefined || assign === undefined || patch.requests === assign.requests) return [];
  const took = [patch, assign].map((cost) => duration(Math.max(cost.secondsAtLeast, cost.secondsAbout)));
  const other = strategy === 'patch' ? 'assign' : 'patch';
  return [
    `${count(patch.requests, 'write')} by PATCH, ${assign.requests.toLocaleString('en-US')} by assign: about ${took.join(' or ')} (the other one: --strategy ${other}).`,
  ];
}
