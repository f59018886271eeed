import { charge, freshLimit, waitMs, type LimitRule, type LimitState } from './limit.ts';
import type { SimulatorSettings } from './settings.ts';
import { CONFIGURATION, shareOf } from './throttleFamilies.ts';

export type LimitScope = 'writes' | 'requests';

/** What an app is told when it asks for one request. `scope` names the limit that refused. */
export type Admission = { admitted: true } | { admitted: false; waitMs: number; scope: LimitScope };

/** The limits of every app of the tenant, in each family of requests by itself. A write counts as a request too. */
export interface Throttle {
  ask(app: string, isWrite: boolean, nowMs: number, family?: string): Admission;
  /** All windows are empty again. */
  reset(): void;
}

/** @param startedAtMs from when `otherAppFromMs` counts; same clock as `nowMs` of `ask`. */
export function createThrottle(settings: () => SimulatorSettings, startedAtMs: number): Throttle {
  const states = new Map<string, LimitState>();

  const stateOf = (app: string, scope: string, rule: LimitRule, nowMs: number): LimitState => {
    const key = `${scope} ${app}`;
    const known = states.get(key);
    if (known?.kind === rule.kind) return known;
    const fresh = freshLimit(rule, nowMs);
    states.set(key, fresh);
    return fresh;
  };

  return {
    ask(app, isWrite, nowMs, family = CONFIGURATION) {
      const current = settings();
      const scopes: LimitScope[] = isWrite ? ['writes', 'requests'] : ['requests'];
      const limits = scopes.flatMap((scope) => {
        const rule = ruleOf(scope, family, current, nowMs - startedAtMs);
        const state = rule && stateOf(app, `${scope} of ${family}`, rule, nowMs);
        return rule === undefined || state === undefined ? [] : [{ scope, rule, state }];
      });
      let refusal: Admission | undefined;
      for (const { scope, rule, state } of limits) {
        const wait = waitMs(rule, state, nowMs);
        if (wait > 0 && (refusal === undefined || refusal.admitted || wait > refusal.waitMs)) {
          refusal = { admitted: false, waitMs: wait, scope };
        }
      }
      if (refusal === undefined || current.countRefused) {
        for (const { rule, state } of limits) charge(rule, state, nowMs);
      }
      return refusal ?? { admitted: true };
    },
    reset: () => states.clear(),
  };
}

/** undefined when there is no such limit. */
function ruleOf(
  scope: LimitScope,
  family: string,
  settings: SimulatorSettings,
  elapsedMs: number,
): LimitRule | undefined {
  const usual = scope === 'writes' ? settings.writeLimit : settings.requestLimit;
  const own = scope === 'writes' ? settings.familyLimits[family] : undefined;
  if (own === null || (own === undefined && usual === null)) return undefined;
  const limit = own ?? (usual ?? 0) * shareOf(family);
  // The other app writes too, and what it takes is simply not there for the one that is watched.
  const eaten = scope === 'writes' && elapsedMs >= settings.otherAppFromMs ? settings.otherAppShare : 0;
  return {
    kind: settings.window,
    limit: Math.floor(limit * (1 - eaten)),
    windowMs: settings.windowMs,
    bucketSize: settings.bucketSize ?? limit,
  };
}
