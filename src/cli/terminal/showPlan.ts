import { allowOption } from '../../assignments/guard/allow.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { Plan } from '../../app/plan/plan.ts';
import { failuresOf } from '../../app/runs/failures.ts';
import {
  detailLines,
  failureDetails,
  failureLines,
  foundKinds,
  kindLines,
  type FoundKind,
} from './causeLines.ts';
import { wrapped } from './fit.ts';
import { planSummary } from './planSummary.ts';
import type { Printer } from './print.ts';
import { showChanges } from './showChanges.ts';

/** Lines of a plan that a screen of 24 has room for, beside the command and the prompt after it. */
const SCREEN_LINES = 22;
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

/** How much is said beside what changes. */
interface Brevity {
  /** Causes of failing rows. */
  readonly failures: number;
  /** Findings that have a line of their own. */
  readonly kinds: number;
  readonly withStrategies: boolean;
}

/** Kinds of findings of which each has its own line on any screen: the most dangerous. */
const KINDS_SHOWN_MIN = 5;

/** From all there is to the least: one after the other until a screen has room for it. */
function brevities(kinds: number): readonly Brevity[] {
  const all = { failures: FAILURES_SHOWN, kinds: Infinity, withStrategies: true };
  const brief = { ...all, withStrategies: false };
  const fewer = Array.from({ length: Math.max(0, kinds - KINDS_SHOWN_MIN) }, (_, i) => kinds - 1 - i);
  return [
    ...[all, brief, { ...brief, failures: 2 }, { ...brief, failures: 1 }],
    ...fewer.map((shown) => ({ ...brief, failures: 1, kinds: shown })),
  ];
}

/** Shows a plan to a person: how it changes things, what stops it, the most dangerous first, and last what it comes to. */
export function showPlan(
  plan: Plan,
  print: Printer,
  { details = false, isAsked = false }: Showing = {},
): void {
  const columns = print.talkColumns();
  // What goes to a file or another program fits no screen.
  const isScreen = !details && columns !== undefined;
  const heading = `${print.bold(visible(plan.source.name))} → tenant ${plan.tenant} at ${plan.graphUrl}/${plan.apiVersion}`;
  const heightOf = (lines: readonly string[]): number =>
    [heading, ...lines].flatMap((line) => wrapped(line, columns)).length;
  const kinds = foundKinds(plan);
  let lines: readonly string[] = [];
  for (const brevity of brevities(kinds.length)) {
    lines = said(plan, kinds, brevity, { details, isAsked }, print);
    if (!isScreen || heightOf(lines) <= SCREEN_LINES) break;
  }
  print.say(heading);
  showChanges(plan, print, isScreen ? SCREEN_LINES - heightOf(lines) : Infinity, details);
  for (const line of lines) print.say(line);
}

/** What is said behind what changes. */
const said = (
  plan: Plan,
  kinds: readonly FoundKind[],
  { failures, kinds: most, withStrategies }: Brevity,
  { details = false, isAsked = false }: Showing,
  print: Printer,
): readonly string[] => [
  ...failing(plan, details ? Infinity : failures, details, print.talkColumns()),
  ...(details ? kindDetails(kinds, plan, print) : guardLines(kinds, most, plan, print)),
  ...(isAsked ? [] : howToAllow(plan, details)),
  ...differenceLines(plan, print),
  ...planSummary(plan, print, { withStrategies }),
];

/** Rows that can't be done as things are, but for those of which the guard tells. */
function failing(plan: Plan, most: number, details: boolean, columns: number | undefined): readonly string[] {
  const failures = failuresOf(plan.refusedRows.filter(({ isFound }) => !isFound));
  const shown = failures.slice(0, most);
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
  most: number,
  plan: Plan,
  print: Printer,
): readonly string[] {
  if (kinds.length === 0) return [];
  const shown = kinds.slice(0, most);
  const others = kinds.slice(most).map(({ kind, found }) => `${kind}=${found}`);
  return [
    guardHeading(plan, print, ' (--details: each row)'),
    ...kindLines(shown, plan.names, print.talkColumns()),
    ...(others.length > 0 ? [`  … ${others.join(', ')}`] : []),
  ];
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
