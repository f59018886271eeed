import { listPath, type Address } from '../../assignments/kinds/address.ts';
import { kindOfCollection } from '../../assignments/kinds/registry.ts';
import { isJsonObject } from '../../assignments/values/json.ts';
import { currentAssignmentsIn } from '../../assignments/changes/current.ts';
import type { ListSnapshot } from '../../assignments/changes/planBatch.ts';
import {
  collection,
  readAll,
  type Collection,
  type NotRead,
  type Reading,
  type SendReads,
  type Unreadable,
} from './reading.ts';

/** Pages of one policy's list that are read. A thousand assignments a policy is far beyond what Intune shows. */
const LIST_PAGES_MAX = 200;

/** A list as it was read; one that was read in part is `refused`, with the code `ReadIncomplete`. */
export type ReadList = Extract<ListSnapshot, { kind: 'list' }> | NotRead;

/**
 * Reads the lists that these assignments are in, each list once and whole. The answer is by `listPath`.
 * @param base root and version, for links to further pages
 */
export const readCurrentAssignments = (
  addresses: readonly Address[],
  send: SendReads,
  base: string,
): Promise<Map<string, ReadList>> => assignmentLists(addresses.map(listPath), send, base);

/** Reads the assignment lists at these paths, each once and whole. */
export async function assignmentLists(
  listPaths: readonly string[],
  send: SendReads,
  base: string,
): Promise<Map<string, ReadList>> {
  const paths = [...new Set(listPaths)];
  const lists = await readAll(
    paths.map((path) => (isExpandedOnly(path) ? expanded(path) : collection(path, base, LIST_PAGES_MAX))),
    send,
  );
  return new Map(lists.map((list, i) => [paths[i] ?? '', listOf(list)]));
}

/** Of a kind whose lists Graph shows with their policies only. */
function isExpandedOnly(path: string): boolean {
  const [, , name = ''] = path.split('/');
  return kindOfCollection(name)?.ownList === 'expanded';
}

/** A list that is read with its policy, which must not show a part of it. */
function expanded(path: string): Reading<Collection> {
  return {
    next: `${path.slice(0, path.lastIndexOf('/'))}?$expand=assignments&$select=id`,
    take(body) {
      const items = isJsonObject(body) ? body['assignments'] : undefined;
      const isCut = isJsonObject(body) && (body['assignments@odata.nextLink'] ?? null) !== null;
      return Array.isArray(items) && !isCut
        ? { kind: 'all', items: items as unknown[] }
        : { kind: 'unreadable', why: 'the policy is shown without all its assignments' };
    },
  };
}

function listOf(list: Collection | NotRead | Unreadable): ReadList {
  if (list.kind === 'unreadable') return incomplete(list.why, list.code);
  if (list.kind !== 'all') return list;
  const assignments = currentAssignmentsIn(list.items);
  return assignments === undefined
    ? incomplete('an entry of the list has no id or no target')
    : { kind: 'list', assignments };
}

const incomplete = (what: string, code = 'ReadIncomplete'): ReadList => ({
  kind: 'refused',
  status: 200,
  error: { code, message: `The policy's assignments could not be read: ${what}.` },
});
