import { identify, signIn } from '../../app/identity.ts';
import { pathIn } from '../../app/pathIn.ts';
import { openServices } from '../../app/services.ts';
import { expectBeta, takeSnapshot, type TakenSnapshot } from '../../app/snapshots/takeSnapshot.ts';
import { count } from '../../app/words.ts';
import { kindNamed } from '../../assignments/kinds/registry.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { CliCommand } from '../context.ts';
import { sharedOptions } from '../sharedFlags.ts';
import type { Printer } from '../terminal/print.ts';
import { withoutNames } from '../terminal/withoutNames.ts';

interface SnapshotFlags extends SharedFlags {
  readonly output?: string;
  readonly json?: boolean;
}

export const snapshot: CliCommand<SnapshotFlags> = {
  options: (command) =>
    sharedOptions(command)
      .option('-o, --output <file>', 'the file that is written; needed')
      .option('--json', 'print what it holds as JSON'),
  async run(_args, { output, json, ...flags }, context) {
    if (output === undefined) throw noFile();
    const known = identify(flags, context);
    expectBeta(known.config.apiVersion);
    await using services = await openServices(await signIn(known, context), context);
    const path = pathIn(context, output);
    const found = await takeSnapshot(path, services);
    const { print } = context;
    if (json) print.json({ tenant: services.identity.tenant, path, ...found });
    else showSnapshot(found, services.identity.tenant, path, print);
    for (const { why } of found.notRead) print.say(visible(`Not in it: ${why}`));
    if (found.notRead.length === 0) return EXIT.done;
    print.say(
      `Run \`${services.identity.hint('doctor')}\`: it tells what is wrong. A restore leaves these kinds alone.`,
    );
    return EXIT.someRowsFailed;
  },
};

function showSnapshot(
  { policies, assignments, kinds, groups, unnamedGroups, atWork }: TakenSnapshot,
  tenant: string,
  path: string,
  { say, talkTable }: Printer,
): void {
  say(
    `${count(policies, 'policy', 'policies')} with ${count(assignments, 'assignment')} of tenant ${tenant} → ${visible(path)}`,
  );
  const number = (n: number): string => n.toLocaleString('en-US');
  const read = kinds.filter((each) => each.policies > 0);
  if (read.length > 0)
    talkTable(
      ['kind', 'policies', 'unassigned', 'assignments'],
      read.map((each) => [
        kindNamed(each.type)?.label.many ?? each.type,
        ...[each.policies, each.unassigned, each.assignments].map(number),
      ]),
    );
  if (unnamedGroups > 0) say(withoutNames(unnamedGroups, groups));
  if (atWork.length > 0)
    say(`A run was at work meanwhile (${atWork.join(', ')}): half of what it writes may be in it.`);
}

const noFile = (): UserError =>
  new UserError('Where the snapshot is written to is not said.', {
    remedy: 'Add -o with a file, as in `retarget snapshot -o friday.json`.',
    exitCode: EXIT.badInput,
  });
