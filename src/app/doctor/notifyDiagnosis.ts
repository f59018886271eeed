import { X509Certificate } from 'node:crypto';
import { UserError } from '../../errors.ts';
import type { Channel } from '../../notify/channel.ts';
import { addressFrom, authorities, textFrom, type Surroundings } from '../../notify/elsewhere.ts';
import { NotTold } from '../../notify/notTold.ts';
import type { NotifyFile } from '../../notify/notifyFile.ts';
import type { Host } from '../host.ts';
import type { Identity } from '../identity.ts';
import { notifyFileOf } from '../notify/channels.ts';
import { count } from '../words.ts';
import { failed, ok, warning, type Check } from './check.ts';

const NAME = 'channels';

/** Looks at who is told of runs from this machine, and sends nothing: names, secrets that are kept elsewhere, addresses, and who may write the file. */
export async function notifyDiagnosis(identity: Identity, host: Host): Promise<readonly Check[]> {
  let file: NotifyFile | undefined;
  try {
    file = notifyFileOf({ ...host, identity });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [failed(NAME, error)];
  }
  if (file === undefined) return [];
  const surroundings: Surroundings = {
    env: identity.config.env,
    keepSecret: (secret) => host.redactor.keep(secret),
  };
  const faults = await Promise.all(
    [...file.channels].map(async ([name, channel]) => faultOf(name, channel, surroundings)),
  );
  const found = faults.flatMap((fault) => (fault === undefined ? [] : [fault]));
  return found.length > 0 ? found : [ok(NAME, wellInWords(file))];
}

async function faultOf(
  name: string,
  channel: Channel,
  surroundings: Surroundings,
): Promise<Check | undefined> {
  try {
    expectCertificate(await authorities(channel.ca), channel.ca);
    if (channel.type === 'email') {
      if (channel.password !== undefined) await textFrom('password', channel.password, surroundings);
    } else {
      await addressFrom(channel.url, surroundings);
      if (channel.type === 'webhook' && channel.secret !== undefined)
        await textFrom('secret', channel.secret, surroundings);
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof NotTold)) throw error;
    // It stops no run.
    return warning(
      NAME,
      `Channel ${name} is told nothing: ${error.message}.`,
      'Mend that in notify.json, its files or the environment; `retarget notify --test` then sends something.',
    );
  }
}

function expectCertificate(pem: string | undefined, path = ''): void {
  if (pem === undefined) return;
  try {
    new X509Certificate(pem);
  } catch {
    throw new NotTold(`the file of its ca, ${path}, holds no certificate (PEM)`);
  }
}

const wellInWords = ({ path, channels, byDefault }: NotifyFile): string =>
  `${path} has ${count(channels.size, 'channel')}: ${[...channels].map(([name, { type }]) => `${name} (${type})`).join(', ')}; ` +
  `${byDefault.length === 0 ? 'none is' : `${byDefault.join(', ')} ${byDefault.length === 1 ? 'is' : 'are'}`} told by default. Nothing was sent.`;
