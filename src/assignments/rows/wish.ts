import type { Filter } from '../targets/filter.ts';
import type { JsonObject } from '../values/json.ts';
import type { Target } from '../targets/target.ts';

export const INTENTS = ['apply', 'remove'] as const;
export type Intent = (typeof INTENTS)[number];

export const SOURCES = ['direct', 'policySets'] as const;
export type Source = (typeof SOURCES)[number];

/** What a wish may say beside its target. Blank ones are not sent. */
export interface Extras {
  readonly intent?: Intent;
  readonly source?: Source;
  readonly sourceId?: string;
}

/** What an assignment is to become. */
export type Wish =
  | ({ readonly kind: 'described'; readonly target: Target; readonly filter: Filter } & Extras)
  /** A whole PATCH body in Graph's own shape, sent as given. */
  | { readonly kind: 'raw'; readonly body: JsonObject };
