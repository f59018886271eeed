import type { Command } from 'commander';
import { identify, signIn } from '../app/identity.ts';
import { findOurRun } from '../app/runs/findRun.ts';
import { expectWorkable } from '../app/runs/runControl.ts';
import { statusOfId } from '../app/runs/status.ts';
import { openServices, type Services } from '../app/services.ts';
import type { SharedFlags } from '../config.ts';
import { EXIT, UserError, type ExitCode } from '../errors.ts';
import { hasEnded, type Run } from '../runs/run.ts';
import type { Context } from './context.ts';
import type { DrainFlags } from './draining.ts';
import { reasonOption } from './flags.ts';
import { sharedOptions } from './sharedFlags.ts';
import { workShown } from './terminal/followed.ts';
import { tellNoWorkers, tellStop } from './terminal/tellWaits.ts';
import { takeTurn, turnOptions, type TurnFlags } from './terminal/turn.ts';

/** The flags of a command that changes the state of a run. */
export interface ControlFlags extends SharedFlags {
  readonly json?: boolean;
  readonly reason?: string;
}

/** The flags of one that may work on the run afterwards. */
export interface WorkFlags extends ControlFlags, DrainFlags, TurnFlags {
  readonly work?: boolean;
}

export const controlOptions = (command: Command): Command =>
  sharedOptions(command).option('--json', 'print the run as JSON').addOption(reasonOption());

export const workOptions = (command: Command): Command =>
  turnOptions(controlOptions(command).option('--work', 'work here until the run is done'));

/** Does something to a run. @throws UserError (exit 2) for one that is unknown, or of another version */
export async function controlled(
  name: string | undefined,
  flags: ControlFlags,
  context: Context,
  act: (run: Run, services: Services) => Promise<void>,
): Promise<ExitCode> {
  await using services = await openServices(identify(flags, context), context);
  const run = await findOurRun(name ?? '', services);
  await act(run, services);
  if (flags.json) context.print.json(await statusOfId(run.runId, services));
  return EXIT.done;
}

/** Does something to a run that may go on then, and with `--work` works on it here. */
export async function controlledAndWorked(
  name: string | undefined,
  flags: WorkFlags,
  context: Context,
  act: (run: Run, services: Services) => Promise<void>,
): Promise<ExitCode> {
  const known = identify(flags, context);
  const identity = flags.work ? await signIn(known, context) : known;
  await using services = await openServices(identity, context);
  const run = await findOurRun(name ?? '', services);
  if (flags.work) expectWorkable(run, services);
  const also = flags.work ? await takeTurn(run.runId, flags, services, context) : [];
  if (also === undefined) return EXIT.stoppedEarly;
  await act(run, services);
  const exitCode = flags.work
    ? await workShown(run.runId, also, services, context, flags.wait)
    : await leftToWorkers(run.runId, services, context);
  if (flags.json) context.print.json(await statusOfId(run.runId, services));
  return exitCode;
}

async function leftToWorkers(runId: string, services: Services, { print }: Context): Promise<ExitCode> {
  const run = await services.runs.run(runId);
  // A worker would find nothing to do in it.
  if (run !== undefined && hasEnded(run)) return EXIT.done;
  await tellStop(services, print);
  await tellNoWorkers(services, print, undefined, runId);
  return EXIT.done;
}

/** The flags of a command that may be about the whole tenant, or about every one of this Redis. */
export interface AllFlags extends SharedFlags {
  readonly all?: boolean;
  readonly everyTenant?: boolean;
}

export const everyTenantOption = (command: Command): Command =>
  command.option('--every-tenant', 'with all tenants of this Redis, not only one');

/** @throws UserError (exit 2) unless either a run is named or all are meant */
export function expectRunOrAll(
  name: string | undefined,
  { all: isAll, everyTenant, tenant, work }: AllFlags & { readonly work?: boolean },
): void {
  const all = isAll === true || everyTenant === true;
  if (everyTenant && tenant !== undefined)
    throw new UserError('--tenant and --every-tenant exclude each other.', {
      remedy: 'Leave one of them out.',
      exitCode: EXIT.badInput,
    });
  if ((name === undefined) !== all)
    throw new UserError(
      name === undefined ? 'Which run is meant is not said.' : 'A run and --all exclude each other.',
      { remedy: 'Give either a run id (or @last), or --all for the whole tenant.', exitCode: EXIT.badInput },
    );
  if (all && work)
    throw new UserError('--work works on one run, and --all names none.', {
      remedy: 'Leave --work out; a `retarget worker` goes on with all runs.',
      exitCode: EXIT.badInput,
    });
}
