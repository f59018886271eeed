import type { Diff, DiffSide } from '../../app/snapshots/diff.ts';
import { count } from '../../app/words.ts';
import type { CurrentAssignment } from '../../assignments/changes/current.ts';
import { targetInWords } from '../../assignments/changes/changeKind.ts';
import { assignmentInWords } from '../../assignments/snapshots/assignmentInWords.ts';
import type { ListChange } from '../../assignments/snapshots/listChanges.ts';
import type { PolicyDifference, TenantReading } from '../../assignments/snapshots/policyDifferences.ts';
import type { SnapshotPolicy } from '../../assignments/snapshots/snapshot.ts';
import { capitalized } from '../../assignments/kinds/kind.ts';
import { canonicalText, isControl } from '../../assignments/changes/canonical.ts';
import { quoted } from '../../assignments/values/quoted.ts';
import { visible } from '../../assignments/values/visible.ts';
import type { Printer } from './print.ts';

/** Shows what differs, policy by policy, groups and filters by their names. The differences are data, what is said of them is talk. */
export function showDiff(diff: Diff, print: Printer): void {
  const { before, after, differences, filters, notCompared } = diff;
  const say = (line: string): void => print.say(visible(line));
  say(`${sideInWords(before)} → ${sideInWords(after)}`);
  for (const difference of differences) showPolicy(difference, diff, print);
  for (const { name, in: what, before: was, after: is } of filters)
    print.data(visible(`Filter ${quoted(name)}: another ${what}: ${was} → ${is}`), 2);
  say(
    differences.length === 0
      ? `No difference in ${count(comparedIn(diff), 'policy', 'policies')}.`
      : summary(diff),
  );
  for (const { why } of notCompared) say(`Not compared: ${why}`);
}

function showPolicy(difference: PolicyDifference, { before, after }: Diff, print: Printer): void {
  const data = (line: string, hang?: number): void => print.data(visible(line), hang);
  switch (difference.kind) {
    case 'onlyBefore':
      data(`${policyInWords(difference.before)}: only in ${before.name}`);
      for (const each of difference.before.assignments) data(`  - ${assignmentInWords(each, before)}`, 4);
      return;
    case 'onlyAfter':
      data(`${policyInWords(difference.after)}: only in ${after.name}`);
      for (const each of difference.after.assignments) data(`  + ${assignmentInWords(each, after)}`, 4);
      return;
    case 'changed':
      data(policyInWords(difference.before));
      for (const change of difference.changes) data(`  ${changeInWords(change, before, after)}`, 4);
  }
}

function changeInWords(change: ListChange, before: TenantReading, after: TenantReading): string {
  switch (change.change) {
    case 'removed':
      return `- ${assignmentInWords(change.before, before)}`;
    case 'added':
      return `+ ${assignmentInWords(change.after, after)}`;
    case 'changed': {
      const [was, is] = [assignmentInWords(change.before, before), assignmentInWords(change.after, after)];
      if (was === is) return `~ ${was}: ${unlikeIn(change.before, change.after).join(', ')}`;
      // Of two tenants only the ids differ, which say nothing.
      if (withoutIds(was) === withoutIds(is))
        return `~ ${is}: ${unlikeIn(change.before, change.after, ['target', 'source', 'sourceId']).join(', ')}`;
      return `~ ${was} → ${is}`;
    }
  }
}

const withoutIds = (words: string): string => words.replaceAll(/ \([0-9a-f]{4}…\)/g, '');

/** The properties that differ, where words say the same. */
function unlikeIn(
  { whole: was }: CurrentAssignment,
  { whole: is }: CurrentAssignment,
  but: readonly string[] = [],
): readonly string[] {
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter(
    (name) =>
      name !== 'id' &&
      !but.includes(name) &&
      !isControl(name) &&
      canonicalText(was[name] ?? null) !== canonicalText(is[name] ?? null),
  );
  return names.map((name) => `${name} differs`);
}

const policyInWords = ({ kind, id, name }: SnapshotPolicy): string =>
  `${capitalized(kind.label.one)} ${name === undefined || name === '' ? id : `${quoted(name)} (${id})`}`;

const sideInWords = ({ name, tenant, createdAt }: DiffSide): string =>
  `${name} (tenant ${tenant}, ${createdAt.slice(0, 16).replace('T', ' ')} UTC)`;

const comparedIn = ({ before, after }: Diff): number =>
  before.policies.filter(({ kind }) => after.kinds.has(kind.policyType)).length;

function summary({ before, after, differences }: Diff): string {
  const of = (kind: PolicyDifference['kind']): number =>
    differences.filter((each) => each.kind === kind).length;
  const changes = differences.flatMap((each) => (each.kind === 'changed' ? each.changes : []));
  const what = (['added', 'removed', 'changed'] as const).flatMap((each) => {
    const n = changes.filter(({ change }) => change === each).length;
    return n === 0 ? [] : [`${n.toLocaleString('en-US')} ${each}`];
  });
  const parts = [
    ...(of('changed') > 0
      ? [`${count(of('changed'), 'policy', 'policies')} with other assignments (${what.join(', ')})`]
      : []),
    ...(of('onlyBefore') > 0
      ? [`${count(of('onlyBefore'), 'policy', 'policies')} only in ${before.name}`]
      : []),
    ...(of('onlyAfter') > 0 ? [`${count(of('onlyAfter'), 'policy', 'policies')} only in ${after.name}`] : []),
  ];
  return `${parts.join(', ')}.`;
}

const GUID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi;

/** The differences for scripts, with whole ids and assignments as Graph shows them. */
export function diffJson({ before, after, differences, filters, notCompared }: Diff): object {
  const side = ({ name, tenant, createdAt, policies }: DiffSide): object => ({
    ...{ name, tenant, createdAt, policies: policies.length },
  });
  const named = ({ target }: CurrentAssignment, reading: TenantReading): object => {
    const ids = targetInWords(target).match(GUID) ?? [];
    return Object.fromEntries(
      ids.flatMap((id) => {
        const name = reading.nameOf('group', id) ?? reading.nameOf('filter', id);
        return name === undefined ? [] : [[id.toLowerCase(), name]];
      }),
    );
  };
  return {
    before: side(before),
    after: side(after),
    differences: differences.map((each) => {
      const { kind, id, name, platform } = each.before ?? each.after;
      const changes: readonly ListChange[] =
        each.kind === 'changed'
          ? each.changes
          : each.kind === 'onlyBefore'
            ? each.before.assignments.map((was) => ({ change: 'removed', before: was, after: undefined }))
            : each.after.assignments.map((is) => ({ change: 'added', before: undefined, after: is }));
      return {
        ...{ difference: each.kind, policyType: kind.policyType, policyId: id, policyName: name, platform },
        ...(each.kind === 'changed' && each.after.id !== id && { policyIdAfter: each.after.id }),
        assignments: changes.map((change) => ({
          change: change.change,
          before: change.before?.whole ?? null,
          after: change.after?.whole ?? null,
          names: {
            ...(change.before && named(change.before, before)),
            ...(change.after && named(change.after, after)),
          },
        })),
      };
    }),
    filters,
    notCompared,
  };
}
