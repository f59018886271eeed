import { quoted } from './quoted.ts';

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Groups and filters have such ids, policies and assignments need not. */
export const isGuid = (text: string): boolean => GUID.test(text);

/** What a word processor makes of `-`, and the signs that look like it. */
const DASHES = /[\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d]/g;
/** What stands around ids in registries, scripts and mails. */
const WRAPPING = /^[\s{("'[\u2018\u2019\u201c\u201d\u201e`]+|[\s})"'\]\u2018\u2019\u201c\u201d`]+$/g;

/** The GUID that a text was before a word processor, a script or a spreadsheet dressed it up. */
function guidWithin(text: string): string | undefined {
  const bare = text.replace(WRAPPING, '').replace(DASHES, '-');
  const digits = bare.replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/i.test(digits)) return undefined;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/**
 * Why a text is not the id of a `what` (a group, a filter), and what to write; undefined when it is one.
 * @param what in a sentence: `group`
 */
export function guidFault(text: string, what: string): { message: string; remedy: string } | undefined {
  if (isZeroGuid(text))
    return {
      message: `No ${what} has the id ${text}.`,
      remedy: `Write the id of the ${what} that is meant.`,
    };
  if (isGuid(text)) return undefined;
  const meant = guidWithin(text);
  if (meant !== undefined)
    return { message: `${quoted(text)} is not how an id is written.`, remedy: `Write ${meant}.` };
  const wanted = `Write the ${what}'s id, as in 8f36c487-4e75-4da9-a5bc-d7916f1acda0.`;
  if (/^[\d.,]+e[+-]?\d+$/i.test(text)) {
    return {
      message: `${quoted(text)} is what a spreadsheet makes of an id: its digits are gone.`,
      remedy: `Format the column as text, then put the ids in again. ${wanted}`,
    };
  }
  if (/^[0-9a-f-]+$/i.test(text) && /\d/.test(text)) {
    return {
      message: `${quoted(text)} has ${text.replaceAll('-', '').length} digits; an id has 32, in groups of 8-4-4-4-12.`,
      remedy: `${wanted} Some of it was lost on the way here, or the cell was taken for a number.`,
    };
  }
  return {
    message: `${quoted(text)} is no id.`,
    remedy: `${wanted} Names stand in columns of their own: ${what}Name.`,
  };
}

/** What Intune calls all users where it knows groups only. */
export const ALL_USERS_GROUP = 'acacacac-9df4-4c7d-9d50-4ef0226f57a9';

/** What Entra calls everybody where it needs a group; as a group's id it would reach all of them without being seen to. */
const VIRTUAL_GROUPS: Readonly<Record<string, 'allLicensedUsers' | 'allDevices'>> = {
  [ALL_USERS_GROUP]: 'allLicensedUsers',
  'adadadad-808e-44e2-905a-0b7873a8a531': 'allDevices',
};

/** Everybody whom a group's id stands for, in the words of the column `targetType`; undefined for a real group. */
export const everybodyOf = (groupId: string): 'allLicensedUsers' | 'allDevices' | undefined =>
  VIRTUAL_GROUPS[groupId.toLowerCase()];

/** What stands for nothing in Graph: no filter, no group. */
export const isZeroGuid = (id: string): boolean => id === '00000000-0000-0000-0000-000000000000';
