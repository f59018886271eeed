import type { GeneratedFile } from '../../app/generate.ts';
import { count } from '../../app/words.ts';
import { LEFT_CASES, type Case } from '../../assignments/rules/rule.ts';
import type { Printer } from './print.ts';

/** What a rule counts, and what it says of one as of many. */
type Words = readonly [of: 'assignment' | 'policy' | 'either', text: string];

const WORDS: Readonly<Record<Case, Words>> = {
  moved: ['assignment', 'to be moved to the new group'],
  removedAsThere: ['assignment', 'to be removed, as the new group is there with the same filter and intent'],
  removedForOther: ['assignment', 'to be removed, while the new group stays as it is (--on-conflict keep)'],
  takenOver: [
    'assignment',
    'to be removed, and their filter and intent given to the new group (--on-conflict take)',
  ],
  excluded: ['policy', 'to exclude the group'],
  included: ['policy', 'to include the group'],
  copied: ['assignment', 'to be copied for the new group'],
  removed: ['assignment', 'to be removed'],
  filterSet: ['assignment', 'to get the filter'],
  filterReplaced: ['assignment', 'to get the filter in the place of another one'],
  filterTakenOff: ['assignment', 'to lose the filter'],
  alreadySo: ['either', 'already so'],
  alreadySoFiltered: ['policy', 'already so, with a filter, which stays'],
  notSelected: ['assignment', 'not selected by --where'],
  policySet: ['assignment', 'of policy sets, which only the policy set can change'],
  policySetsOnly: ['policy', 'assigned by policy sets only'],
  unspeakable: ['assignment', 'that no row can say'],
  conflictSkipped: ['policy', 'where no row is certain (--on-conflict skip)'],
  onlyRead: ['either', 'of kinds that are only read here'],
  saysMore: [
    'policy',
    'whose assignments say more than their target: `generate copy` takes that over from another group',
  ],
  takesNoTarget: ['policy', 'of kinds that can’t be assigned so'],
  takesNoFilter: ['assignment', 'of kinds that take no filter'],
  nobodyGetsIt: ['policy', 'that nobody gets'],
  groupIncluded: ['policy', 'including the group'],
  groupExcluded: ['policy', 'excluding the group'],
  bothWays: ['assignment', 'of a group that is included and excluded'],
  otherThere: ['assignment', 'beside the new group with another filter or intent'],
  isExclusion: ['assignment', 'excluding a group, which takes no filter'],
  otherPlatform: ['assignment', 'of policies for another platform than the filter’s'],
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

function counted(n: number, [of, text]: Words): string {
  switch (of) {
    case 'assignment':
      return `${count(n, 'assignment')} ${text}`;
    case 'policy':
      return `${count(n, 'policy', 'policies')} ${text}`;
    case 'either':
      return `${n.toLocaleString('en-US')} ${text}`;
  }
}

/** Problems that are told one by one. */
const PROBLEMS_MAX = 20;

export function showRuleProblems({ problems }: GeneratedFile, print: Printer): void {
  for (const { policy, message, remedy } of problems.slice(0, PROBLEMS_MAX))
    print.say(`${policy}: ${message} ${remedy}`);
  const more = problems.length - PROBLEMS_MAX;
  if (more > 0) print.say(`… and ${count(more, 'more problem')}.`);
}
