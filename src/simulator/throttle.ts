import { charge, freshLimit, waitMs, type LimitRule, type LimitState } from './limit.ts';
import type { SimulatorSettings } from './settings.ts';

export type LimitScope = 'writes' | 'requests';

/** What an app is told when it asks for one request. `scope` names the limit that refused. */
export type Admission = { admitted: true } | { admitted: false; waitMs: number; scope: LimitScope };

/** The limits of every app of the tenant. A write counts as a request too. */
export interface Throttle {
  ask(app: string, isWrite: boolean, nowMs: number): Admission;
  /** All windows are empty again. */
  reset(): void;
}

/** @param startedAtMs from when `otherAppFromMs` counts; same clock as `nowMs` of `ask`. */
export function createThrottle(settings: () => SimulatorSettings, startedAtMs: number): Throttle {
  const states = new Map<string, LimitState>();

  const stateOf = (app: string, scope: LimitScope, rule: LimitRule, nowMs: number): LimitState => {
    const key = `${scope} ${app}`;
    const known = states.get(key);
    if (known?.kind === rule.kind) return known;
    const fresh = freshLimit(rule, nowMs);
    states.set(key, fresh);
    return fresh;
  };

  return {
    ask(app, isWrite, nowMs) {
      const current = settings();
      const scopes: LimitScope[] = isWrite ? ['writes', 'requests'] : ['requests'];
      const limits = scopes.flatMap((scope) => {
        const rule = ruleOf(scope, current, nowMs - startedAtMs);
        return rule === undefined ? [] : [{ scope, rule, state: stateOf(app, scope, rule, nowMs) }];
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
function ruleOf(scope: LimitScope, settings: SimulatorSettings, elapsedMs: number): LimitRule | undefined {
  const limit = scope === 'writes' ? settings.writeLimit : settings.requestLimit;
  if (limit === null) return undefined;
  // The other app writes too, and what it takes is simply not there for the one that is watched.
  const eaten = scope === 'writes' && elapsedMs >= settings.otherAppFromMs ? settings.otherAppShare : 0;
  return {
    kind: settings.window,
    limit: Math.floor(limit * (1 - eaten)),
    windowMs: settings.windowMs,
    bucketSize: settings.bucketSize ?? limit,
  };
}
