import type { Command } from 'commander';
import { groupPairsFrom } from '../app/draft/namesFiles.ts';
import type { AskedRule } from '../app/generate.ts';
import { ON_CONFLICT, type OnConflict } from '../assignments/rules/swap.ts';
import { closestTo } from '../assignments/values/closest.ts';
import { EXIT, UserError } from '../errors.ts';
import type { Context } from './context.ts';
import { oneOf } from './flags.ts';

const TARGETS = ['group', 'exclusionGroup', 'allDevices', 'allLicensedUsers'] as const;
const FILTER_TYPES = ['include', 'exclude', 'none'] as const;

/** What says a rule. */
export interface RuleFlags {
  readonly from?: string;
  readonly to?: string;
  readonly pairs?: string;
  readonly group?: string;
  readonly target?: (typeof TARGETS)[number];
  readonly filter?: string;
  readonly filterType?: (typeof FILTER_TYPES)[number];
  readonly onConflict?: OnConflict;
}

export type Rule = AskedRule['rule'];

/** The flags that a rule takes. */
const TAKES: { readonly [rule in Rule]: readonly (keyof RuleFlags)[] } = {
  swap: ['from', 'to', 'pairs', 'onConflict'],
  exclude: ['group'],
  include: ['group'],
  copy: ['from', 'to'],
  remove: ['target', 'group'],
  filter: ['filter', 'filterType'],
};
const RULES = Object.keys(TAKES) as readonly Rule[];
const RULE_FLAGS = [...new Set(Object.values(TAKES).flat())];

export const ruleOptions = (command: Command): Command =>
  command
    .option('--from <group>', 'swap, copy: the old group, by name or id')
    .option('--to <group>', 'swap, copy: the new group')
    .option('--pairs <file>', 'swap: CSV with the columns from,to instead')
    .addOption(
      oneOf(
        '--on-conflict <what>',
        'swap: the new group is there otherwise: it stays and the old one goes, it gets the filter and intent of the old one, or the policy is left alone',
        ON_CONFLICT,
      ),
    )
    .option('--group <group>', 'exclude, include, remove: the group, by name or id')
    .addOption(oneOf('--target <type>', 'remove: what is removed', TARGETS))
    .option('--filter <filter>', 'filter: the filter, by name or id')
    .addOption(oneOf('--filter-type <type>', 'filter: how it is meant; none takes filters off', FILTER_TYPES))
    .addHelpText('after', HELP);

const HELP = `
Rules:
  swap      the new group where the old one is, with its filter and intent
  exclude   a group is excluded from policies that somebody gets
  include   a group is included in policies
  copy      the new group also where the old one is, in the same way
  remove    a target is taken away: --target allDevices, or --group
  filter    assignments get a filter

--where takes policyType, policyId, policyName and platform, and but for exclude and include also targetType, groupId, filterId,
filterType and intent.`;

/** @throws UserError (exit 2) for a word that is no rule */
export function ruleNamed(word: string): Rule {
  const rule = RULES.find((each) => each === word.toLowerCase());
  if (rule !== undefined) return rule;
  const guess = closestTo(word, RULES);
  throw wrong(
    `"${word}" is no rule.`,
    `${guess === undefined ? '' : `Did you mean ${guess}? `}Write one of: ${RULES.join(', ')}.`,
  );
}

/** What the flags ask of a rule. @throws UserError (exit 2) for a flag that is missing, too many or wrong */
export async function askedFor(rule: Rule, flags: RuleFlags, context: Context): Promise<AskedRule> {
  const odd = RULE_FLAGS.find((flag) => flags[flag] !== undefined && !TAKES[rule].includes(flag));
  if (odd !== undefined)
    throw wrong(
      `The rule ${rule} takes no ${flagOf(odd)}.`,
      `It takes ${TAKES[rule].map(flagOf).join(', ')}, and --where.`,
    );
  const need = (flag: 'from' | 'to' | 'group' | 'filter'): string => {
    const value = flags[flag]?.trim();
    if (value !== undefined && value !== '') return value;
    throw wrong(`The rule ${rule} needs ${flagOf(flag)}.`, `Write ${flagOf(flag)} with a name or an id.`);
  };
  switch (rule) {
    case 'swap': {
      const { pairs, onConflict } = flags;
      if (pairs !== undefined && (flags.from !== undefined || flags.to !== undefined))
        throw wrong('--pairs says what --from and --to say.', 'Leave one of them out.');
      return {
        ...{ rule, onConflict },
        pairs:
          pairs === undefined
            ? [{ from: need('from'), to: need('to') }]
            : await groupPairsFrom(pairs, context),
      };
    }
    case 'copy':
      return { rule, from: need('from'), to: need('to') };
    case 'exclude':
    case 'include':
      return { rule, group: need('group') };
    case 'remove':
      return removal(flags, need);
    case 'filter':
      return filterAsked(flags, need);
  }
}

function removal({ target, group }: RuleFlags, need: (flag: 'group') => string): AskedRule {
  if (target === 'allDevices' || target === 'allLicensedUsers') {
    if (group === undefined) return { rule: 'remove', target };
    throw wrong(`--target ${target} is no group.`, 'Leave --group or --target out.');
  }
  if (target !== undefined || group !== undefined)
    return { rule: 'remove', target: target ?? 'group', group: need('group') };
  throw wrong(
    'Nothing says what is to be removed.',
    'Write --group, or --target allDevices or allLicensedUsers.',
  );
}

function filterAsked({ filter, filterType }: RuleFlags, need: (flag: 'filter') => string): AskedRule {
  if (filterType === undefined)
    throw wrong(
      'The rule filter needs --filter-type.',
      'Write include or exclude, or none to take filters off.',
    );
  if (filterType !== 'none') return { rule: 'filter', filter: { name: need('filter'), type: filterType } };
  if (filter === undefined) return { rule: 'filter', filter: undefined };
  throw wrong(
    '--filter-type none takes filters off, yet there is a --filter.',
    'Leave --filter out; --where filterId=… selects by it.',
  );
}

const flagOf = (flag: keyof RuleFlags): string =>
  `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const wrong = (message: string, remedy: string): UserError =>
  new UserError(message, { remedy, exitCode: EXIT.badInput });
