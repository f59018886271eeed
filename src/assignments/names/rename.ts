import type { InputColumn } from '../rows/columns.ts';
import type { InputRow } from '../rows/row.ts';
import { isGuid } from '../values/guid.ts';
import { foldedName } from './nameTable.ts';

export const RENAMED = ['policy', 'group', 'filter'] as const;

/** What something is called or known by in a file, and what in this tenant: names or ids. */
export interface Renaming {
  /** Undefined: whatever is called so. */
  readonly of: (typeof RENAMED)[number] | undefined;
  readonly from: string;
  readonly to: string;
}

/** The columns in which a thing stands. */
const PLACES: readonly {
  readonly of: (typeof RENAMED)[number];
  readonly name: InputColumn;
  readonly id: InputColumn;
}[] = [
  { of: 'policy', name: 'policyName', id: 'policyId' },
  { of: 'group', name: 'groupName', id: 'groupId' },
  { of: 'group', name: 'fromGroupName', id: 'fromGroupId' },
  { of: 'filter', name: 'filterName', id: 'filterId' },
  { of: 'filter', name: 'fromFilterName', id: 'fromFilterId' },
];

/**
 * Puts other names and ids into rows, each once: what is renamed to is not renamed again. An id goes before the name beside it, and
 * takes it along, as both would not agree any more.
 */
export class Renames {
  readonly #by = new Map<string, string>();

  constructor(renamings: readonly Renaming[]) {
    for (const { of, from, to } of renamings)
      for (const each of of === undefined ? RENAMED : [of]) this.#by.set(`${each} ${foldedName(from)}`, to);
  }

  renamed(row: InputRow): InputRow {
    const cells = new Map(row.cells);
    const renamed = new Map<InputColumn, string>();
    for (const { of, name, id } of PLACES) {
      const to = this.toOf(of, row.cells.get(id), row.cells.get(name));
      if (to === undefined) continue;
      cells.delete(id);
      cells.delete(name);
      const column = isGuid(to) ? id : name;
      cells.set(column, to);
      renamed.set(column, String(row.cells.get(name) ?? row.cells.get(id)));
      // An assignment's id is of the policy that was renamed.
      if (of === 'policy') cells.delete('assignmentId');
    }
    return renamed.size === 0 ? row : { ...row, cells, renamed };
  }

  /** What something is called or known by instead, by its id or else by its name; undefined: it keeps both. */
  toOf(of: (typeof RENAMED)[number], id: unknown, name: unknown): string | undefined {
    return this.#toOf(of, id) ?? this.#toOf(of, name);
  }

  #toOf(of: string, written: unknown): string | undefined {
    return typeof written === 'string' ? this.#by.get(`${of} ${foldedName(written)}`) : undefined;
  }
}
