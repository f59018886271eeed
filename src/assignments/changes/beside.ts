import type { PolicyKind } from '../kinds/registry.ts';
import type { JsonObject } from '../values/json.ts';
import type { CurrentAssignment } from './current.ts';
import { entryAfter } from './entryAfter.ts';
import { NOT_TAKEN, refused, type RowStep } from './steps.ts';
import type { Change } from '../rows/change.ts';

interface ListSteps {
  readonly steps: RowStep[];
  readonly changes: readonly Change[];
  readonly list: readonly CurrentAssignment[];
}

/**
 * Refuses each row that would bring what its kind can't have beside the rest of the list. What is there counts, also where a row takes it
 * away: what is new comes before what is old goes.
 */
export function refuseWhatCannotBeBeside(
  { notBeside }: Pick<PolicyKind, 'notBeside'>,
  { steps, changes, list }: ListSteps,
): void {
  if (notBeside === undefined) return;
  const brought = steps.map((step, at) => broughtBy(step, changes[at]));
  const there = list.map(({ whole }): JsonObject => whole);
  const all = [...there, ...brought.flatMap((each): JsonObject[] => (each ? [each.entry] : []))];
  for (const [at, row] of brought.entries()) {
    if (row === undefined) continue;
    const { entry, over } = row;
    // What was so before is nobody's fault.
    const others = all.filter((other) => over === undefined || notBeside(over, other) === undefined);
    const why = others.map((other) => notBeside(entry, other)).find((each) => each !== undefined);
    if (why !== undefined) steps[at] = refused(NOT_TAKEN, why);
  }
}

const broughtBy = (
  step: RowStep,
  change: Change | undefined,
): { readonly entry: JsonObject; readonly over: JsonObject | undefined } | undefined =>
  step.kind === 'put' && change?.desired !== undefined
    ? { entry: entryAfter(change, step.over, step.body), over: step.over?.whole }
    : undefined;
