import { budgetAfterThrottle, budgetAtPermit, fullBudget, type BudgetState } from './budgetModel.ts';
import { LEARNING } from '../../src/runs/learning.ts';
import type { PermitAnswer, LimiterPolicy, Settlement } from '../../src/runs/permit.ts';

/**
 * What the pure policy makes of a history, told beside the scripts, with books of its own. `against` holds its budget
 * against what Redis keeps.
 */
export class LimiterTwin {
  /** Nothing is learned before the first 429. */
  #state: BudgetState | undefined;
  #accepted: { ends: number; n: number }[] = [];

  /** The budget that a leave asked for now is given from. */
  budget({ limit }: LimiterPolicy): number {
    return this.#state?.budget ?? limit;
  }

  left(answer: PermitAnswer, policy: LimiterPolicy, books: Readonly<Record<string, string>>): void {
    // The others end before the budget is looked at.
    const isRead =
      answer.kind === 'granted' || (answer.kind === 'wait' && ['spacing', 'budget'].includes(answer.reason));
    if (!isRead || this.#state === undefined) return;
    const { windowMs, limit } = policy;
    const { now } = answer;
    const backoffEnd = Math.min(now, Number(books['backoffUntil'] ?? 0));
    this.#state = budgetAtPermit(this.#state, limit, windowMs, now, {
      beforeBackoffEnded: this.#acceptedSince(Math.round(backoffEnd - LEARNING.justBeforeWindows * windowMs)),
      lately: this.#acceptedSince(Math.round(now - (LEARNING.stepWindows - 1) * windowMs)),
    });
  }

  recorded(
    { accepted, throttled, chargeEnd }: Pick<Settlement, 'accepted' | 'throttled' | 'chargeEnd'>,
    policy: LimiterPolicy,
    now: number,
    books: Readonly<Record<string, string>>,
  ): void {
    const step = Math.max(1, Math.floor(policy.windowMs / 1000));
    const ends = Math.ceil((now + policy.windowMs + 1) / step) * step;
    if (accepted > 0) this.#accepted.push({ ends, n: accepted });
    // What went before its time and was refused says nothing of how many writes a window takes.
    if (throttled === 0 || chargeEnd <= Number(books['earlyEnds'] ?? 0)) return;
    const state = this.#state ?? fullBudget(policy.limit, now);
    this.#state = budgetAfterThrottle(state, this.#acceptedSince(now), accepted);
  }

  /** Nobody knows any more what was when. */
  distrusted(now: number): void {
    this.#accepted = [];
    if (this.#state) this.#state = { ...this.#state, stepAt: now, quiet: 0 };
  }

  /** What differs, in words; nothing when both are of one mind. */
  against(books: Readonly<Record<string, string>>): string[] {
    const kept = books['budget'] === undefined ? undefined : keptBudget(books);
    const [here, there] = [JSON.stringify(this.#state), JSON.stringify(kept)];
    return here === there ? [] : [`Redis keeps ${there}, the policy says ${here}`];
  }

  #acceptedSince(moment: number): number {
    return this.#accepted.reduce((sum, { ends, n }) => (ends > moment ? sum + n : sum), 0);
  }
}

const keptBudget = (books: Readonly<Record<string, string>>): BudgetState => ({
  budget: Number(books['budget']),
  base: Number(books['base']),
  quietWindows: Number(books['quietWindows']),
  probe: Number(books['probe']),
  stepAt: Number(books['stepAt']),
  quiet: Number(books['quiet']),
  isCutDue: books['cutDue'] === '1',
  estimate: Number(books['estimate']),
});
