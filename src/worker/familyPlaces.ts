import type { Family } from '../assignments/kinds/family.ts';

/**
 * The places of one worker: so many for each family, so that batches which wait for one limiter keep none that another's could go on
 * with. Told which families have something to do, it says how many jobs are taken at a time.
 */
export class FamilyPlaces {
  readonly #each: number;
  readonly #taken = new Map<Family, number>();
  /** Jobs that found no place, by their ids. */
  readonly #waiting = new Map<Family, Map<string, () => void>>();
  #expected: readonly Family[] = [];

  constructor(each: number) {
    this.#each = each;
  }

  expect(families: readonly Family[]): void {
    this.#expected = families;
  }

  /** False when the family has all of its places: the job has to be given back. */
  take(family: Family, job: string): boolean {
    if (this.#isFull(family)) return false;
    this.#waiting.get(family)?.delete(job);
    this.#taken.set(family, (this.#taken.get(family) ?? 0) + 1);
    return true;
  }

  /** Calls a job back that was given back, as soon as a place is free, which may be so by now. */
  whenFree(family: Family, job: string, comeBack: () => void): void {
    if (!this.#isFull(family)) return comeBack();
    const waiting = this.#waiting.get(family) ?? new Map<string, () => void>();
    this.#waiting.set(family, waiting.set(job, comeBack));
  }

  release(family: Family): void {
    const left = (this.#taken.get(family) ?? 0) - 1;
    if (left > 0) this.#taken.set(family, left);
    else this.#taken.delete(family);
    const waiting = this.#waiting.get(family);
    for (const [job, comeBack] of waiting ?? []) {
      waiting?.delete(job);
      return comeBack();
    }
  }

  #isFull(family: Family): boolean {
    return (this.#taken.get(family) ?? 0) >= this.#each;
  }

  get jobs(): number {
    return this.#each * Math.max(1, new Set([...this.#expected, ...this.#taken.keys()]).size);
  }
}
