import { groupsById } from './groupsById.ts';
import type { SendReads } from './reading.ts';

/**
 * What these groups are called, by their ids in lower case. One that is missing, or can't be read, has no name here.
 * @param isAllowed as in groupsById
 */
export async function groupNames(
  groupIds: readonly string[],
  send: SendReads,
  isAllowed = false,
): Promise<ReadonlyMap<string, string>> {
  const { found } = await groupsById(groupIds, ['displayName'], send, isAllowed);
  return new Map(
    [...found].flatMap(([id, { displayName }]): [string, string][] =>
      typeof displayName === 'string' ? [[id, displayName]] : [],
    ),
  );
}
