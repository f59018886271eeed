import type { PolicyKind } from '../kinds/registry.ts';
import type { CurrentAssignment } from './current.ts';
import { findCurrent } from './findCurrent.ts';
import { UNREAD } from './fingerprint.ts';
import { holds } from './holds.ts';
import type { ListRow, RowStep } from './steps.ts';

/** As in BatchRow. */
interface OwnRow extends ListRow {
  readonly planned?: string | undefined;
  readonly plannedRefusal?: string | undefined;
  readonly attempts?: number;
}

/** A row of a list whose assignments come and go by themselves. */
interface RowOfList {
  readonly row: OwnRow;
  readonly isDone: boolean;
  /** Undefined: it is settled, or says what another says. */
  readonly step: RowStep | undefined;
}

interface ListTerms {
  readonly list: readonly CurrentAssignment[];
  readonly identity: PolicyKind['identity'];
  readonly restores: boolean | undefined;
}

/**
 * A list without what rows of it want and have brought already, while their old assignment has yet to go: it is not in their way. A row has
 * brought it when it was sent; or a row that is done has left it to this one; or it came after the plan, as when Redis has lost what it
 * recorded last: had it been there, the plan would have seen the row refused.
 */
export function besidesOurs(
  rows: readonly RowOfList[],
  { list, identity, restores = false }: ListTerms,
): readonly CurrentAssignment[] {
  const abouts = rows.map(({ row }) => findCurrent(row.change, list).current);
  const left = new Set<string>();
  const claimed = new Set<string>();
  for (const [at, current] of abouts.entries()) {
    const { row: { change } = {}, isDone } = rows[at] ?? {};
    if (current === undefined || change === undefined) continue;
    const staysAsDesired = change.desired !== undefined && holds(change, current);
    if (isDone && !staysAsDesired) left.add(identity(current.whole));
    else claimed.add(identity(current.whole));
  }
  const ours = new Set(
    rows.flatMap(({ row, step }) => {
      if (step?.kind !== 'put' || step.over === undefined) return [];
      const desired = identity(step.body);
      const wasSent = (row.attempts ?? 0) > 0 || row.before !== undefined || restores;
      const cameSince = wasPlanned(row) && !claimed.has(desired);
      return wasSent || left.has(desired) || cameSince ? [desired] : [];
    }),
  );
  const leaving = new Set(rows.map(({ step }) => (step?.kind === 'put' ? step.over : undefined)));
  return list.filter((each) => leaving.has(each) || !ours.has(identity(each.whole)));
}

/** Whether a plan that had read the list saw nothing in the way of a row. */
const wasPlanned = ({ planned, plannedRefusal }: OwnRow): boolean =>
  planned !== undefined && planned !== UNREAD && plannedRefusal === undefined;
