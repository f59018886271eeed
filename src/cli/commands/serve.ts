import type { FastifyInstance } from 'fastify';
import { once } from 'node:events';
import { identify } from '../../app/identity.ts';
import { openServices } from '../../app/services.ts';
import type { SharedFlags } from '../../config.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { CliCommand } from '../context.ts';
import { many, numberIn } from '../flags.ts';
import { sharedOptions } from '../sharedFlags.ts';

interface ServeFlags extends SharedFlags {
  readonly port: number;
  readonly host: string;
  readonly plan?: readonly string[];
}

const PORT = 8900;
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

export const serveCommand: CliCommand<ServeFlags> = {
  options: (command) =>
    sharedOptions(command)
      .addOption(
        numberIn('--port <port>', 'where it listens; 0: whatever is free', { least: 0, most: 65_535 }, PORT),
      )
      .option('--host <address>', 'where it listens: only on this machine', '127.0.0.1')
      .addOption(many('--plan <file>', 'a saved plan that is shown before it runs; may be given again')),
  async run(_args, { port, host, plan = [], ...flags }, context) {
    if (!LOOPBACK.has(host)) throw notLoopback(host);
    await using services = await openServices(identify(flags, context), context);
    const { openWeb } = await import('../../web/server.ts');
    const web = await openWeb(services, { plans: plan });
    try {
      await listen(web, port, host);
      context.print.say(`The page is at http://${host.includes(':') ? `[${host}]` : host}:${portOf(web)}/`);
      context.print.say('It ends with Ctrl-C; runs and workers go on without it.');
      if (!context.interrupted.aborted) await once(context.interrupted, 'abort');
      return EXIT.done;
    } finally {
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

const notLoopback = (host: string): UserError =>
  new UserError(`The page is for this machine only, and ${host} is more than that.`, {
    remedy: 'Leave --host out; from elsewhere come through an ssh tunnel: `ssh -L 8900:127.0.0.1:8900 HOST`.',
    exitCode: EXIT.badInput,
  });
