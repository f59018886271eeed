import { ruleEntries, Gathered, leftAlone, removing } from './rule.ts';
import type { Generated, RuleContext, RuleEntry, RulePolicy } from './rule.ts';

/** What is removed wherever it is selected; the id in lower case. */
export type Removal =
  | { readonly target: 'allDevices' | 'allLicensedUsers' }
  | { readonly target: 'group' | 'exclusionGroup'; readonly groupId: string };

/** Removes one target from every policy that has it. A group that is excluded is another target than the same one included. */
export function remove(removal: Removal, policies: readonly RulePolicy[], context: RuleContext): Generated {
  const gathered = new Gathered();
  for (const policy of policies)
    for (const entry of ruleEntries(policy, context.rules)) {
      if ('groupId' in removal && entry.group !== removal.groupId) continue;
      if (!isMeant(entry, removal)) {
        if ('groupId' in removal) gathered.count(entry.isExclusion ? 'groupExcluded' : 'groupIncluded');
        continue;
      }
      const left = leftAlone(entry, context);
      if (left === undefined) gathered.add('removed', removing(entry));
      else gathered.count(left);
    }
  return gathered;
}

/** In the words of its row: some kinds know all users as a group only. */
const isMeant = ({ cells }: RuleEntry, { target }: Removal): boolean => cells.get('targetType') === target;
