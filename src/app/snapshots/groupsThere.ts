import { everybodyOf } from '../../assignments/values/guid.ts';
import { groupNames } from '../../graph/reads/groupNames.ts';
import { readGroups } from '../../graph/reads/groups.ts';
import type { SendReads } from '../../graph/reads/reading.ts';

/** What groups are called now, and which are gone; each is asked for once, and by itself only what its name did not show. */
export class GroupsThere {
  readonly #send: SendReads;
  /** By ids in lower case. */
  readonly #names = new Map<string, string>();
  readonly #asked = new Set<string>();
  readonly #isGone = new Map<string, boolean>();

  constructor(send: SendReads) {
    this.#send = send;
  }

  /**
   * @param named groups whose names are wanted
   * @param needed those among them that must be there
   */
  async learn({ named, needed }: Readonly<Record<'named' | 'needed', readonly string[]>>): Promise<void> {
    const unasked = distinct(named).filter((id) => !this.#asked.has(id));
    for (const id of unasked) this.#asked.add(id);
    for (const [id, name] of unasked.length > 0 ? await groupNames(unasked, this.#send) : [])
      this.#names.set(id, name);
    const unseen = distinct(needed).filter(
      (id) => !this.#isGone.has(id) && !this.#names.has(id) && everybodyOf(id) === undefined,
    );
    if (unseen.length === 0) return;
    const factOf = await readGroups(unseen, this.#send);
    for (const id of unseen) this.#isGone.set(id, factOf(id).kind === 'missing');
  }

  nameOf(groupId: string): string | undefined {
    return this.#names.get(groupId.toLowerCase());
  }

  /** One that may not be read is not known to be gone. */
  isGone(groupId: string): boolean {
    return this.#isGone.get(groupId.toLowerCase()) === true;
  }
}

const distinct = (ids: readonly string[]): readonly string[] => [
  ...new Set(ids.map((id) => id.toLowerCase())),
];
