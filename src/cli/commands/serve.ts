import type { FastifyInstance } from 'fastify';
import { once } from 'node:events';
import { identify } from '../../app/identity.ts';
import { tellBeside } from '../../app/notify/tellBeside.ts';
import { openServices } from '../../app/services.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { CliCommand } from '../context.ts';
import { many, numberIn } from '../flags.ts';
import { sharedOptions } from '../sharedFlags.ts';
import { canAsk, onEnter } from '../terminal/ask.ts';

interface ServeFlags extends SharedFlags {
  readonly port: number;
  readonly host?: string;
  readonly url?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly trustedProxy?: string;
  readonly plan?: readonly string[];
}

const PORT = 8900;

export const serveCommand: CliCommand<ServeFlags> = {
  options: (command) =>
    sharedOptions(command)
      .addOption(
        numberIn('--port <port>', 'where it listens; 0: whatever is free', { least: 0, most: 65_535 }, PORT),
      )
      .option('--host <address>', 'where it listens; any but this machine takes a sign-in; 127.0.0.1')
      .option('--url <https-address>', 'what people type, where they sign in (RETARGET_OIDC_CLIENT_ID)')
      .option('--tls-cert <file>', 'its certificate, with those between (PEM)')
      .option('--tls-key <file>', 'the key of the certificate (PEM)')
      .option('--trusted-proxy <addresses>', 'proxies that do TLS and say so (X-Forwarded-Proto)')
      .addOption(many('--plan <file>', 'a saved plan that is shown before it runs; may be given again')),
  async run(_args, flags, context) {
    await using services = await openServices(identify(flags, context), context);
    const [{ openWeb }, { openAccess }, { LINK_PATH }] = await Promise.all([
      import('../../web/server.ts'),
      import('../../web/access/openAccess.ts'),
      import('../../web/access/linkSignIn.ts'),
    ]);
    const access = await openAccess(flags, services);
    const { address, link } = access;
    const web = await openWeb(services, access, flags.plan);
    const { print, interrupted } = context;
    const tellLink = (): void => {
      if (link === undefined) return;
      const { host, port, tls } = { ...address, port: portOf(web) };
      const at = `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
      print.say(`Open this, once: ${at}${LINK_PATH}?secret=${link.make()}`);
    };
    const stopAsking = onEnter(context, tellLink);
    try {
      await listen(web, address.port, address.host);
      await using _telling = await tellBeside(services);
      if (address.kind === 'openid') print.say(`The page is at ${address.origin}/`);
      tellLink();
      if (link !== undefined && canAsk(context))
        print.say('Enter prints another link; the one before is void then.');
      print.say('It ends with Ctrl-C; runs and workers go on without it.');
      if (!interrupted.aborted) await once(interrupted, 'abort');
      return EXIT.done;
    } finally {
      stopAsking();
      await web.close();
    }
  },
};

/** @throws UserError (exit 4) when that is not to be had */
async function listen(web: FastifyInstance, port: number, host: string): Promise<void> {
  try {
    await web.listen({ port, host });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw error;
    throw new UserError(`Port ${port} of ${host} is not to be had (${code}).`, {
      remedy: 'Give another one with --port, or end what listens there.',
      exitCode: EXIT.environment,
      cause: error,
    });
  }
}

/** Which one it is when any was good. */
function portOf(web: FastifyInstance): number {
  const [address] = web.addresses();
  return typeof address === 'object' ? address.port : 0;
}
