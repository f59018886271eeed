import { partOf } from '../kinds/kind.ts';
import { targetBodyFor } from '../kinds/targetBodies.ts';
import {
  adding,
  cellsWith,
  ruleEntries,
  Gathered,
  isOnlyRead,
  isSelected,
  partsOf,
  policyRow,
  takes,
} from './rule.ts';
import type { Case, Generated, RuleCells, RuleContext, RuleEntry, RulePolicy } from './rule.ts';

/** Excludes a group from, or includes it in, every policy that is selected and can have it so; its id in lower case. */
export interface GroupRule {
  readonly how: 'exclude' | 'include';
  readonly groupId: string;
}

/**
 * One row a policy, or for each thing that it does, for those where the group is neither included nor excluded. The filter of an included
 * one is off.
 */
export function group(rule: GroupRule, policies: readonly RulePolicy[], context: RuleContext): Generated {
  const gathered = new Gathered();
  for (const policy of policies) {
    const cells = policyRow(policy);
    if (!isSelected(cells, context)) continue;
    for (const part of partsOf(policy)) {
      const entries = ruleEntries(part, context.rules);
      const found = (rule.how === 'exclude' ? excluding : including)(rule.groupId, part, entries);
      if (found !== 'excluded' && found !== 'included') gathered.count(found);
      else gathered.add(found, adding(rowFor(rule, found, cells, part)));
    }
  }
  return gathered;
}

function rowFor(
  { groupId }: GroupRule,
  found: 'excluded' | 'included',
  cells: RuleCells,
  { kind, assignments: [first] }: RulePolicy,
): RuleCells {
  const intent = first && partOf(kind, first.whole);
  return cellsWith(cells, {
    groupId,
    ...(intent !== undefined && intent !== '' && { intent: String(first?.whole['intent']) }),
    ...(found === 'excluded'
      ? { targetType: 'exclusionGroup' }
      : { targetType: 'group', filterType: kind.takesFilters ? 'none' : undefined }),
  });
}

function excluding(groupId: string, policy: RulePolicy, entries: readonly RuleEntry[]): Case {
  const { kind } = policy;
  const [included, excluded] = ofGroup(entries, groupId);
  if (excluded !== undefined) return 'alreadySo';
  if (isOnlyRead(policy)) return 'onlyRead';
  if (!kind.targets.includes('exclusionGroup')) return 'takesNoTarget';
  if (!takes(policy, { target: targetBodyFor(kind, { type: 'exclusionGroup', groupId }) }))
    return 'takesNoTarget';
  if (included !== undefined) return 'groupIncluded';
  const reached = entries.filter(({ isExclusion }) => !isExclusion);
  // Whoever is kept from losing an app has it no less.
  if (reached.every(({ assignment: { whole } }) => whole['intent'] === 'uninstall')) return 'nobodyGetsIt';
  return reached.every(({ isOfPolicySet }) => isOfPolicySet) ? 'policySetsOnly' : 'excluded';
}

/** What an assignment of some kinds says beside its target nobody can guess. */
function including(groupId: string, policy: RulePolicy, entries: readonly RuleEntry[]): Case {
  const { kind } = policy;
  const [included, excluded] = ofGroup(entries, groupId);
  if (excluded !== undefined) return 'groupExcluded';
  if (included !== undefined) return included.cells.has('filterId') ? 'alreadySoFiltered' : 'alreadySo';
  if (isOnlyRead(policy)) return 'onlyRead';
  const target = targetBodyFor(kind, { type: 'group', groupId });
  if (!kind.targets.includes('group') || !takes(policy, { target })) return 'takesNoTarget';
  return kind.addRefusal?.({ target }) === undefined ? 'included' : 'saysMore';
}

const ofGroup = (
  entries: readonly RuleEntry[],
  groupId: string,
): readonly [included: RuleEntry | undefined, excluded: RuleEntry | undefined] => [
  entries.find(({ group: id, isExclusion }) => id === groupId && !isExclusion),
  entries.find(({ group: id, isExclusion }) => id === groupId && isExclusion),
];
