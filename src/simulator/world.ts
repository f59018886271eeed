import { openAccount, type Account } from './account.ts';
import { seededRandom, type Random } from './random.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import {
  changedSettings,
  DEFAULT_SETTINGS,
  type SettingsChange,
  type SimulatorSettings,
} from './settings.ts';
import { tenantFrom, type Tenant } from './tenant.ts';
import { checkedSeed, type TenantSeed } from './tenantFile.ts';
import { createThrottle, type Throttle } from './throttle.ts';

/** All that the simulator knows. `settings`, and what follows from them, change when it is reconfigured. */
export interface World {
  readonly tenant: Tenant;
  readonly throttle: Throttle;
  readonly account: Account;
  settings: SimulatorSettings;
  refusals: Refusals;
  random: Random;
  /** Envelopes since the script was set. */
  scriptedEnvelopes: number;
}

/** The one clock of the simulator: milliseconds that no clock step moves. */
export const nowMs = (): number => performance.now();

/** The same moment in milliseconds since 1970, for dates that a client reads. */
export const wallMs = (atMs: number): number => performance.timeOrigin + atMs;

/** @throws {SimulatorInputError} when a setting or the tenant is wrong. */
export function createWorld(seed: TenantSeed, change: SettingsChange): World {
  const settings = changedSettings(DEFAULT_SETTINGS, change);
  const checked = checkedSeed(seed, 'The tenant is wrong');
  const seededRefusals = changedSettings(settings, { refusals: checked.refusals ?? [] }).refusals;
  const world: World = {
    tenant: tenantFrom(checked),
    throttle: createThrottle(() => world.settings, nowMs()),
    account: openAccount(() => world.settings),
    settings: { ...settings, refusals: [...seededRefusals, ...settings.refusals] },
    refusals: () => undefined,
    random: seededRandom(settings.seed),
    scriptedEnvelopes: 0,
  };
  world.refusals = createRefusals(world.settings.refusals, settings.forbidden);
  return world;
}

/** Counters of refusals, of the script and of chance begin anew when they are among what changes. */
export function reconfigureWorld(world: World, change: unknown): void {
  const before = world.settings;
  const settings = changedSettings(before, change);
  world.settings = settings;
  if (settings.refusals !== before.refusals || settings.forbidden !== before.forbidden) {
    world.refusals = createRefusals(settings.refusals, settings.forbidden);
  }
  if (settings.script !== before.script) world.scriptedEnvelopes = 0;
  if (settings.seed !== before.seed) world.random = seededRandom(settings.seed);
}
