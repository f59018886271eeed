import type { GeneratedFile } from '../../app/generate.ts';
import { count } from '../../app/words.ts';
import { LEFT_CASES, type Case } from '../../assignments/rules/rule.ts';
import type { Printer } from './print.ts';

/** What a rule counts, and what it says of so many. */
interface Words {
  readonly of: 'assignment' | 'policy';
  readonly text: string;
}

const ofAssignments = (text: string): Words => ({ of: 'assignment', text });
const ofPolicies = (text: string): Words => ({ of: 'policy', text });

const WORDS: Record<Case, Words> = {
  moved: ofAssignments('get the new group in the place of the old one'),
  removedAsThere: ofAssignments('are removed, as the new group is there with the same filter and intent'),
  removedForOther: ofAssignments('are removed, and the new group stays as it is (--on-conflict keep)'),
  takenOver: ofAssignments(
    'are removed, and the new group, which is there, gets their filter and intent (--on-conflict take)',
  ),
  excluded: ofPolicies('exclude the group'),
  included: ofPolicies('include the group'),
  copied: ofAssignments('are added for the new group'),
  removed: ofAssignments('are removed'),
  filterSet: ofAssignments('get the filter'),
  filterReplaced: ofAssignments('get the filter in the place of another one'),
  filterTakenOff: ofAssignments('lose their filter'),
  alreadySo: { of: 'policy', text: 'already so' },
  alreadySoFiltered: ofPolicies('already so, with a filter, which stays'),
  notSelected: ofAssignments('not selected by --where'),
  policySet: ofAssignments('of policy sets, which only the policy set can change'),
  policySetsOnly: ofPolicies('assigned by policy sets only'),
  unspeakable: ofAssignments('that no row can say'),
  conflictSkipped: ofPolicies('that have both groups in different ways (--on-conflict skip)'),
  takesNoTarget: ofPolicies('of kinds that can’t be assigned so'),
  takesNoFilter: ofAssignments('of kinds that take no filter'),
  nobodyGetsIt: ofPolicies('that nobody gets'),
  groupIncluded: ofPolicies('that include the group'),
  groupExcluded: ofPolicies('that exclude the group'),
  bothWays: ofAssignments('of a group that is included and excluded'),
  otherThere: ofAssignments('whose new group is there with another filter or intent'),
  isExclusion: ofAssignments('that exclude, which take no filter'),
  otherPlatform: ofAssignments('of policies for another platform than the filter’s'),
};

const DONE = {
  swap: 'swapped',
  exclude: 'excluded',
  include: 'included',
  copy: 'copied',
  remove: 'removed',
  filter: 'filtered',
} as const;

const isLeft = (found: Case): boolean => LEFT_CASES.some((each) => each === found);

/** What became of what the rule is about, a line each group of cases, and in the end how much stays as it is. */
export function showRule(
  rule: keyof typeof DONE,
  { cases, chained, named }: GeneratedFile,
  print: Printer,
): void {
  for (const { id, name } of named.slice(0, NAMED_MAX)) if (name !== '') print.say(`Group ${name}: ${id}`);
  const sorted = [...cases].toSorted(([a], [b]) => Number(isLeft(a)) - Number(isLeft(b)));
  for (const [found, n] of sorted) print.say(`  ${counted(n, WORDS[found])}`);
  if (chained.length > 0)
    print.say(
      `${count(chained.length, 'new group is', 'new groups are')} an old one, too: apply this file once, as a file that is generated after it would go on from there.`,
    );
  const left = sorted.reduce((sum, [found, n]) => (isLeft(found) ? sum + n : sum), 0);
  print.say(`not ${DONE[rule]}: ${left.toLocaleString('en-US')}`);
}

/** Groups that are told by name and id. */
const NAMED_MAX = 4;

const counted = (n: number, { of, text }: Words): string =>
  `${of === 'policy' ? count(n, 'policy', 'policies') : count(n, 'assignment')} ${text}`;

/** Problems that are told one by one. */
const PROBLEMS_MAX = 20;

export function showRuleProblems({ problems }: GeneratedFile, print: Printer): void {
  for (const { policy, message, remedy } of problems.slice(0, PROBLEMS_MAX))
    print.say(`${policy}: ${message} ${remedy}`);
  const more = problems.length - PROBLEMS_MAX;
  if (more > 0) print.say(`… and ${count(more, 'more problem')}.`);
}
