import type { ExtraColumn } from '../rows/desired.ts';

/** What a kind, or one of its policies, does not take: where a row says it, and two sentences. */
export interface Refusal {
  readonly about: 'targetType' | 'filterId' | ExtraColumn | 'policyId';
  readonly message: string;
  readonly remedy: string;
}
