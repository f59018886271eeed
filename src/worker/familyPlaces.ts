import type { Family } from '../assignments/kinds/family.ts';

/**
 * The places of one worker: so many for each family, so that batches which wait for one limiter keep none that another's could go on
 * with. Told which families have something to do, it says how many jobs are taken at a time.
 */
export class FamilyPlaces {
  readonly #each: number;
  readonly #taken = new Map<Family, number>();
  #expected: readonly Family[] = [];

  constructor(each: number) {
    this.#each = each;
  }

  expect(families: readonly Family[]): void {
    this.#expected = families;
  }

  /** False when the family has all of its places: the job has to be given back. */
  take(family: Family): boolean {
    const taken = this.#taken.get(family) ?? 0;
    if (taken >= this.#each) return false;
    this.#taken.set(family, taken + 1);
    return true;
  }

  release(family: Family): void {
    const left = (this.#taken.get(family) ?? 0) - 1;
    if (left > 0) this.#taken.set(family, left);
    else this.#taken.delete(family);
  }

  get jobs(): number {
    return this.#each * Math.max(1, new Set([...this.#expected, ...this.#taken.keys()]).size);
  }
}
