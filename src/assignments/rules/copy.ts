import { adding, carrySame, cellsWith, ruleEntries, Gathered, leftAlone, moreOf, partsOf } from './rule.ts';
import type { Case, Generated, RuleContext, RuleEntry, RulePolicy } from './rule.ts';

/** Where group `from` is, group `to` shall be as well; ids, in lower case. */
export interface Copy {
  readonly from: string;
  readonly to: string;
}

/** Adds a group wherever another one is, in the same way: included or excluded, with its filter and its intent. */
export function copy({ from, to }: Copy, policies: readonly RulePolicy[], context: RuleContext): Generated {
  const gathered = new Gathered();
  for (const policy of policies.flatMap(partsOf)) {
    const entries = ruleEntries(policy, context.rules);
    for (const entry of entries.filter((each) => each.group === from)) {
      const found = leftAlone(entry, context) ?? copied(entry, entries, to);
      if (found === 'copied') gathered.add(found, adding(cellsWith(entry.cells, { groupId: to })));
      else gathered.count(found);
    }
  }
  return gathered;
}

function copied(entry: RuleEntry, entries: readonly RuleEntry[], to: string): Case {
  const { group: from, isExclusion } = entry;
  if (entries.some((each) => each.group === from && each.isExclusion !== isExclusion)) return 'bothWays';
  const there = entries.filter(({ group }) => group === to);
  const opposite = there.find((each) => each.isExclusion !== isExclusion);
  if (opposite !== undefined) return opposite.isExclusion ? 'groupExcluded' : 'groupIncluded';
  if (there.length > 0) return there.every((each) => carrySame(each, entry)) ? 'alreadySo' : 'otherThere';
  // A row that adds can say no more than its columns.
  return moreOf(entry) === '' ? 'copied' : 'unspeakable';
}
