import { policyShiftsOf, type PartTargets, type Shift } from '../../assignments/guard/audience.ts';
import type { Members } from '../../assignments/guard/members.ts';

/** A group that gains or loses policies, and how many it has. */
export interface AudienceChange extends Members {
  readonly groupId: string;
  /** Undefined: it may not be read. */
  readonly groupName: string | undefined;
  /** Policies. */
  readonly gains: number;
  readonly loses: number;
}

export interface AudiencesCounted {
  readonly changes: readonly AudienceChange[];
  /** Groups that gain or lose policies besides, and were not asked for. */
  readonly uncounted: number;
}

/** What is known of a group that was counted. */
export interface CountedGroup {
  readonly members: Members | undefined;
  readonly name: string | undefined;
}

/** Gathers which groups gain and lose policies, list by list. */
export class Audiences {
  readonly #shifts = new Map<string, Record<Shift, number>>();

  /** @param parts of one policy */
  add(parts: readonly PartTargets[]): void {
    for (const [group, shift] of policyShiftsOf(parts)) {
      const counted = this.#shifts.get(group) ?? { gains: 0, loses: 0 };
      counted[shift] += 1;
      this.#shifts.set(group, counted);
    }
  }

  /** The groups that gain or lose any policy, those first that do most. */
  get groups(): readonly string[] {
    const policiesOf = ({ gains, loses }: Record<Shift, number>): number => gains + loses;
    return [...this.#shifts]
      .toSorted(([, a], [, b]) => policiesOf(b) - policiesOf(a))
      .map(([group]) => group);
  }

  /** Those of groups that were counted, the largest first. */
  changes(groupOf: (id: string) => CountedGroup): readonly AudienceChange[] {
    return [...this.#shifts]
      .flatMap(([groupId, shifts]): AudienceChange[] => {
        const { members, name } = groupOf(groupId);
        return members === undefined ? [] : [{ groupId, groupName: name, ...members, ...shifts }];
      })
      .toSorted((a, b) => sizeOf(b) - sizeOf(a));
  }
}

const sizeOf = ({ users, devices, gains, loses }: AudienceChange): number =>
  (users + devices) * (gains + loses);
