import { once } from 'node:events';
import { EXIT, UserError } from '../../errors.ts';
import { SIMULATOR_FLAGS, simulatorOptions, type FlagKey } from '../../simulator/flags.ts';
import { SimulatorInputError } from '../../simulator/settings.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import type { CliCommand } from '../context.ts';

export const simulate: CliCommand<Partial<Record<FlagKey, unknown>>> = {
  options(command) {
    // Read in `run`: commander takes a parser's null, which is our "none", for a blank.
    for (const { flags, description, defaultText } of SIMULATOR_FLAGS) {
      command.option(flags, `${description} (default: ${defaultText})`);
    }
  },
  async run(_args, flags, context) {
    const options = await simulatorOptions(userErrors(() => parsed(flags))).catch(rethrow);
    await using simulator = await startSimulator(options).catch(rethrow);
    context.print.data(simulator.url);
    context.print.say(
      `Point retarget at it: export RETARGET_GRAPH_URL=${simulator.url} RETARGET_ACCESS_TOKEN=any`,
    );
    context.print.say(`What it saw: ${simulator.url}/stats. It ends with Ctrl-C.`);
    if (!context.interrupted.aborted) await once(context.interrupted, 'abort');
    return EXIT.done;
  },
};

/** The simulator stands alone and has errors of its own; here they become ours. */
function rethrow(error: unknown): never {
  if (!(error instanceof SimulatorInputError)) throw error;
  throw new UserError(error.message, { remedy: error.remedy, exitCode: EXIT.badInput, cause: error });
}

function userErrors<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    return rethrow(error);
  }
}

/** The flags that were given, each read by its own parser. */
function parsed(given: Partial<Record<FlagKey, unknown>>): Partial<Record<FlagKey, unknown>> {
  const values = SIMULATOR_FLAGS.flatMap(({ key, parse }) => {
    const value = given[key];
    return value === undefined
      ? []
      : [[key, parse && typeof value === 'string' ? parse(value) : value] as const];
  });
  return Object.fromEntries(values);
}
