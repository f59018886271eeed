import { groupPairsFrom } from '../../app/draft/namesFiles.ts';
import { generate, type AskedRule, type GeneratedFile } from '../../app/generate.ts';
import { identify, signIn } from '../../app/identity.ts';
import { selectorFrom } from '../../app/runs/selection.ts';
import { openServices } from '../../app/services.ts';
import { count, themOf } from '../../app/words.ts';
import { ON_CONFLICT, type OnConflict } from '../../assignments/rules/swap.ts';
import { closestTo } from '../../assignments/values/closest.ts';
import type { SharedFlags } from '../../config.ts';
import { tellNotAllowed } from '../terminal/tellNotAllowed.ts';
import { EXIT, UserError } from '../../errors.ts';
import { writeRows } from '../../formats/writeRows.ts';
import type { CliCommand, Context } from '../context.ts';
import { oneOf } from '../flags.ts';
import { whereOption } from '../selectionFlags.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { csvSpelling, outputFormat, sheetOptions, writeOutput, type SheetFlags } from '../terminal/output.ts';
import { showRule, showRuleProblems } from '../terminal/showRule.ts';

const TARGETS = ['group', 'exclusionGroup', 'allDevices', 'allLicensedUsers'] as const;
const FILTER_TYPES = ['include', 'exclude', 'none'] as const;

/** What says a rule. */
interface RuleFlags {
  readonly from?: string;
  readonly to?: string;
  readonly pairs?: string;
  readonly group?: string;
  readonly target?: (typeof TARGETS)[number];
  readonly filter?: string;
  readonly filterType?: (typeof FILTER_TYPES)[number];
  readonly onConflict?: OnConflict;
}

interface GenerateFlags extends SharedFlags, SheetFlags, RuleFlags {
  readonly where?: readonly string[];
}

type Rule = AskedRule['rule'];

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

export const generateCommand: CliCommand<GenerateFlags> = {
  options: (command) =>
    sheetOptions(
      sharedOptions(command)
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
        .addOption(
          oneOf('--filter-type <type>', 'filter: how it is meant; none takes filters off', FILTER_TYPES),
        )
        .addOption(whereOption()),
    ).addHelpText('after', HELP),
  async run([word = ''], { where, output, ...flags }, context) {
    const { print } = context;
    const rule = ruleNamed(word);
    const format = outputFormat({ ...flags, ...(output !== undefined && { output }) });
    const spelling = csvSpelling(flags, format);
    const asked = { ...(await askedFor(rule, flags, context)), selector: selectorFrom(where) };
    await using services = await openServices(await signIn(identify(flags, context), context), context);
    const made = await generate(asked, services);
    showRule(rule, made, print);
    if (made.cases.size === 0)
      print.say(
        where === undefined
          ? 'The tenant has nothing that the rule is about.'
          : 'Nothing that the rule is about fits --where; `*` stands for any text, all else for itself.',
      );
    tellNotAllowed('Not read', made, print);
    for (const why of made.notShown) print.say(`Not read: ${why}`);
    if (made.problems.length > 0) {
      showRuleProblems(made, print);
      throw withProblems(made);
    }
    const records = made.rows.map((cells) => Object.fromEntries(cells));
    await writeOutput(writeRows(format, made.columns, records, spelling), output, context);
    const what = `${count(records.length, 'row')} for ${count(made.policies, 'policy', 'policies')}`;
    if (output !== undefined) print.say(`Wrote ${what} to ${output}.`);
    if (output !== undefined && records.length > 0)
      print.say(`Next: \`${services.identity.hint(`plan ${output}`)}\``);
    if (made.notShown.length === 0) return EXIT.done;
    print.say(`Run \`${services.identity.hint('doctor')}\`: it tells what is wrong. Then generate again.`);
    return EXIT.someRowsFailed;
  },
};

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

function ruleNamed(word: string): Rule {
  const rule = RULES.find((each) => each === word.toLowerCase());
  if (rule !== undefined) return rule;
  const guess = closestTo(word, RULES);
  throw wrong(
    `"${word}" is no rule.`,
    `${guess === undefined ? '' : `Did you mean ${guess}? `}Write one of: ${RULES.join(', ')}.`,
  );
}

async function askedFor(rule: Rule, flags: RuleFlags, context: Context): Promise<AskedRule> {
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

const withProblems = ({ problems }: GeneratedFile): UserError =>
  wrong(
    `The rule has ${count(problems.length, 'problem')}; no file was written.`,
    `Settle ${themOf(problems.length)} as told, or leave such policies out with --where.`,
  );

const wrong = (message: string, remedy: string): UserError =>
  new UserError(message, { remedy, exitCode: EXIT.badInput });
