import type { Filter } from '../targets/filter.ts';
import type { JsonObject } from '../values/json.ts';
import type { Target } from '../targets/target.ts';

/** The columns that say what an assignment carries beside its target; which of them a kind of policies has, the kind tells. */
export const EXTRA_COLUMNS = [
  ...(['intent', 'settings', 'runSchedule', 'runRemediationScript'] as const),
  ...(['source', 'sourceId'] as const),
] as const;
export type ExtraColumn = (typeof EXTRA_COLUMNS)[number];

/** In Graph's shape; null takes off what is there. */
export type ExtraValue = string | boolean | JsonObject | null;

/** What a desired state may say beside its target, in Graph's words. Blank ones are not sent. */
export type Extras = { readonly [column in ExtraColumn]?: ExtraValue };

/** What an assignment is to become. */
export type Desired =
  | ({ readonly kind: 'described'; readonly target: Target; readonly filter: Filter } & Extras)
  /** A whole PATCH body in Graph's own shape, sent as given. */
  | { readonly kind: 'raw'; readonly body: JsonObject };
