import { targetInWords } from '../changes/changeKind.ts';
import type { CurrentAssignment } from '../changes/current.ts';
import { quoted } from '../values/quoted.ts';
import { ownerOf } from './owner.ts';
import type { TenantReading } from './policyDifferences.ts';

const OWNERS = {
  policySet: 'of a policy set',
  deployment: 'of a deployment',
  other: 'not assigned directly',
} as const;

/** An assignment for a person: target, filter and intent, groups and filters by their names, and who keeps it. */
export function assignmentInWords(
  assignment: CurrentAssignment,
  { nameOf }: Pick<TenantReading, 'nameOf'>,
): string {
  const { target, whole } = assignment;
  const intent = typeof whole['intent'] === 'string' ? [`intent ${whole['intent']}`] : [];
  const owner = ownerOf(assignment);
  const words = targetInWords(target).replace(GUID, (id) => {
    const name = nameOf('group', id) ?? nameOf('filter', id);
    return name === undefined ? id : `${quoted(name)} (${id.slice(0, ID_CHARS)}…)`;
  });
  return [words, ...intent, ...(owner === undefined ? [] : [OWNERS[owner]])].join(', ');
}

const GUID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi;
/** Of an id beside its name. */
const ID_CHARS = 4;
