import type { Action } from './action.ts';

/** What is done with an assignment that a file of another tool says is there. */
export const STATED_ACTIONS = ['add', 'set', 'remove'] as const satisfies readonly Action[];
export type StatedAction = (typeof STATED_ACTIONS)[number];

/** Why a row of another tool asks for nothing. */
export type PassedOver = 'unassigned' | 'repeated' | 'ofPolicySet';

/** What a file of another tool was taken for. */
export interface TakenFor {
  /** In a sentence: "The file is …". */
  readonly is: string;
  /** What is done with what it lists; `setById`: each assignment by its own id; undefined: its rows say it. */
  readonly action: StatedAction | 'setById' | undefined;
  readonly passedOver: ReadonlyMap<PassedOver, number>;
}
