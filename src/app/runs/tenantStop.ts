import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, UserError } from '../../errors.ts';
import type { Pace } from '../../queue/limits.ts';
import type { Stop } from '../../runs/runReader.ts';
import { Tenants } from '../../runs/tenants.ts';
import type { Context } from '../../cli/context.ts';
import { logOpenRuns, reasonFrom } from './runLog.ts';
import type { Session } from '../services.ts';
import { stopInWords } from './whyWaiting.ts';
import { duration } from '../words.ts';
import { visible } from '../../assignments/values/visible.ts';

/** Redis writes `appendfsync everysec` to the disk within two seconds, whatever the disk does. Source: redis.io, persistence. */
const ON_DISK_MS = 2_000;
/** Between a worker's last look at its leave and the request's first byte. */
const LEAVING_MS = 250;

interface StopFlags {
  readonly json?: boolean;
  readonly reason?: string;
}

/** How long after a stop a request may still leave, on a leave that was given before it. */
const lastLeaveMs = ({ leaveValidMs }: Pace): number => Math.max(leaveValidMs + LEAVING_MS, ON_DISK_MS);

/**
 * Stops the tenant, and answers when no request of a run can leave any more and a restart of Redis would not forget it.
 * @throws UserError (exit 2) for a tenant that this Redis has never seen: who means another one must not believe it stopped
 */
export async function stopTenant(session: Session, flags: StopFlags, context: Context): Promise<void> {
  const { runs, identity } = session;
  const { print, redactor, interrupted } = context;
  const notStopped = await otherTenants(session);
  const stop: Stop = {
    by: identity.operator,
    at: Date.now(),
    reason: reasonFrom(flags.reason, redactor),
  };
  await runs.stop(stop);
  await logOpenRuns('stop', session, context, flags);
  const waitMs = lastLeaveMs(identity.pace);
  print.say(
    `Tenant ${identity.tenant} is stopped; what had leave to go may go for ${duration(waitMs / 1000)}.`,
  );
  if (notStopped.length > 0)
    print.say(
      `Not stopped, each by a \`pause --all --tenant\` of its own: ${visible(notStopped.join(', '))}.`,
    );
  await sleep(waitMs, undefined, { signal: interrupted });
  print.say('From now on no request of any run leaves, also of runs to come.');
  print.say(`Go on with: ${identity.hint('resume --all')}`);
  if (flags.json) print.json({ tenant: identity.tenant, stopped: stop, notStopped });
}

/** The tenants that this Redis knows besides the one that is meant, which has to be known as well. */
async function otherTenants({ redis, runs, identity, producer }: Session): Promise<string[]> {
  const known = await new Tenants(redis).all();
  const { tenant } = identity;
  const others = known.filter((name) => name !== tenant);
  // Tenants are remembered since there is something to remember them by; runs and workers may be older.
  const isKnown =
    known.includes(tenant) ||
    (await runs.runs()).length > 0 ||
    (await runs.stopped()) !== undefined ||
    (await producer.hasWorkers());
  if (isKnown) return others;
  throw new UserError(`Nothing was stopped: this Redis has never seen a tenant ${tenant}.`, {
    remedy:
      others.length > 0
        ? `Say which one is meant: --tenant with one of ${others.join(', ')}.`
        : 'Give the --tenant and the --redis-url of the workers that are to stop.',
    exitCode: EXIT.badInput,
  });
}

/** Ends the stop of the tenant, and has its runs go on. */
export async function letTenantGoOn(session: Session, flags: StopFlags, context: Context): Promise<void> {
  const { runs, identity, producer } = session;
  const { print } = context;
  if (await runs.letGoOn()) {
    await logOpenRuns('let go on', session, context, flags);
    print.say(`Tenant ${identity.tenant} goes on.`);
  } else print.say(`Tenant ${identity.tenant} was not stopped.`);
  await producer.topUp();
  if (flags.json) print.json({ stopped: null });
}

/** Tells that the tenant is stopped, before something is begun that would wait for it. */
export async function tellStop({ runs, identity }: Session, { print }: Context): Promise<void> {
  const stop = await runs.stopped();
  if (stop !== undefined)
    print.say(visible(`Nothing is sent for now: the tenant ${stopInWords(stop, identity.hint)}.`));
}
