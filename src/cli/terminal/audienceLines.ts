import type { AudienceChange } from '../../app/plan/audiences.ts';
import { shortCalled } from '../../assignments/names/calledIds.ts';
import { count } from '../../app/words.ts';
import { membersInWords } from '../../assignments/guard/members.ts';
import { visible } from '../../assignments/values/visible.ts';
import { cutInMiddle } from './width.ts';

/**
 * How many users and devices gain or lose policies, group by group.
 * @param uncounted groups besides
 * @param room lines that they may take
 */
export function audienceLines(
  changes: readonly AudienceChange[],
  uncounted: number,
  room: number,
): readonly string[] {
  const isAll = changes.length <= room && uncounted === 0;
  const shown = isAll ? changes : changes.slice(0, Math.max(0, room - 1));
  const more = changes.length - shown.length + uncounted;
  if (shown.length === 0) return [];
  return [
    ...shown.map((change) => visible(`  ${audienceInWords(change)}`)),
    ...(more > 0 ? [`  … and ${count(more, 'more group')} (--json has them)`] : []),
  ];
}

/** `GRP-Sales (c241…): up to 1,240 users, 12 devices lose 3 policies` */
function audienceInWords({ groupId, groupName, gains, loses, ...members }: AudienceChange): string {
  const names = groupName === undefined ? {} : { [groupId.toLowerCase()]: groupName };
  const called = shortCalled(`group ${groupId}`, names, (name) => cutInMiddle(name, NAME_COLUMNS));
  const isOne = members.users + members.devices === 1;
  const shifts = [
    ...(gains > 0 ? [`${isOne ? 'gains' : 'gain'} ${count(gains, 'policy', 'policies')}`] : []),
    ...(loses > 0 ? [`${isOne ? 'loses' : 'lose'} ${count(loses, 'policy', 'policies')}`] : []),
  ];
  const upTo = members.users + members.devices > 0 ? 'up to ' : '';
  return `${called}: ${upTo}${membersInWords(members)} ${shifts.join(', ')}`;
}

/** Of a name that is longer: with six digits of members a line has 80 columns. */
const NAME_COLUMNS = 24;
