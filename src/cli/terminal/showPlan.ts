import { kindOf } from '../../assignments/kinds/registry.ts';
import { allowOption, isNeverAllowed, type Blocked } from '../../assignments/guard/allow.ts';
import { GUARD_KINDS, type GuardKind } from '../../assignments/guard/finding.ts';
import { approvalInWords } from '../../app/plan/justification.ts';
import type { ChangeCount } from '../../app/plan/planTally.ts';
import { cutInMiddle } from './fit.ts';
import type { Printer } from './print.ts';
import type { Plan } from '../../app/plan/plan.ts';
import { count, duration, shortened } from '../../app/words.ts';
import { whatStays } from './whatStays.ts';
import { visible } from '../../assignments/values/visible.ts';

/** Findings of one kind that are shown one by one. */
const FINDINGS_SHOWN = 5;
/** Ways to change that are shown one by one. */
const CHANGES_SHOWN = 12;
/** Characters of a policy's name and of a target in the table. */
const CELL_CHARS_MAX = 60;

/** Shows a plan to a person: what changes, what does not, and what the guard says. */
export function showPlan(plan: Plan, print: Printer): void {
  print.say(
    `${print.bold(visible(plan.source.name))} → tenant ${plan.tenant} at ${plan.graphUrl}/${plan.apiVersion}`,
  );
  for (const [rows, what] of counts(plan))
    if (rows > 0) print.say(`  ${count(rows, 'row').padStart(12)} ${what}`);
  showRefused(plan, print);
  showChanges(plan.changes, print.say);
  if (plan.firstRows.length > 0) {
    const more = plan.writes - plan.firstRows.length;
    print.talkTable(
      ['line', 'policy', 'before', 'after'],
      plan.firstRows.map(({ line, policy, before, after }) =>
        [String(line), policy, before, after].map((cell) => cutInMiddle(cell, CELL_CHARS_MAX)),
      ),
    );
    if (more > 0) print.say(`  … and ${count(more, 'more row')}`);
  }
  if (plan.writes > 0) print.say(`${[count(plan.requests, 'write'), ...times(plan)].join(', ')}.`);
  showStrategies(plan, print);
  const stays = whatStays(plan);
  if (stays !== undefined) print.say(stays);
  if (plan.approvalFor.length > 0)
    print.say(`${approvalInWords(plan.approvalFor)}: apply, submit and rollback need --justification "…".`);
  showGuard(plan, print);
  showDifferences(plan, print);
  if (plan.doubt !== null)
    print.say(
      `${print.bold(plan.doubt)} Another one needs --tenant or its sign-in; \`retarget doctor\` names it.`,
    );
  print.say(`Plan ${shortFingerprint(plan.fingerprint)}`);
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
function showStrategies({ strategy, strategies: { patch, assign } }: Plan, { say }: Printer): void {
  if (patch === undefined || assign === undefined || patch.requests === assign.requests) return;
  const took = [patch, assign].map((cost) => duration(Math.max(cost.secondsAtLeast, cost.secondsAbout)));
  const other = strategy === 'patch' ? 'assign' : 'patch';
  say(
    `${count(patch.requests, 'write')} by PATCH, ${assign.requests.toLocaleString('en-US')} by assign: about ${took.join(' or ')} (the other one: --strategy ${other}).`,
  );
}

/** Enough of a fingerprint to tell two plans apart. */
export const shortFingerprint = (fingerprint: string): string => fingerprint.slice(0, 12);

function showDifferences({ differences }: Plan, { say, bold }: Printer): void {
  if (differences.length === 0) return;
  say(bold('The plan that was given says otherwise than the tenant now:'));
  for (const difference of differences) say(visible(`  ${difference}`));
  say('Make it anew with `retarget plan FILE -o plan.ndjson`, and read it.');
}

const counts = (plan: Plan): [number, string][] => [
  [plan.writes, `to be written${plan.tenantRead ? '' : NOT_LOOKED[plan.offline ? 'offline' : 'blind']}`],
  [plan.alreadySo, 'already so'],
  [plan.gone, 'that will fail as things are: the assignment or its policy is gone'],
  [plan.policySet, 'that will fail: they belong to a policy set, which has to be changed instead'],
  [plan.conflict, 'that will fail: something of the policy, or of another row, is in the way'],
  [plan.unreadable, 'that will fail as things are: their policy can’t be read'],
  [plan.duplicates, 'repeated, taken once'],
  [plan.leftOut, 'left out'],
];

const NOT_LOOKED = {
  offline: ' at most: nothing was read (--offline), and the read before each write decides',
  blind: ', without a read (--blind): nothing is skipped, and there is no undo',
};

/** Rows that will fail as things are: of each cause the lines, the commonest cause first. */
function showRefused({ refusedRows, refused }: Plan, { say }: Printer): void {
  const causes = [...Map.groupBy(refusedRows, ({ code, message }) => `${code}: ${message}`)].toSorted(
    ([, a], [, b]) => b.length - a.length,
  );
  for (const [cause, rows] of causes.slice(0, CAUSES_SHOWN)) {
    const lines = rows
      .slice(0, LINES_SHOWN)
      .map(({ line, policy }) => `${line} (${shortened(policy, NAME_CHARS)})`);
    say(visible(`    ${cause}`));
    say(visible(`      line ${lines.join(', ')}${rows.length > LINES_SHOWN ? ', …' : ''}`));
  }
  if (causes.length > CAUSES_SHOWN || refused > refusedRows.length)
    say('    … and more: `retarget plan FILE --json`, or -o plan.ndjson, has them');
}

/** Causes that are shown, lines of each, and characters of a policy's name beside its line. */
const [CAUSES_SHOWN, LINES_SHOWN, NAME_CHARS] = [6, 8, 24];

function showChanges(changes: readonly ChangeCount[], say: (line: string) => void): void {
  for (const change of changes.slice(0, CHANGES_SHOWN)) {
    const { rows, policyType, from, to, filter, intent } = change;
    const more = [
      ...(filter === 'none' ? [] : [`filter ${filter}`]),
      ...(intent === 'turned' ? ['intent turned'] : []),
    ];
    const how = visible(`${from ?? 'not read'} → ${to}`);
    const words = [kindOf(policyType).label.many, ...more];
    say(`    ${rows.toLocaleString('en-US').padStart(8)}  ${how}  (${words.join(', ')})`);
  }
  if (changes.length > CHANGES_SHOWN) say(`    … and ${changes.length - CHANGES_SHOWN} more ways`);
}

function showGuard(plan: Plan, { say, bold }: Printer): void {
  const byKind = Map.groupBy(plan.findings, ({ kind }) => kind);
  const kinds = GUARD_KINDS.flatMap((kind): [GuardKind, number][] => {
    const found = plan.guard[kind] ?? 0;
    return found > 0 || plan.blocked.some((each) => each.kind === kind) ? [[kind, found]] : [];
  });
  if (kinds.length === 0) return;
  say(bold(plan.blocked.length > 0 ? 'The guard stops this plan:' : 'The guard found, and lets through:'));
  for (const [kind, found] of kinds) {
    const isBlocked = plan.blocked.find((each) => each.kind === kind);
    const verdict = isBlocked ? verdictOn(isBlocked) : 'allowed';
    say(`  ${kind}: ${count(found, 'finding')}, ${verdict}${WORDS[kind] ? ` – ${WORDS[kind]}` : ''}`);
    const shown = (byKind.get(kind) ?? []).filter(({ what }) => what !== '').slice(0, FINDINGS_SHOWN);
    for (const { lines, what } of shown) say(`    ${linesInWords(lines)}: ${visible(what)}`);
    const more = (byKind.get(kind)?.length ?? 0) - shown.length;
    if (shown.length > 0 && more > 0) say(`    … and ${count(more, 'more')}`.replace(/s$/, ''));
  }
  if (plan.blocked.length === 0) return;
  const option = allowOption(plan.blocked);
  say(
    option
      ? `If that is what you want, add: ${option}`
      : 'Correct the ids of these groups, or take the rows out.',
  );
}

const verdictOn = ({ kind, allowed }: Blocked): string =>
  isNeverAllowed(kind)
    ? 'stops, and can not be allowed'
    : `stops (${allowed.toLocaleString('en-US')} allowed)`;
const linesInWords = (lines: readonly number[]): string =>
  lines.length === 1
    ? `line ${lines[0]}`
    : `lines ${lines.slice(0, LINES_SHOWN).join(', ')}${lines.length > LINES_SHOWN ? ', …' : ''}`;

const WORDS: Readonly<Record<string, string>> = {
  'max-changes': 'rows of a policy type beyond --max-changes or --max-changes-percent',
  'no-undo': 'nothing was read, so there is no before-image to go back to in the plan',
};
