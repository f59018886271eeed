import type { Found, Named } from '../../assignments/names/nameTable.ts';
import { filterIn, groupIn, notFound, type NotReadable } from '../../assignments/names/resolve.ts';
import { everybodyOf, isGuid } from '../../assignments/values/guid.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { SendReads } from '../../graph/reads/reading.ts';
import { fileRules } from '../export.ts';
import { policyListsOf } from '../policyListsOf.ts';
import type { Services } from '../services.ts';
import { readTenantNames } from './tenantNames.ts';

/** Groups and filters that were asked for by name or id, by their ids in lower case. */
export interface AskedIds {
  readonly groups: ReadonlyMap<string, string>;
  readonly filters: ReadonlyMap<string, string>;
}

/**
 * Finds what names outside of a file mean.
 * @throws UserError (exit 2) for a name that nobody has, or several have; for an id that stands for everybody
 */
export async function askedIds(
  asked: { readonly groups: readonly string[]; readonly filters: readonly string[] },
  send: SendReads,
  services: Services,
): Promise<AskedIds> {
  const isName = (written: string): boolean => !isGuid(written);
  const named = { groups: asked.groups.filter(isName), filters: asked.filters.filter(isName) };
  const needed = { policies: [], kinds: [], policyIds: [], ...named };
  const rules = fileRules(services);
  const lists = policyListsOf(`${rules.root}/${rules.apiVersion}`, services);
  const names = await readTenantNames(needed, rules, { lists, send }, services);
  const idIn = <T extends Named>(
    written: string,
    found: Found<T> | NotReadable,
    what: Parameters<typeof notFound<T>>[2],
  ): string => {
    if (found.kind !== 'one') throw noId(written, found, what);
    if (found.isFolded) services.events.emit('foldedName', written, found.found.name);
    return found.found.id.toLowerCase();
  };
  const { filters } = names;
  return {
    groups: byWritten(asked.groups, (written) =>
      groupOnly(
        isName(written) ? idIn(written, names.group(written), groupIn('the group')) : written.toLowerCase(),
      ),
    ),
    filters: byWritten(asked.filters, (written) =>
      isName(written)
        ? idIn(written, 'kind' in filters ? filters : filters.find(written), filterIn('the filter'))
        : written.toLowerCase(),
    ),
  };
}

const byWritten = (
  written: readonly string[],
  idOf: (written: string) => string,
): ReadonlyMap<string, string> => new Map([...new Set(written)].map((each) => [each, idOf(each)]));

function noId<T extends Named>(
  written: string,
  found: Exclude<Found<T>, { kind: 'one' }> | NotReadable,
  what: Parameters<typeof notFound<T>>[2],
): UserError {
  const { message, remedy } = notFound(written, found, what);
  return new UserError(message, {
    // Of names in a file it speaks of columns.
    remedy: found.kind === 'notReadable' ? `Write its id in the place of the name ${written}.` : remedy,
    exitCode: EXIT.badInput,
  });
}

function groupOnly(id: string): string {
  const everybody = everybodyOf(id);
  if (everybody === undefined) return id;
  throw new UserError(`${id} is no group: it stands for ${everybody}.`, {
    remedy: 'Write the name or the id of a group.',
    exitCode: EXIT.badInput,
  });
}
