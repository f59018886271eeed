import { count } from '../../app/words.ts';

/** Says of a file that people read which of its groups are but ids there. */
export const withoutNames = (unnamed: number, groups: number): string =>
  `${unnamed.toLocaleString('en-US')} of ${count(groups, 'group')} ${unnamed === 1 ? 'has' : 'have'} no name in it: ${unnamed === 1 ? 'it is' : 'they are'} gone, or may not be read (GroupMember.Read.All).`;
