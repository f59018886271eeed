import { GROUP_AND_FILTER_PAIRS } from '../names/namePairs.ts';
import type { InputColumn } from './columns.ts';
import { FROM_COLUMNS } from './fromTarget.ts';
import type { InputRow } from './row.ts';
import { NEEDS_BETA, type RowReader } from './rowReader.ts';
import { TARGET_COLUMNS } from '../targets/target.ts';
import { EXTRA_COLUMNS } from './desired.ts';

export const ACTIONS = ['set', 'add', 'remove', 'clear'] as const;
/** What is done to a policy's list. All but `set` need the whole list, so they go by `assign`. */
export type Action = (typeof ACTIONS)[number];

/** What the row of a policy says that nobody is assigned to: it is there to be seen, and to be made another row of. */
export const NO_ACTION = 'none';

/** The columns that say what is wanted. */
const WISH_COLUMNS = [
  ...['targetType', ...TARGET_COLUMNS, 'filterId', 'filterType', ...EXTRA_COLUMNS],
  ...['target', 'body'],
] as readonly InputColumn[];

/** What a row that asks for nothing leaves blank. */
const SAYING_COLUMNS: readonly InputColumn[] = [
  ...WISH_COLUMNS,
  ...(['assignmentId', ...FROM_COLUMNS] as const),
  ...GROUP_AND_FILTER_PAIRS.map(({ name }) => name),
];

const saysNone = (value: unknown): boolean =>
  typeof value === 'string' && value.trim().toLowerCase() === NO_ACTION;

/** Whether a row says nothing but that a policy is there. With a target beside it nobody can tell what is meant: that is a problem. */
export const asksForNothing = ({ cells }: InputRow): boolean =>
  saysNone(cells.get('action')) && !SAYING_COLUMNS.some((column) => cells.has(column));

/** The action of a row, `set` when none is written; undefined when it can't be read. */
export function readAction(reader: RowReader): Action | undefined {
  if (!reader.has('action')) return 'set';
  if (saysNone(reader.row.cells.get('action')))
    return reader.problem(
      'action',
      'The action none asks for nothing, and this row says more.',
      'Write add to assign the policy to what the row names, or leave all blank but the columns of the policy.',
    );
  const action = reader.choice('action', ACTIONS);
  if (action === undefined || action === 'set') return action;
  if (reader.rules.blind) {
    const remedy = 'Run without --blind, or leave action blank and name the assignment by its assignmentId.';
    return reader.problem('action', `The action ${action} needs a look at the policy's list first.`, remedy);
  }
  if (reader.rules.apiVersion === 'v1.0') {
    const message = `The action ${action} needs the beta API: v1.0 hides filters, and the list would be written back without.`;
    return reader.problem('action', message, NEEDS_BETA);
  }
  return action;
}

/**
 * `remove` and `clear` want nothing: a target beside them would be taken for what is to be removed, and it is not.
 * @param but columns that say something else in this row
 */
export function refuseDesired(
  reader: RowReader,
  action: 'remove' | 'clear',
  but: readonly InputColumn[] = [],
): void {
  const remedy = {
    remove:
      'Name what is to be removed by assignmentId, or by fromTargetType and fromGroupId; beside these targetType and what it takes may say what is expected there.',
    clear: 'Leave it blank: clear removes all that the policy has and that no other row is about.',
  }[action];
  for (const column of WISH_COLUMNS) {
    if (reader.has(column) && !but.includes(column))
      reader.problem(column, `The action ${action} takes no ${column}, which says what is wanted.`, remedy);
  }
}
