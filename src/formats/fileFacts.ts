import type { ColumnNames, InputColumn } from '../assignments/rows/columns.ts';
import type { PassedOver, StatedAction, TakenFor } from '../assignments/rows/takenFor.ts';

/** How a file is to be read. */
export interface ReadingOptions {
  /** What its columns are called. */
  readonly nameOf: ColumnNames;
  /** What is done with what a file of another tool lists; undefined: as its kind of file is mostly meant. */
  readonly action: StatedAction | undefined;
}

/** What a reader finds out about its file on the way. */
export class FileFacts {
  /** The input columns, in the order in which they were met. */
  readonly columns = new Set<InputColumn>();
  readonly #passedOver = new Map<PassedOver, number>();
  #tool: Omit<TakenFor, 'passedOver'> | undefined;

  /** The file is of another tool. What the first row that asks for something says counts for all. */
  takeFor(is: string, action: TakenFor['action']): void {
    if (this.#tool?.action === undefined) this.#tool = { is, action };
  }

  passOver(because: PassedOver): void {
    this.#passedOver.set(because, (this.#passedOver.get(because) ?? 0) + 1);
  }

  get takenFor(): TakenFor | undefined {
    return this.#tool && { ...this.#tool, passedOver: this.#passedOver };
  }
}
