import { adding, cellsWith, ruleEntries, Gathered, isSelected, policyRow } from './rule.ts';
import type { Case, Generated, RuleContext, RuleEntry, RulePolicy } from './rule.ts';

/** Excludes a group from, or includes it in, every policy that is selected and can have it so; its id in lower case. */
export interface GroupRule {
  readonly how: 'exclude' | 'include';
  readonly groupId: string;
}

/** One row a policy, for those where the group is neither included nor excluded. The filter of an included one is off. */
export function group(rule: GroupRule, policies: readonly RulePolicy[], context: RuleContext): Generated {
  const gathered = new Gathered();
  for (const policy of policies) {
    const cells = policyRow(policy);
    if (!isSelected(cells, context)) continue;
    const entries = ruleEntries(policy, context.rules);
    const found = (rule.how === 'exclude' ? excluding : including)(rule.groupId, policy, entries);
    if (found !== 'excluded' && found !== 'included') gathered.count(found);
    else
      gathered.add(
        found,
        adding(
          cellsWith(cells, {
            groupId: rule.groupId,
            ...(found === 'excluded'
              ? { targetType: 'exclusionGroup' }
              : { targetType: 'group', filterType: policy.kind.takesFilters ? 'none' : undefined }),
          }),
        ),
      );
  }
  return gathered;
}

function excluding(groupId: string, { kind }: RulePolicy, entries: readonly RuleEntry[]): Case {
  const [included, excluded] = ofGroup(entries, groupId);
  if (excluded !== undefined) return 'alreadySo';
  if (!kind.targets.includes('exclusionGroup')) return 'takesNoTarget';
  if (included !== undefined) return 'groupIncluded';
  const reached = entries.filter(({ isExclusion }) => !isExclusion);
  if (reached.length === 0) return 'nobodyGetsIt';
  return reached.every(({ isOfPolicySet }) => isOfPolicySet) ? 'policySetsOnly' : 'excluded';
}

function including(groupId: string, { kind }: RulePolicy, entries: readonly RuleEntry[]): Case {
  const [included, excluded] = ofGroup(entries, groupId);
  if (excluded !== undefined) return 'groupExcluded';
  if (included !== undefined) return included.cells.has('filterId') ? 'alreadySoFiltered' : 'alreadySo';
  return kind.targets.includes('group') ? 'included' : 'takesNoTarget';
}

const ofGroup = (
  entries: readonly RuleEntry[],
  groupId: string,
): readonly [included: RuleEntry | undefined, excluded: RuleEntry | undefined] => [
  entries.find(({ group: id, isExclusion }) => id === groupId && !isExclusion),
  entries.find(({ group: id, isExclusion }) => id === groupId && isExclusion),
];
