import { exportAssignments as exported, EXPORT_COLUMNS, type Export } from '../../app/export.ts';
import { identify, signIn } from '../../app/identity.ts';
import { expectColumns, selectorFrom } from '../../app/runs/selection.ts';
import { openServices } from '../../app/services.ts';
import { count } from '../../app/words.ts';
import { kindNamed, POLICY_TYPES, type PolicyType } from '../../assignments/kinds/registry.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT } from '../../errors.ts';
import { writeRows } from '../../formats/writeRows.ts';
import type { CliCommand } from '../context.ts';
import { oneNamed } from '../flags.ts';
import { withoutNames } from '../terminal/withoutNames.ts';
import { whereOption } from '../selectionFlags.ts';
import { tellNotAllowed } from '../terminal/tellNotAllowed.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { csvSpelling, outputFormat, sheetOptions, writeOutput, type SheetFlags } from '../terminal/output.ts';
import type { Printer } from '../terminal/print.ts';

interface ExportFlags extends SharedFlags, SheetFlags {
  readonly type?: PolicyType;
  readonly where?: readonly string[];
}

export const exportCommand: CliCommand<ExportFlags> = {
  options: (command) =>
    sheetOptions(
      sharedOptions(command)
        .addOption(oneNamed('--type <type>', 'only policies of one type', POLICY_TYPES, typeNamed))
        .addOption(whereOption()),
    ),
  async run(_args, { type, where, output, ...flags }, context) {
    const { print } = context;
    const format = outputFormat({ ...flags, ...(output !== undefined && { output }) });
    const spelling = csvSpelling(flags, format);
    const selector = selectorFrom(where);
    expectColumns(selector, EXPORT_COLUMNS, 'An export has');
    await using services = await openServices(await signIn(identify(flags, context), context), context);
    const found = await exported({ type, selector }, services);
    const { columns, rows, policies, unassigned, notShown } = found;
    const records = rows.map((cells) => Object.fromEntries(cells));
    await writeOutput(writeRows(format, columns, records, spelling), output, context);
    if (output !== undefined)
      print.say(
        `Wrote ${count(rows.length - unassigned, 'assignment')} of ${count(policies, 'policy', 'policies')}${unassigned > 0 ? `, and ${count(unassigned, 'policy', 'policies')} without any,` : ''} to ${output}.`,
      );
    if (rows.length === 0 && where !== undefined)
      print.say('Nothing fits --where; `*` stands for any text, all else for itself.');
    tellLeftOut(found, print);
    tellNotAllowed('Not exported', found, print);
    for (const why of notShown) print.say(`Not exported: ${why}`);
    if (notShown.length === 0) return EXIT.done;
    print.say(`Run \`${services.identity.hint('doctor')}\`: it tells what is wrong. Then export again.`);
    return EXIT.someRowsFailed;
  },
};

const typeNamed = (name: string): PolicyType | undefined => kindNamed(name)?.policyType;

function tellLeftOut({ leftOut, groups, unnamedGroups }: Export, print: Printer): void {
  const why: readonly [number, string][] = [
    [leftOut.policySet, 'of policy sets, which only the policy set can change'],
    [leftOut.unspeakable, 'that no row can say, as with a target of an undocumented type'],
  ];
  for (const [n, reason] of why) if (n > 0) print.say(`Left out: ${count(n, 'assignment')} ${reason}.`);
  if (unnamedGroups > 0) print.say(withoutNames(unnamedGroups, groups));
}
