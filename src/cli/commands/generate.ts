import { generate, type GeneratedFile } from '../../app/generate.ts';
import { identify, signIn } from '../../app/identity.ts';
import { selectorFrom } from '../../app/runs/selection.ts';
import { openServices } from '../../app/services.ts';
import { count, themOf } from '../../app/words.ts';
import type { SharedFlags } from '../../config.ts';
import { tellNotAllowed } from '../terminal/tellNotAllowed.ts';
import { EXIT, UserError } from '../../errors.ts';
import { writeRows } from '../../formats/writeRows.ts';
import type { CliCommand } from '../context.ts';
import { askedFor, ruleNamed, ruleOptions, type RuleFlags } from '../ruleFlags.ts';
import { whereOption } from '../selectionFlags.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { csvSpelling, outputFormat, sheetOptions, writeOutput, type SheetFlags } from '../terminal/output.ts';
import { showRule, showRuleProblems } from '../terminal/showRule.ts';

interface GenerateFlags extends SharedFlags, SheetFlags, RuleFlags {
  readonly where?: readonly string[];
}

export const generateCommand: CliCommand<GenerateFlags> = {
  options: (command) => sheetOptions(ruleOptions(sharedOptions(command)).addOption(whereOption())),
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

const withProblems = ({ problems }: GeneratedFile): UserError =>
  new UserError(`The rule has ${count(problems.length, 'problem')}; no file was written.`, {
    remedy: `Settle ${themOf(problems.length)} as told, or leave such policies out with --where.`,
    exitCode: EXIT.badInput,
  });
