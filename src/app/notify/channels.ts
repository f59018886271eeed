import { join } from 'node:path';
import { EXIT, UserError } from '../../errors.ts';
import { CHANNEL_NAME } from '../../notify/channel.ts';
import { channelFault, readNotifyFile, type NotifyFile } from '../../notify/notifyFile.ts';
import type { RunOptions } from '../../runs/run.ts';
import type { Host } from '../host.ts';
import type { Identity } from '../identity.ts';
import { pathIn } from '../pathIn.ts';

/** Beside the `.env`, where no setting says otherwise. */
const NOTIFY_FILE = 'notify.json';
/** As `--notify off`: nobody is told. */
const OFF = 'off';

type Settings = Pick<Host, 'cwd' | 'env'> & { readonly identity: Pick<Identity, 'config'> };

/** @throws UserError (exit 2) for a file that can't be understood or trusted */
export function notifyFileOf({ cwd, env, identity: { config } }: Settings): NotifyFile | undefined {
  const given = config.env['RETARGET_NOTIFY_FILE'];
  return readNotifyFile(
    given === undefined ? join(cwd, NOTIFY_FILE) : pathIn({ cwd, env }, given),
    given !== undefined,
  );
}

/**
 * The channels that a run names, and when they are told of failures: those that are named for it, else those of the file.
 * @param given as `--notify` has them; undefined: nothing was said
 * @throws UserError (exit 2) for one that there is not
 */
export function channelsOfRun(
  given: readonly string[] | undefined,
  { log, ...settings }: Settings & Pick<Host, 'log'>,
): Pick<RunOptions, 'notify' | 'notifyFailures'> {
  const names = [...new Set(given?.flatMap((each) => each.split(',')).map((name) => name.trim()))];
  if (given !== undefined && names.every((name) => name.toLowerCase() === OFF)) return NOBODY;
  const file = notifyFileOf(settings);
  if (given === undefined) return told(file?.byDefault ?? [], file);
  const wrong = names.find((name) => !CHANNEL_NAME.test(name));
  if (wrong !== undefined) throw noChannel(`"${wrong}" is no name of a channel.`, file);
  if (file === undefined) {
    log.warn(
      `There is no ${NOTIFY_FILE} here: the workers' own has to know ${names.join(', ')}, or nobody is told.`,
    );
    return told(names, undefined);
  }
  for (const name of names) {
    const fault = channelFault(name, Object.fromEntries(file.channels));
    if (fault !== undefined) throw noChannel(`--notify: ${fault}.`, file);
  }
  return told(names, file);
}

const NOBODY = { notify: [], notifyFailures: null } as const;
const FAILURES_ABOVE = 1;

const told = (
  notify: readonly string[],
  file: NotifyFile | undefined,
): Pick<RunOptions, 'notify' | 'notifyFailures'> =>
  notify.length === 0 ? NOBODY : { notify, notifyFailures: file?.failuresAbove ?? FAILURES_ABOVE };

export const noChannel = (message: string, file: NotifyFile | undefined): UserError =>
  new UserError(message, {
    remedy:
      file === undefined
        ? `Write channels into ${NOTIFY_FILE}, as README, "Tell somebody", has it.`
        : `Name a channel of ${file.path}, or add it there; \`--notify off\` tells nobody.`,
    exitCode: EXIT.badInput,
  });
