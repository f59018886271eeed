import { listPath } from '../../assignments/kinds/address.ts';
import type { Written } from './writtenRows.ts';

/**
 * What a run has written, without the policies that a newer one of those to be taken back has written as well: what is there of them now
 * tells nothing until that has been taken back.
 */
export class Independent {
  /** Lists that the runs so far have written. */
  readonly #lists = new Set<string>();

  /** To be called from the newest run on. `waiting` counts the rows that are left out, when all rows were read. */
  of(written: Written): { readonly written: Written; waiting(): number } {
    const newer = new Set(this.#lists);
    const lists = this.#lists;
    let waiting = 0;
    async function* batches(): ReturnType<Written['batches']> {
      for await (const rows of written.batches()) {
        const free = rows.filter(({ change }) => !newer.has(listPath(change.address)));
        for (const { change } of rows) lists.add(listPath(change.address));
        waiting += rows.length - free.length;
        if (free.length > 0) yield free;
      }
    }
    return { written: { ...written, batches }, waiting: () => waiting };
  }
}
