import { isGuid, isZeroGuid } from '../../assignments/values/guid.ts';
import { plainName } from '../../assignments/values/plainName.ts';

/** What tools call all users and all devices where they have a column of groups. */
const ALL_USERS = new Set(['allusers', 'alllicensedusers', 'alllicencedusers', 'allusers(systemgroup)']);
const ALL_DEVICES = new Set(['alldevices', 'alldevices(systemgroup)']);

/** Everybody whom a name stands for; undefined for the name of a group. */
export function everybodyNamed(name: string): 'allLicensedUsers' | 'allDevices' | undefined {
  const plain = plainName(name);
  if (ALL_USERS.has(plain)) return 'allLicensedUsers';
  return ALL_DEVICES.has(plain) ? 'allDevices' : undefined;
}

/** Whether a cell of a filter, its name, id or type, says that there is none. */
export const saysNoFilter = (text: string): boolean =>
  ['', 'none', 'n/a', 'nofilter'].includes(plainName(text)) || isZeroGuid(text.trim());

/** Whether a cell of a target says that the policy is assigned to nobody. */
export const saysNoTarget = (text: string): boolean =>
  ['', 'none', 'n/a', 'notassigned', 'noassignment'].includes(plainName(text));

/** How tools write a group that is gone, with its id. */
const GONE_GROUP = /^(?:group does not exist any ?more|unknown)\s*\(([^()]+)\)$/i;

/** The id of a group that stands where its name should, as that is not known; undefined for a name. */
export function idInName(name: string): string | undefined {
  const id = GONE_GROUP.exec(name.trim())?.[1]?.trim() ?? name.trim();
  return isGuid(id) ? id : undefined;
}

/** Letters that an export in ASCII has lost are question marks: no name to look for, or to hold against. */
export const hasLostLetters = (name: string): boolean => name.includes('?');
