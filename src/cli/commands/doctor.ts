import type { SharedFlags } from '../../config.ts';
import { EXIT, UserError } from '../../errors.ts';
import { ask, canAsk } from '../terminal/ask.ts';
import type { Check } from '../../app/doctor/check.ts';
import type { CliCommand, Context } from '../context.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { tenantInWords } from '../../app/doctor/tenantName.ts';
import { graphDiagnosis, type GraphDiagnosis } from '../../app/doctor/graphDiagnosis.ts';
import { redisDiagnosis } from '../../app/doctor/redisDiagnosis.ts';
import { identify } from '../../app/identity.ts';
import {
  probedAddresses,
  probeWrite,
  unknown,
  type Probe,
  type ProbedWrite,
} from '../../app/doctor/probeWrite.ts';
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
    const probed = flags.probeWrite === undefined ? undefined : probedAddresses(flags.probeWrite);
    if (probed !== undefined && !flags.yes && !canAsk(context)) throw probeAsks();
    const redis = await redisDiagnosis(known, context);
    const graph = await graphDiagnosis(known, context);
    const found = [...redis.checks, ...graph.checks];
    const probe = probed && (await probeIfWell(probed, found, graph, flags, context));
    const { redacted } = context.redactor;
    const checks = [...found, ...(probe ? [probe.check] : [])].map((check) => ({
      ...check,
      message: redacted(check.message),
      remedy: check.remedy && redacted(check.remedy),
    }));
    const isWell = checks.every(({ status }) => status !== 'failed');
    const { tenant, config, appId } = graph.identity;
    if (flags.json) {
      context.print.json({
        ...{ ok: isWell, tenant, domain: graph.domain, cloud: config.cloud, graphUrl: config.graphUrl },
        ...{ appId, strategy: probe?.strategy ?? null, redis: redis.facts, checks },
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

async function probeIfWell(
  addresses: Parameters<typeof probeWrite>[0],
  found: readonly Check[],
  { identity, domain, typesToApprove, typesRead }: GraphDiagnosis,
  { yes = false }: DoctorFlags,
  context: Context,
): Promise<Probe> {
  // That kinds which are not written here can't be read is no obstacle.
  const isReadable = addresses.some(({ kind }) => typesRead.has(kind.policyType));
  const obstacle = found.find(
    ({ name, status }) => status === 'failed' && !(name === 'intune' && isReadable),
  );
  if (obstacle !== undefined)
    return unknown({
      message: `Not tried, as the check of ${obstacle.name} has failed.`,
      remedy: 'Mend that first.',
    });
  const where = tenantInWords(identity, domain ?? undefined);
  const mayWrite = async ({ path, target }: ProbedWrite): Promise<boolean> =>
    yes || ask(visible(`Write the current target (${target}) of ${path} back to it in ${where}?`), context);
  return probeWrite(addresses, identity, { mayWrite, typesToApprove }, context);
}

function show(checks: readonly Check[], { print }: Context): void {
  for (const { name, status, message, remedy } of checks) {
    print.data(`${status.padEnd(8)} ${name.padEnd(15)} ${visible(message)}`, 9);
    if (remedy !== null) print.data(`${' '.repeat(9)}${visible(remedy)}`, 9);
  }
}
