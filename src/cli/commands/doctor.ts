import type { SharedFlags } from '../../config.ts';
import { EXIT, UserError } from '../../errors.ts';
import { ask, canAsk } from '../terminal/ask.ts';
import type { Check } from '../../app/doctor/check.ts';
import type { CliCommand, Context } from '../context.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { tenantInWords } from '../../app/doctor/tenantName.ts';
import { diagnose } from '../../app/doctor/diagnose.ts';
import type { GraphDiagnosis } from '../../app/doctor/graphDiagnosis.ts';
import { identify } from '../../app/identity.ts';
import { probedAddresses, type ProbedWrite } from '../../app/doctor/probeWrite.ts';
import { visible } from '../../assignments/values/visible.ts';

interface DoctorFlags extends SharedFlags {
  readonly json?: boolean;
  readonly probeWrite?: string;
  readonly yes?: boolean;
}

/** Looks at all that a run needs and changes nothing. 4 when something would stop one. */
export const doctor: CliCommand<DoctorFlags> = {
  options: (command) =>
    sharedOptions(command)
      .option(
        '--probe-write <policy/assignment>',
        'write the current target of this assignment back to it, to see how this tenant can be written to',
      )
      .option('--yes', 'do not ask before that write')
      .option('--json', 'print the checks as JSON'),
  async run(_args, flags, context) {
    const known = identify(flags, context);
    const addresses = flags.probeWrite === undefined ? undefined : probedAddresses(flags.probeWrite);
    if (addresses !== undefined && !flags.yes && !canAsk(context)) throw probeAsks();
    const mayWrite = async ({ path, target }: ProbedWrite, { identity, domain }: GraphDiagnosis) =>
      flags.yes === true ||
      ask(
        visible(
          `Write the current target (${target}) of ${path} back to it in ${tenantInWords(identity, domain ?? undefined)}?`,
        ),
        context,
      );
    const found = await diagnose(known, addresses && { addresses, mayWrite }, context);
    const { checks, isWell, redis, graph, strategy } = found;
    const { tenant, config, appId } = graph.identity;
    if (flags.json) {
      context.print.json({
        ...{ ok: isWell, tenant, domain: graph.domain, cloud: config.cloud, graphUrl: config.graphUrl },
        ...{ appId, strategy, redis, checks },
      });
    } else show(checks, context);
    return isWell ? EXIT.done : EXIT.environment;
  },
};

const probeAsks = (): UserError =>
  new UserError('A probe writes, and there is no terminal to ask on.', {
    remedy: 'Add --yes.',
    exitCode: EXIT.badInput,
  });

function show(checks: readonly Check[], { print }: Context): void {
  for (const { name, status, message, remedy } of checks) {
    print.data(`${status.padEnd(8)} ${name.padEnd(15)} ${visible(message)}`, 9);
    if (remedy !== null) print.data(`${' '.repeat(9)}${visible(remedy)}`, 9);
  }
}
