import { onTestFinished } from 'vitest';
import { createEvents } from '../../src/events.ts';
import { redactorOf, type Host } from '../../src/app/host.ts';
import { identify } from '../../src/app/identity.ts';
import { openServices, type Services } from '../../src/app/services.ts';
import { NO_LOG } from '../../src/log.ts';
import type { Bench } from './cli.ts';

/** What a use case works with on a bench, without a command line. Closed with the test. */
export async function servicesOf({ env, dir }: Bench): Promise<Services> {
  const host: Host = {
    ...{ env, cwd: dir, user: { name: 'ada', host: 'desk' }, argv: [], log: NO_LOG },
    ...{ interrupted: new AbortController().signal, redactor: redactorOf(env) },
    ...{ events: createEvents(), redisInUse: {} },
  };
  const services = await openServices(identify({}, host), host);
  onTestFinished(() => services[Symbol.asyncDispose]());
  return services;
}
