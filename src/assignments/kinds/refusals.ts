import { isExclusion, targetIn, targetTypeOf } from '../targets/currentTarget.ts';
import { filterOf, sameFilter } from '../targets/filter.ts';
import type { TargetType } from '../targets/target.ts';
import type { JsonObject } from '../values/json.ts';
import type { Refusal } from './refusal.ts';

/** Whether a write brings a filter that was not there. */
export function bringsFilter(after: JsonObject, before: JsonObject | undefined): boolean {
  const filter = filterOf(targetIn(after));
  return filter !== undefined && !sameFilter(filter, before && filterOf(targetIn(before)));
}

/** Whether a write brings a target of one of these types where the entry had another one. */
export function bringsTarget(
  types: readonly TargetType[],
  after: JsonObject,
  before: JsonObject | undefined,
): boolean {
  const type = targetTypeOf(targetIn(after));
  return type !== undefined && types.includes(type) && type !== (before && targetTypeOf(targetIn(before)));
}

export const isExcluding = (entry: JsonObject): boolean => isExclusion(targetIn(entry));

export const noFilter = (what: string): Refusal => ({
  about: 'filterId',
  message: `${what} take no filter.`,
  remedy: 'Leave filterId and filterType blank.',
});

export const noTarget = (what: string, type: string, instead: string): Refusal => ({
  about: 'targetType',
  message: `${what} can't be assigned to ${type}.`,
  remedy: instead,
});

/** Neither null nor left out. */
export const isSaid = (value: unknown): boolean => value !== undefined && value !== null;
