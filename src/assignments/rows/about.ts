import { audienceKey } from '../targets/audience.ts';
import type { Change } from './change.ts';
import { addressKey, listPath } from '../kinds/address.ts';
import { patchBody } from '../changes/request.ts';
import { targetBody } from '../targets/target.ts';

/**
 * Equal for two changes that are about the same as far as can be told without a read: one assignment, by its id or else by its
 * current target; one that is to be added; a whole list to be cleared. Spelling does not count.
 */
export function aboutKey(change: Change): string {
  const { address, from, action } = change;
  if (address.assignmentId !== '') return addressKey(address);
  // No id has a `?`, so nothing that follows it can be taken for one.
  const list = `${listPath(address)}/?`.toLowerCase();
  if (from !== undefined)
    return `${list}from ${audienceKey(targetBody(from.target))}${from.intent === undefined ? '' : ` ${from.intent}`}`;
  return action === 'add'
    ? `${list}add ${address.kind.identity(patchBody(change, undefined))}`
    : `${list}${action}`;
}
