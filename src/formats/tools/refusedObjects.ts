import type { Fault } from '../../assignments/rows/row.ts';
import { plainName } from '../../assignments/values/plainName.ts';

const HOW_TO_GO_ON =
  'Write the assignments as they are with `retarget export -o present.csv`, change that file, and plan it.';

/** Members by which JSON that can't be read is known, the most telling first. */
const MEMBERS: readonly (readonly [name: string, is: string, remedy?: string])[] = [
  [
    'Objects',
    'a MigrationTable.json of IntuneManagement: names of groups, and no assignments',
    'Give it as --rename, beside the policies that IntuneManagement has exported.',
  ],
  ['responses', "Graph's answer to a saved batch: the requests are in another file"],
  [
    'assignments',
    'assignments without their policy, as the body of an assign has them',
    'Give the policy with its id: Graph shows it with $expand=assignments.',
  ],
  ...['@odata.context', 'assignments@odata.context', '@odata.type', 'roleScopeTagIds'].map(
    (name) =>
      [
        name,
        'a policy as Graph shows it, without its assignments',
        'Ask Graph for it with $expand=assignments.',
      ] as const,
  ),
];

/**
 * What JSON of another tool, or of Graph, is, by the names of its members; undefined for what is not known as such.
 * @param isList it stands in a list as Graph's answers have: then what has an id is Graph's
 */
export function refusedObject(names: readonly string[], isList = false): Fault | undefined {
  const isOfGraph = names.includes('id') && !names.some(isPolicyName);
  const isBare = isOfGraph && names.includes('target');
  const found = MEMBERS.find(
    ([name]) => names.includes(name) || (isList && isOfGraph && name === '@odata.type'),
  );
  if (isBare)
    return {
      message: 'The file holds assignments as Graph shows them, without their policy.',
      remedy: `Keep the @odata.context around them, which names it, or give the policy with its assignments. Or: ${HOW_TO_GO_ON}`,
    };
  if (found === undefined) return undefined;
  const [, is, remedy] = found;
  return {
    message: `The file holds ${is}.`,
    remedy: remedy === undefined ? HOW_TO_GO_ON : `${remedy} Or: ${HOW_TO_GO_ON}`,
  };
}

const isPolicyName = (name: string): boolean => ['policyid', 'url', 'policytype'].includes(plainName(name));
