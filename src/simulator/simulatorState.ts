import { randomUUID } from 'node:crypto';
import { openAccount, type Account } from './stats.ts';
import { openApprovals, type Approvals } from './approvals.ts';
import { createCopies, type Copies } from './copies.ts';
import { applyEdit } from './edit.ts';
import type { Edit } from './editSchema.ts';
import { IN_PORTAL, openAuditLog, type AuditLog } from './auditEvents.ts';
import { openLandings, type Landings } from './landings.ts';
import { createOutages, type Outages } from './outages.ts';
import { kindOfType } from './policyKinds.ts';
import { createOtherHand, type ConcurrentEdits } from './concurrentEdits.ts';
import { seededRandom, type Random } from './random.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import {
  changedSettings,
  DEFAULT_SETTINGS,
  SimulatorInputError,
  type SettingsChange,
  type SimulatorSettings,
} from './settings.ts';
import { tenantFrom, type Tenant } from './tenant.ts';
import { checkedSeed, type TenantSeed } from './tenantFile.ts';
import { createThrottle, type Throttle } from './throttle.ts';

/** What a proxy answers with instead of Graph. */
export type ProxyStatus = SimulatorSettings['proxyReads'][number]['status'];

/** All that the simulator knows. `settings`, and what follows from them, change when it is reconfigured. */
export interface SimulatorState {
  readonly tenant: Tenant;
  readonly throttle: Throttle;
  readonly account: Account;
  readonly approvals: Approvals;
  readonly audit: AuditLog;
  settings: SimulatorSettings;
  refusals: Refusals;
  concurrentEdits: ConcurrentEdits;
  random: Random;
  readonly landings: Landings;
  readonly copies: Copies;
  outages: Outages;
  /** Statuses that a proxy has yet to answer envelopes of reads with. */
  proxyReads: ProxyStatus[];
  /** Envelopes since the script was set. */
  scriptedEnvelopes: number;
}

/** The one clock of the simulator: milliseconds that no clock step moves. */
export const nowMs = (): number => performance.now();

/** The same moment in milliseconds since 1970, for dates that a client reads. */
export const wallMs = (atMs: number): number => performance.timeOrigin + atMs;

/** @throws {SimulatorInputError} when a setting or the tenant is wrong. */
export function createWorld(seed: TenantSeed, change: SettingsChange): SimulatorState {
  const checked = checkedSeed(seed, 'The tenant is wrong');
  const settings = changedSettings(changedSettings(DEFAULT_SETTINGS, checked.settings ?? {}), change);
  const seededRefusals = changedSettings(settings, { refusals: checked.refusals ?? [] }).refusals;
  const world: SimulatorState = {
    tenant: tenantFrom(checked),
    throttle: createThrottle(() => world.settings, nowMs()),
    account: openAccount(() => world.settings),
    approvals: openApprovals(
      () => world.settings,
      () => wallMs(nowMs()),
    ),
    audit: openAuditLog(() => wallMs(nowMs())),
    settings: { ...settings, refusals: [...seededRefusals, ...settings.refusals] },
    refusals: () => undefined,
    concurrentEdits: () => undefined,
    random: seededRandom(settings.seed),
    landings: openLandings(),
    outages: createOutages(settings.readOutages, nowMs),
    copies: createCopies(() => Math.max(world.settings.readLagMs, world.settings.expandLagMs), nowMs),
    proxyReads: [],
    scriptedEnvelopes: 0,
  };
  world.refusals = refusalsOf(world.settings);
  world.proxyReads = proxyReadsOf(world.settings);
  world.concurrentEdits = otherHandOf(world);
  return world;
}

const refusalsOf = ({ refusals, forbidden, firstWrites }: SimulatorSettings): Refusals =>
  createRefusals(refusals, forbidden, firstWrites);

const proxyReadsOf = ({ proxyReads }: SimulatorSettings): ProxyStatus[] =>
  proxyReads.flatMap(({ status, times }) => Array<ProxyStatus>(times).fill(status));

/** Edits that happen count among the faults, as do those that found nothing to edit. */
const otherHandOf = (world: SimulatorState): ConcurrentEdits =>
  createOtherHand(world.settings.concurrentEdits, world, (isDone) =>
    world.account.fault(isDone ? 'concurrentEdits' : 'otherHandMissed'),
  );

/** Changes the tenant from outside. @throws {SimulatorInputError} at the first edit that finds nothing; those before it are done. */
export function editTenant({ tenant, copies, audit }: SimulatorState, edits: readonly Edit[]): void {
  for (const [index, edit] of edits.entries()) {
    const policy = tenant.policy(kindOfType(edit.type).set, edit.policyId);
    const before = audit.seen(policy, edit.via);
    const problem = applyEdit(edit, tenant, copies.changes);
    audit.changed(policy, edit.via, before, {
      ...{ actor: IN_PORTAL, method: 'PATCH', correlationId: randomUUID() },
    });
    if (problem !== undefined) {
      throw new SimulatorInputError(
        `Edit ${index + 1} can't be made: ${problem}`,
        'See GET /simulator/tenant for what there is.',
      );
    }
  }
}

export function resetWorld(world: SimulatorState): void {
  world.account.reset();
  world.throttle.reset();
}

/** Counters of refusals, of outages, of a proxy, of the other hand, of the script and of chance begin anew when they are among what changes. */
export function reconfigureWorld(world: SimulatorState, change: unknown): void {
  const before = world.settings;
  const settings = changedSettings(before, change);
  world.settings = settings;
  if (
    settings.refusals !== before.refusals ||
    settings.forbidden !== before.forbidden ||
    settings.firstWrites !== before.firstWrites
  ) {
    world.refusals = refusalsOf(settings);
  }
  if (settings.readOutages !== before.readOutages) {
    world.outages = createOutages(settings.readOutages, nowMs);
  }
  if (settings.proxyReads !== before.proxyReads) world.proxyReads = proxyReadsOf(settings);
  if (settings.concurrentEdits !== before.concurrentEdits) world.concurrentEdits = otherHandOf(world);
  if (settings.script !== before.script) world.scriptedEnvelopes = 0;
  if (settings.seed !== before.seed) world.random = seededRandom(settings.seed);
}
