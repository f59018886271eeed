import { isOfPolicySet, type CurrentAssignment } from './current.ts';
import type { InputColumn } from '../rows/columns.ts';
import { filterBody, filterOf } from '../targets/filter.ts';
import type { JsonObject } from '../values/json.ts';
import { addressCells, type Address } from '../kinds/address.ts';
import type { OwnField } from '../kinds/kind.ts';
import type { PolicyKind } from '../kinds/registry.ts';
import type { ApiVersion } from '../values/apiVersion.ts';
import { FROM_TYPES } from '../rows/fromTarget.ts';
import { groupOf, targetTypeOf } from '../targets/currentTarget.ts';
import { TARGET_KINDS } from '../targets/target.ts';

/** What takes an assignment from what it is now to what it was. */
export type Inverse =
  | { readonly action: 'set'; readonly current: CurrentAssignment; readonly was: CurrentAssignment }
  | { readonly action: 'remove'; readonly current: CurrentAssignment }
  | { readonly action: 'add'; readonly was: CurrentAssignment };

/** The cells of an input row; blank ones are not there. */
export type InverseCells = ReadonlyMap<InputColumn, string>;

/**
 * The row that does it, for a run that restores.
 * @param address of the list; its assignment does not count
 */
export function inverseCells(inverse: Inverse, address: Address, apiVersion: ApiVersion): InverseCells {
  switch (inverse.action) {
    case 'set': {
      const { current, was } = inverse;
      const body = { ...restoringBody(was, address.kind, apiVersion), ...restoringSource(was, current) };
      return cells({ ...address, assignmentId: current.id }, ['body', JSON.stringify(body)]);
    }
    case 'remove':
      return cells({ ...address, assignmentId: inverse.current.id }, ['action', 'remove']);
    case 'add': {
      // All that it had but its id, as a list that is written anew takes it.
      const { id: _id, ...body } = inverse.was.whole;
      return cells({ ...address, assignmentId: '' }, ['action', 'add'], ['body', JSON.stringify(body)]);
    }
  }
}

/**
 * The row that takes away what an assignment is for, under whichever id that stands then: a list that somebody else has written meanwhile may have
 * new ones. Undefined for what only its id names.
 */
export function removalByTarget(current: CurrentAssignment, address: Address): InverseCells | undefined {
  const fromTargetType = FROM_TYPES.find((type) => type === targetTypeOf(current.target));
  if (fromTargetType === undefined || isOfPolicySet(current)) return undefined;
  const groupId = groupOf(current.target);
  const intent = address.kind.partOf === undefined ? undefined : current.whole['intent'];
  return cells(
    { ...address, assignmentId: '' },
    ['action', 'remove'],
    ['fromTargetType', fromTargetType],
    ...(groupId === undefined ? [] : [['fromGroupId', groupId] as [InputColumn, string]]),
    ...(typeof intent === 'string' ? [['fromIntent', intent] as [InputColumn, string]] : []),
  );
}

const cells = (address: Address, ...more: readonly [InputColumn, string][]): InverseCells =>
  new Map([...addressCells(address), ...more]);

/**
 * The PATCH body that puts an assignment back to what it was: the target value for value, of unknown kinds too, and what
 * else can be written. Without its id, which may be another one by now.
 */
export function restoringBody(
  before: CurrentAssignment,
  { ownFields, assignmentType }: PolicyKind,
  apiVersion: ApiVersion,
): JsonObject {
  const writable = ownFields.filter(({ isReadOnly }) => !isReadOnly);
  return {
    '@odata.type': assignmentType,
    ...Object.fromEntries(writable.flatMap((field) => restored(field, before.whole[field.name]))),
    target: { ...before.target, ...(needsFilterOff(before.target, apiVersion) && filterBody(undefined)) },
  };
}

/** Where an assignment comes from is told only where the write has made it one of a policy set: some tenants take what is sent. */
function restoringSource(was: CurrentAssignment, current: CurrentAssignment): JsonObject {
  if (!isOfPolicySet(current) || isOfPolicySet(was)) return {};
  const told = ['source', 'sourceId'].map((name) => [name, was.whole[name]]);
  return Object.fromEntries(told.filter(([, value]) => typeof value === 'string'));
}

/** Of text there is no word for "none", so that what is blank stays as it is; whatever else Graph shows goes back value for value. */
function restored({ name, takes }: OwnField, value: unknown): [string, unknown][] {
  if (takes === 'json') return value === undefined ? [] : [[name, value]];
  return typeof value === 'string' || typeof value === 'boolean' ? [[name, value]] : [];
}

/** Leaving a filter out is not documented to clear the one that was set since; exclusions and v1.0 know none. */
function needsFilterOff(target: JsonObject, apiVersion: ApiVersion): boolean {
  const type = targetTypeOf(target);
  const takesFilter = type === undefined || TARGET_KINDS[type].takesFilter;
  return apiVersion === 'beta' && takesFilter && filterOf(target) === undefined;
}
