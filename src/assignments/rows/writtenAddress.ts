import {
  addressFromParts,
  addressFromUrl,
  policiesNamedBy,
  URL_REMEDY,
  type Address,
  type AddressFault,
} from '../kinds/address.ts';
import { kindNamed, POLICY_TYPES, type PolicyKind } from '../kinds/registry.ts';
import { quoted } from '../values/quoted.ts';
import { didYouMean, NEEDS_BETA, RowReader, type ReadingRules } from './rowReader.ts';
import type { InputRow } from './row.ts';

const PARTS = ['policyType', 'policyId', 'assignmentId', 'via'] as const;

/** Whether the address has to name an assignment: `refused` where none is there yet, or all are meant. */
export type AssignmentIdUse = 'needed' | 'optional' | 'refused';

/** Where the assignment is, by `url` or by the four columns it stands for. */
export function readAddress(reader: RowReader, idUse: AssignmentIdUse = 'needed'): Address | undefined {
  const address = reader.has('url') ? readUrl(reader, idUse) : readParts(reader, idUse);
  if (address === undefined) return undefined;
  if ('part' in address) return reader.fault(address.part, address);
  const { apiVersion } = reader.rules;
  const named = (part: 'policyType' | 'via') => (reader.has('url') ? 'url' : part);
  if (!address.kind.apiVersions.includes(apiVersion))
    return reader.problem(
      named('policyType'),
      `Only the beta API has ${address.kind.label.many}.`,
      NEEDS_BETA,
    );
  if (apiVersion === 'v1.0' && address.via.length > 0)
    return reader.problem(named('via'), 'Only the beta API has this form of address.', NEEDS_BETA);
  return address;
}

function readUrl(reader: RowReader, idUse: AssignmentIdUse): Address | AddressFault | undefined {
  const extra = PARTS.find((part) => reader.has(part));
  if (extra !== undefined) {
    return reader.problem(
      extra,
      `${extra} and url both say where the assignment is.`,
      `Leave ${extra} or url blank.`,
    );
  }
  const url = reader.text('url');
  const address = url === undefined ? undefined : addressFromUrl(url, reader.rules);
  if (address === undefined || 'part' in address) return address;
  if (idUse === 'needed' && address.assignmentId === '')
    return { part: 'url', message: 'The URL is of a list, not of an assignment.', remedy: URL_REMEDY };
  if (idUse === 'refused' && address.assignmentId !== '')
    return {
      part: 'url',
      message: NO_ASSIGNMENT,
      remedy: 'Write the URL without what follows /assignments.',
    };
  return address;
}

const NO_ASSIGNMENT = 'This action is about no current assignment, yet there is the id of one.';

function readParts(reader: RowReader, idUse: AssignmentIdUse): Address | AddressFault | undefined {
  const before = reader.problems.length;
  for (const part of ['policyType', 'policyId'] as const) refuseMissing(reader, part);
  if (idUse === 'needed') refuseMissing(reader, 'assignmentId');
  if (idUse === 'refused' && reader.has('assignmentId'))
    reader.problem(
      'assignmentId',
      NO_ASSIGNMENT,
      'Leave assignmentId blank, or write set or remove as action.',
    );
  const kind = readKind(reader);
  const [policyId, assignmentId = '', via = ''] = [
    reader.text('policyId'),
    reader.text('assignmentId'),
    reader.text('via'),
  ];
  if (kind === undefined || policyId === undefined || reader.problems.length > before) return undefined;
  return addressFromParts({ kind, policyId, assignmentId, via });
}

function readKind(reader: RowReader): PolicyKind | undefined {
  const name = reader.text('policyType');
  if (name === undefined) return undefined;
  const kind = kindNamed(name);
  return (
    kind ?? reader.problem('policyType', `${quoted(name)} is no policyType.`, didYouMean(name, POLICY_TYPES))
  );
}

function refuseMissing(reader: RowReader, part: 'policyType' | 'policyId' | 'assignmentId'): void {
  if (reader.has(part)) return;
  const more = {
    policyType: '',
    policyId: ', or policyName where the tenant is read (not with --no-plan, --offline, --blind)',
    assignmentId:
      ', or name the assignment by fromTargetType and fromGroupId or fromGroupName, or write add as action',
  }[part];
  reader.problem(
    part,
    `${part} is missing.`,
    `Fill in ${part}${more}, or give url instead of the four address columns.`,
  );
}

/**
 * Every policy that a row may be about, by `policyKey`, whatever else is wrong with the row: whole policies are left out,
 * not rows. Where the type can't be read it may be one of any.
 */
export function policiesOf(row: InputRow, rules: ReadingRules): readonly string[] {
  const reader = new RowReader(row, rules);
  const kind = readKind(reader);
  return policiesNamedBy({
    types: kind === undefined ? POLICY_TYPES : [kind.policyType],
    policyId: reader.text('policyId'),
    url: reader.text('url'),
  });
}
