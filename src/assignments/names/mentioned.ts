import type { Decision } from '../changes/decision.ts';
import { entriesOf } from '../changes/decision.ts';
import { patchBody } from '../changes/request.ts';
import { groupOf, targetIn } from '../targets/currentTarget.ts';
import { filterOf } from '../targets/filter.ts';
import { everybodyOf } from '../values/guid.ts';
import type { JsonObject } from '../values/json.ts';

/** Groups that are called by their names: a plan of more has names for the first of them. */
const GROUPS_MAX = 5_000;

/** The groups and filters that rows find, bring or want, by their ids in lower case. */
export class Mentioned {
  readonly groups = new Set<string>();
  readonly filters = new Set<string>();

  add({ row: { change }, before, after }: Pick<Decision, 'row' | 'before' | 'after'>): void {
    for (const { target } of entriesOf(before)) this.#add(target);
    const body = after ?? (change.desired && patchBody(change, undefined));
    if (body !== undefined) this.#add(targetIn(body));
    const { from } = change;
    if (from !== undefined && 'groupId' in from.target) this.#addGroup(String(from.target.groupId));
  }

  #add(target: JsonObject): void {
    const group = groupOf(target);
    if (group !== undefined) this.#addGroup(group);
    const filter = filterOf(target);
    if (filter !== undefined) this.filters.add(filter.id.toLowerCase());
  }

  #addGroup(id: string): void {
    if (this.groups.size < GROUPS_MAX && everybodyOf(id) === undefined) this.groups.add(id.toLowerCase());
  }
}
