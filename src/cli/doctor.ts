import type { SharedFlags } from '../config.ts';
import { EXIT } from '../errors.ts';
import type { Check } from './check.ts';
import type { CliCommand, Context } from './context.ts';
import { graphDiagnosis } from './doctorGraph.ts';
import { redisDiagnosis } from './doctorRedis.ts';
import { identify, sharedOptions } from './identity.ts';
import { visible } from './print.ts';

interface DoctorFlags extends SharedFlags {
  readonly json?: boolean;
}

/** Looks at all that a run needs and changes nothing. 4 when something would stop one. */
export const doctor: CliCommand<DoctorFlags> = {
  options: (command) => sharedOptions(command).option('--json', 'print the checks as JSON'),
  async run(_args, flags, context) {
    const known = identify(flags, context);
    const redis = await redisDiagnosis(known, context);
    const graph = await graphDiagnosis(known, context);
    const { redacted } = context.redactor;
    const checks = [...redis.checks, ...graph.checks].map((check) => ({
      ...check,
      message: redacted(check.message),
      remedy: check.remedy && redacted(check.remedy),
    }));
    const isWell = checks.every(({ status }) => status !== 'failed');
    const { tenant, config, appId } = graph.identity;
    if (flags.json) {
      context.print.json({
        ...{ ok: isWell, tenant, domain: graph.domain, cloud: config.cloud, graphUrl: config.graphUrl },
        ...{ appId, redis: redis.facts, checks },
      });
    } else show(checks, context);
    return isWell ? EXIT.done : EXIT.environment;
  },
};

function show(checks: readonly Check[], { print }: Context): void {
  for (const { name, status, message, remedy } of checks) {
    print.data(`${status.padEnd(8)} ${name.padEnd(15)} ${visible(message)}`);
    if (remedy !== null) print.data(`${' '.repeat(9)}${visible(remedy)}`);
  }
}
