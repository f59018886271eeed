import type { PolicyKind } from '../kinds/registry.ts';
import { isExclusion, targetIn } from '../targets/currentTarget.ts';
import type { CurrentAssignment } from './current.ts';
import type { Before, HalfDone } from './decision.ts';
import { refused, type RowStep } from './steps.ts';

/**
 * The next request of a row of a kind whose assignments are added by POST and taken away by DELETE, each by itself. A row that retargets
 * is two of them: the new one comes first, so that no policy ever has neither, and the old one goes once a read has shown the new one.
 * What is left to be done follows from the list, so that a crash, a retry and a rollback go on wherever it stands.
 */
export type NextWrite =
  | { readonly via: 'post'; readonly isLast: boolean }
  | {
      readonly via: 'delete';
      readonly entry: CurrentAssignment;
      readonly isLast: boolean;
      readonly halfDone: HalfDone | undefined;
    };

/** What is known of a list beside the row. */
export interface ListBesides {
  readonly list: readonly CurrentAssignment[];
  readonly identity: PolicyKind['identity'];
  /** The identities that other rows want to be there, or that are there by them. */
  readonly wanted: ReadonlySet<string>;
  /** What the row has taken away so far, and what it was about to. */
  readonly before: Before | undefined;
}

/** Undefined where nothing is left to be done, or the row writes nothing. */
export function nextWrite(step: RowStep | undefined, besides: ListBesides): NextWrite | undefined {
  const { list, identity, wanted, before } = besides;
  const isLeft = ({ whole }: CurrentAssignment): boolean => !wanted.has(identity(whole));
  switch (step?.kind) {
    case 'put': {
      const desired = identity(step.body);
      const { over } = step;
      const old = over !== undefined && identity(over.whole) !== desired && isLeft(over) ? over : undefined;
      if (!list.some(({ whole }) => identity(whole) === desired))
        return { via: 'post', isLast: old === undefined };
      return old && { via: 'delete', entry: old, isLast: true, halfDone: 'newIsThere' };
    }
    case 'take': {
      const [entry, ...others] = step.away.filter(isLeft);
      const halfDone = hasTakenSome(step.away, before) ? 'someAreGone' : undefined;
      return entry && { via: 'delete', entry, isLast: others.length === 0, halfDone };
    }
    default:
      return undefined;
  }
}

/** Whether something that a row has begun to clear is gone by now. */
function hasTakenSome(away: readonly CurrentAssignment[], before: Before | undefined): boolean {
  if (before?.kind !== 'entries') return false;
  const left = new Set(away.map(({ id }) => id));
  return before.entries.some(({ id }) => !left.has(id));
}

/** Within a policy exclusions come first, and go last; between them what is new comes before what is old goes. */
export function stageOf(step: RowStep | undefined, next: NextWrite): number {
  if (next.via === 'delete') return isExclusion(next.entry.target) ? 3 : 2;
  return step?.kind === 'put' && isExclusion(targetIn(step.body)) ? 0 : 1;
}

/** There is no request that changes an assignment where it is. */
export const NOT_IN_PLACE: RowStep = refused(
  'NotTaken',
  'An assignment of this kind can only be added or removed, not changed for the target that it has; nothing was written.',
);

/** Whether a step would change an assignment where it is. */
export const isInPlace = (step: RowStep, identity: PolicyKind['identity']): boolean =>
  step.kind === 'put' && step.over !== undefined && identity(step.over.whole) === identity(step.body);
