import { filterBody, filterOf, sameFilter } from '../targets/filter.ts';
import { fitsPlatform, isOfManagedApps } from '../targets/platforms.ts';
import { cellsWith, ruleEntries, Gathered, leftAlone, takes } from './rule.ts';
import type { Case, Generated, RuleContext, RuleEntry, RulePolicy } from './rule.ts';

/** The filter that the selected assignments get; `undefined`: theirs is taken off. */
export type FilterRule =
  | {
      readonly id: string;
      readonly type: 'include' | 'exclude';
      /** Graph's `devicePlatformType`; undefined where it is not known. */
      readonly platform: string | undefined;
    }
  | undefined;

/** Gives every assignment that is selected a filter, in the place of the one it has. */
export function filter(rule: FilterRule, policies: readonly RulePolicy[], context: RuleContext): Generated {
  const gathered = new Gathered();
  for (const policy of policies)
    for (const entry of ruleEntries(policy, context.rules)) {
      const left = leftAlone(entry, context);
      // What is not selected is most of the tenant, and nothing that the rule is about.
      if (left === 'notSelected') continue;
      const found = caseOf(entry, rule, left);
      if (found === 'filterSet' || found === 'filterReplaced' || found === 'filterTakenOff')
        gathered.add(found, cellsWith(entry.cells, { filterId: rule?.id, filterType: rule?.type ?? 'none' }));
      else gathered.count(found);
    }
  return gathered;
}

function caseOf(entry: RuleEntry, rule: FilterRule, left: Case | undefined): Case {
  const { policy, assignment, isExclusion } = entry;
  const there = filterOf(assignment.target);
  if (sameFilter(rule, there)) return 'alreadySo';
  if (isExclusion) return 'isExclusion';
  if (left !== undefined) return left;
  if (rule === undefined) return 'filterTakenOff';
  if (!policy.kind.takesFilters) return 'takesNoFilter';
  const { target, whole } = assignment;
  if (!takes(policy, { ...whole, target: { ...target, ...filterBody(rule) } }, whole)) return 'takesNoFilter';
  if (
    rule.platform !== undefined &&
    isOfManagedApps(rule.platform) !== (policy.kind.managedAppFilters === true)
  )
    return 'otherPlatform';
  const isOther =
    policy.platform !== undefined &&
    rule.platform !== undefined &&
    !fitsPlatform(policy.platform, rule.platform);
  if (isOther) return 'otherPlatform';
  return there === undefined ? 'filterSet' : 'filterReplaced';
}
