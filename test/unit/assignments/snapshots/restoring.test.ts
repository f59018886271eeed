import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { currentAssignmentOf, type CurrentAssignment } from '../../../../src/assignments/changes/current.ts';
import { deviceConfiguration as kind } from '../../../../src/assignments/kinds/deviceConfiguration.ts';
import { listChanges } from '../../../../src/assignments/snapshots/listChanges.ts';
import { ownerOf } from '../../../../src/assignments/snapshots/owner.ts';
import { restoringCells, restoringOf } from '../../../../src/assignments/snapshots/restoring.ts';
import { parsedExactly } from '../../../../src/assignments/values/exactJson.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { allDevices, current, excluded, filter, group, unheardOf } from '../../../support/graphShapes.ts';

const address = { kind, policyId: 'P1', via: [], viaId: '', assignmentId: '' };
const policySet = { source: 'policySets', sourceId: 's1' };

/** As in `set A1`, `remove A2`, `add A3`, and what is left alone: `kept A4`. */
function stepsFor(then: readonly CurrentAssignment[], now: readonly CurrentAssignment[]): string[] {
  const { inverses, left } = restoringOf(kind, then, now);
  return [
    ...inverses.map(
      (inverse) => `${inverse.action} ${(inverse.action === 'add' ? inverse.was : inverse.current).id}`,
    ),
    ...left.map(({ why, assignment }) => `${why} ${assignment.id}`),
  ];
}

describe('a list is brought back', () => {
  test('by nothing when it is as it was, whatever its order, its ids and the spelling of ids', () => {
    const then = [current(group('g1'), {}, 'A1'), current(excluded('g2'), {}, 'A2')];
    const now = [current(excluded('G2'), {}, 'B2'), current(group('g1'), {}, 'B1')];
    expect(stepsFor(then, now)).toEqual([]);
  });

  test('by adding what is missing, removing what has come, and setting what has changed in its place', () => {
    const then = [current(group('g1', filter('f1')), {}, 'A1'), current(allDevices(), {}, 'A2')];
    const now = [current(group('g1', filter('f2')), {}, 'A1'), current(group('g3'), {}, 'A3')];
    expect(stepsFor(then, now)).toEqual(['set A1', 'remove A3', 'add A2']);
  });

  test('by removing all of it where the policy was unassigned', () => {
    const now = [current(group('g1'), {}, 'A1'), current(unheardOf, {}, 'A2')];
    expect(stepsFor([], now)).toEqual(['remove A1', 'remove A2']);
  });

  test('by one removal where a second entry of a group has come, whichever of the two stands first', () => {
    const then = [current(group('g1', filter('f1')), {}, 'A1')];
    const two = [current(group('g1'), {}, 'B1'), current(group('g1', filter('f1')), {}, 'B2')];
    expect(stepsFor(then, two)).toEqual(['remove B1']);
    expect(stepsFor(then, two.toReversed())).toEqual(['remove B1']);
  });

  test('by setting back what has become another one under its id, also an exclusion that was an inclusion', () => {
    expect(stepsFor([current(group('g1'), {}, 'A1')], [current(excluded('g1'), {}, 'A1')])).toEqual([
      'set A1',
    ]);
    const then = [current(group('g1'), {}, 'A1'), current(group('g2'), {}, 'A2')];
    const now = [current(group('g2', filter('f1')), {}, 'A1'), current(group('g3'), {}, 'A2')];
    // g2 stands in its place, whatever id it has now.
    expect(stepsFor(then, now)).toEqual(['set A1', 'remove A2', 'add A1']);
  });
});

describe('what a policy set or a deployment assigns', () => {
  const direct = current(group('g1'), { source: 'direct' }, 'A1');
  const owned = current(group('g1'), policySet, 'A1');

  test('is never removed', () => {
    expect(stepsFor([], [owned])).toEqual(['kept A1']);
    const deployed = { ...direct.whole, source: 'direct', deploymentId: 'd1' };
    expect(stepsFor([], [entry(deployed)])).toEqual(['kept A1']);
    expect(stepsFor([], [current(group('g1'), { source: 'somethingNew' }, 'A1')])).toEqual(['kept A1']);
  });

  test('is never added, and nothing is added beside it', () => {
    expect(stepsFor([owned], [])).toEqual(['lost A1']);
    expect(stepsFor([direct], [owned])).toEqual(['kept A1']);
    const moved = current(group('g2'), {}, 'A1');
    expect(stepsFor([direct], [{ ...owned, id: 'S1' }, moved])).toEqual(['remove A1', 'kept S1']);
  });

  test('is not taken away where somebody assigns it directly since', () => {
    expect(stepsFor([owned], [direct])).toEqual(['standsIn A1']);
  });

  test('stands beside what goes back where both were there', () => {
    const both = [owned, { ...direct, id: 'A2' }];
    expect(stepsFor(both, [owned])).toEqual(['add A2']);
  });

  test('is told by its own type, which an Autopilot profile is not', () => {
    const typed = (type: string) =>
      ownerOf(entry({ ...direct.whole, '@odata.type': `#microsoft.graph.${type}` }));
    expect(typed('deviceAndAppManagementPayloadDeploymentAssignment')).toBe('deployment');
    expect(typed('windowsAutopilotDeploymentProfileAssignment')).toBeUndefined();
  });
});

describe('a row that sets', () => {
  const bodyOf = (was: JsonObject, is: JsonObject): unknown => {
    const { inverses } = restoringOf(
      kind,
      [current(group('g1'), was, 'A1')],
      [current(group('g1'), is, 'A1')],
    );
    const [inverse] = inverses;
    return inverse && JSON.parse(restoringCells(inverse, address, 'beta').get('body') ?? '');
  };

  test('says what this program has never heard of where it differs, and blanks what was blank', () => {
    expect(bodyOf({ weight: 5, note: 'x' }, { weight: 7, note: 'x', fresh: true })).toEqual({
      '@odata.type': '#microsoft.graph.deviceConfigurationAssignment',
      target: group('g1', filter(undefined)),
      weight: 5,
      fresh: null,
    });
  });

  test('keeps numbers that JavaScript would round', () => {
    const was = entry(
      parsedExactly(`{"id":"A1","target":${JSON.stringify(group('g1'))},"n":12345678901234567891}`),
    );
    const { inverses } = restoringOf(kind, [was], [current(group('g1'), { n: 1 }, 'A1')]);
    const [inverse] = inverses;
    expect(inverse && restoringCells(inverse, address, 'beta').get('body')).toContain(
      '"n":12345678901234567891',
    );
  });
});

function entry(whole: unknown): CurrentAssignment {
  const read = currentAssignmentOf(whole);
  if (read === undefined) throw new Error('no assignment');
  return read;
}

describe('whatever two readings of a list are', () => {
  const target = fc.oneof(
    fc
      .tuple(fc.constantFrom('g1', 'g2', 'g3'), fc.constantFrom(undefined, 'f1', 'f2'))
      .map(([id, by]) => group(id, filter(by))),
    fc.constantFrom('g1', 'g2').map((id) => excluded(id)),
    fc.constantFrom(allDevices(), unheardOf),
  );
  const list = fc
    .array(fc.record({ target, more: fc.constantFrom({}, policySet, { weight: 1 }, { intent: 'remove' }) }), {
      maxLength: 7,
    })
    .map((entries) => entries.map(({ target: of, more }, i) => current(of, more, `A${i}`)));

  /** The list after the rows, as `assign` leaves it. */
  const after = (
    then: readonly CurrentAssignment[],
    now: readonly CurrentAssignment[],
  ): CurrentAssignment[] => {
    const { inverses } = restoringOf(kind, then, now);
    const gone = new Set(inverses.flatMap((each) => (each.action === 'add' ? [] : [each.current])));
    const put = inverses.flatMap((each) => (each.action === 'remove' ? [] : [each.was]));
    return [...now.filter((each) => !gone.has(each)), ...put];
  };

  test('the rows leave what the administrator had, and nothing of his besides', () => {
    fc.assert(
      fc.property(list, list, (then, now) => {
        const isOwned = (each: CurrentAssignment): boolean => ownerOf(each) !== undefined;
        const { left } = restoringOf(kind, then, now);
        const result = after(then, now);
        expect(result.filter(isOwned)).toEqual(now.filter(isOwned));
        if (left.length > 0) return;
        expect(listChanges(kind, then, result)).toEqual([]);
        expect(restoringOf(kind, then, result)).toEqual({ inverses: [], left: [] });
      }),
    );
  });

  test('a second restore finds nothing to do', () => {
    fc.assert(
      fc.property(list, list, (then, now) => {
        expect(restoringOf(kind, then, after(then, now)).inverses).toEqual([]);
      }),
    );
  });

  test('there are differences exactly when something is to be restored or left', () => {
    fc.assert(
      fc.property(list, list, (then, now) => {
        const { inverses, left } = restoringOf(kind, then, now);
        expect(listChanges(kind, then, now).length > 0).toBe(inverses.length + left.length > 0);
      }),
    );
  });
});
