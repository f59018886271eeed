import type { Address } from '../kinds/address.ts';
import { capitalized, writesBy } from '../kinds/kind.ts';
import { patchBody } from '../changes/request.ts';
import { ALL_USERS_GROUP } from '../values/guid.ts';
import { targetIn, targetTypeOf } from '../targets/currentTarget.ts';
import { filterOf } from '../targets/filter.ts';
import type { TargetType } from '../targets/target.ts';
import type { InputColumn } from './columns.ts';
import { NEEDS_BETA, type RowReader } from './rowReader.ts';
import type { Desired } from './desired.ts';

/** Kinds that are only written as whole lists are written as they were read, so there must be a read, and it must show filters. */
export function refuseUnread(reader: RowReader, { kind }: Address): void {
  const { blind, apiVersion } = reader.rules;
  if (writesBy(kind, 'patch') === 'patch') return;
  const column = reader.has('url') ? 'url' : 'policyType';
  const what = `${capitalized(kind.label.many)} are written as whole lists, each as it was read`;
  if (blind) reader.problem(column, `${what}; --blind reads none.`, 'Run without --blind.');
  if (apiVersion === 'v1.0') reader.problem(column, `${what}; v1.0 hides filters.`, NEEDS_BETA);
}

/** Kinds that are only read: with a plan the rows that change nothing are let through, as an export has them. */
export function refuseUnwritten(reader: RowReader, { kind }: Address): void {
  const { blind, unplanned } = reader.rules;
  if (kind.write.how !== 'refused' || !(blind || unplanned)) return;
  const column = reader.has('url') ? 'url' : 'policyType';
  reader.problem(column, kind.write.because, kind.write.instead);
}

/** What a row says by itself may be nothing that its kind takes. What is put back was there, so it may be what nobody documents. */
export function refuseEntry(
  reader: RowReader,
  address: Address,
  action: 'set' | 'add',
  desired: Desired,
): void {
  if (reader.rules.restores) return;
  const { entryRefusal, addRefusal } = address.kind;
  const body = patchBody({ address, desired }, undefined);
  const refusal = entryRefusal?.(body) ?? (action === 'add' ? addRefusal?.(body) : undefined);
  if (refusal === undefined) return;
  const { about, message, remedy } = refusal;
  reader.problem(columnOf(reader, about), message, remedy);
}

/** Not every kind takes every target, nor a filter. What is put back was there, so it may be what nobody documents. */
export function refuseUnfit(reader: RowReader, { kind }: Address, desired: Desired): void {
  if (reader.rules.restores) return;
  const { type, hasFilter } = desiredTarget(desired);
  const { many } = kind.label;
  if (kind.usersAsGroup && desired.kind === 'raw' && type === 'allLicensedUsers')
    reader.problem(
      columnOf(reader, 'targetType'),
      `${capitalized(many)} have no such target as all users.`,
      `Write the group ${ALL_USERS_GROUP}, which stands for them, or allLicensedUsers as targetType.`,
    );
  else if (type !== undefined && !kind.targets.includes(type))
    reader.problem(
      columnOf(reader, 'targetType'),
      `${capitalized(many)} can't be assigned to ${type}.`,
      `Write one of: ${kind.targets.join(', ')}.`,
    );
  if (hasFilter && !kind.takesFilters)
    reader.problem(
      columnOf(reader, 'filterId'),
      `${capitalized(many)} take no filter.`,
      'Leave filterId and filterType blank.',
    );
}

const columnOf = (reader: RowReader, described: InputColumn): InputColumn =>
  (['body', 'target'] as const).find((column) => reader.has(column) && !reader.has(described)) ?? described;

function desiredTarget(desired: Desired): { type: TargetType | undefined; hasFilter: boolean } {
  switch (desired.kind) {
    case 'described':
      return { type: desired.target.type, hasFilter: desired.filter.kind === 'filter' };
    case 'raw': {
      const target = targetIn(desired.body);
      return { type: targetTypeOf(target), hasFilter: filterOf(target) !== undefined };
    }
  }
}
