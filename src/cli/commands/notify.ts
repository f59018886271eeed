import { identify } from '../../app/identity.ts';
import { channelStatus } from '../../app/notify/channelStatus.ts';
import { noChannel, notifyFileOf } from '../../app/notify/channels.ts';
import { testChannels, type Tested } from '../../app/notify/testChannels.ts';
import { openServices, type Services } from '../../app/services.ts';
import { closestTo } from '../../assignments/values/closest.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import type { CliCommand, Context } from '../context.ts';
import { sharedOptions } from '../sharedFlags.ts';

interface NotifyFlags extends SharedFlags {
  readonly test?: boolean;
  readonly json?: boolean;
}

export const notify: CliCommand<NotifyFlags> = {
  options: (command) =>
    sharedOptions(command)
      .option(
        '--test',
        'tell them that this is a test, the way that runs tell them; exit 4 when one takes nothing',
      )
      .option('--json', 'print JSON'),
  async run([name], flags, context) {
    const identity = identify(flags, context);
    const file = notifyFileOf({ ...context, identity });
    if (file === undefined) throw noChannel('There is no notify.json here, so nobody is told.', undefined);
    const known = [...file.channels.keys()];
    if (name !== undefined && !file.channels.has(name)) {
      const guess = closestTo(name, known);
      throw noChannel(`There is no channel "${name}".${guess ? ` Did you mean "${guess}"?` : ''}`, file);
    }
    const names = name === undefined ? known : [name];
    await using services = await openServices(identity, context);
    if (flags.test) return showTested(await testChannels(names, file, services), flags, context);
    return await listChannels(names, (each) => file.channels.get(each)?.type ?? '', flags, services, context);
  },
};

function showTested(tested: readonly Tested[], { json }: NotifyFlags, { print }: Context): ExitCode {
  if (json) print.json(tested);
  else
    for (const { channel, why } of tested)
      print.data(visible(`${channel}: ${why === null ? 'told' : `not told: ${why}`}`));
  return tested.every(({ why }) => why === null) ? EXIT.done : EXIT.environment;
}

async function listChannels(
  names: readonly string[],
  typeOf: (name: string) => string,
  { json }: NotifyFlags,
  services: Services,
  { print }: Context,
): Promise<ExitCode> {
  const channels = (await channelStatus(names, services)).map((each) => ({
    type: typeOf(each.channel),
    ...each,
  }));
  if (json) print.json(channels);
  else
    print.table(
      ['CHANNEL', 'TYPE', 'TOLD LAST', 'NOT TOLD', 'TAKES NOTHING SINCE'],
      channels.map(({ channel, type, toldAt, waiting, failingSince, why }) => [
        ...[channel, type, toldAt ?? '–', String(waiting)],
        failingSince === null ? '–' : `${failingSince}: ${why ?? ''}`,
      ]),
      { wrapsLast: true },
    );
  return EXIT.done;
}
