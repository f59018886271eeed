import { stopInWords } from '../../app/runs/whyWaiting.ts';
import type { Services } from '../../app/services.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { Printer } from './print.ts';

/** Tells that the tenant is stopped, before something is begun that would wait for it. */
export async function tellStop(
  { runs, identity }: Pick<Services, 'runs' | 'identity'>,
  print: Printer,
): Promise<void> {
  const stop = await runs.stopped();
  if (stop !== undefined)
    print.say(visible(`Nothing is sent for now: the tenant ${stopInWords(stop, identity.hint)}.`));
}

/**
 * Said where something was left to workers.
 * @param runId the run that was; a process that works on it alone is enough
 */
export async function tellNoWorkers(
  { producer, identity }: Pick<Services, 'producer' | 'identity'>,
  print: Printer,
  orElse = ', or add --work',
  runId?: string,
): Promise<void> {
  if (await producer.hasWorkers(runId)) return;
  print.say(`No worker is at work for this tenant: start one with \`${identity.hint('worker')}\`${orElse}.`);
}
