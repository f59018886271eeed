import {
  addressFromParts,
  addressFromUrl,
  POLICY_TYPES,
  policiesNamedBy,
  type Address,
  type PolicyType,
} from './policyKinds.ts';
import { NEEDS_BETA, RowReader, type ReadingRules } from './rowReader.ts';
import type { Row } from './row.ts';

const POLICY_TYPE_NAMES = [...POLICY_TYPES, 'deviceConfigurations', 'deviceCompliancePolicies'] as const;

const policyTypeNamed = (name: (typeof POLICY_TYPE_NAMES)[number]): PolicyType =>
  name === 'deviceConfigurations'
    ? 'deviceConfiguration'
    : name === 'deviceCompliancePolicies'
      ? 'deviceCompliancePolicy'
      : name;

const PARTS = ['policyType', 'policyId', 'assignmentId', 'via'] as const;

/** Where the assignment is, by `url` or by the four columns it stands for. */
export function readAddress(reader: RowReader): Address | undefined {
  const address = reader.has('url') ? readUrl(reader) : readParts(reader);
  if (address === undefined) return undefined;
  if ('part' in address) return reader.fault(address.part, address);
  if (reader.rules.apiVersion === 'v1.0' && address.form.via.length > 0) {
    return reader.problem(
      reader.has('url') ? 'url' : 'via',
      'Only the beta API has this form of address.',
      NEEDS_BETA,
    );
  }
  return address;
}

function readUrl(reader: RowReader): ReturnType<typeof addressFromUrl> | undefined {
  const extra = PARTS.find((part) => reader.has(part));
  if (extra !== undefined) {
    return reader.problem(
      extra,
      `${extra} and url both say where the assignment is.`,
      `Leave ${extra} or url blank.`,
    );
  }
  const url = reader.text('url');
  return url === undefined ? undefined : addressFromUrl(url, reader.rules);
}

function readParts(reader: RowReader): ReturnType<typeof addressFromParts> | undefined {
  for (const part of ['policyType', 'policyId', 'assignmentId'] as const) {
    if (!reader.has(part))
      reader.problem(
        part,
        `${part} is missing.`,
        `Fill in ${part}, or give url instead of the four address columns.`,
      );
  }
  const before = reader.problems.length;
  const typeName = reader.choice('policyType', POLICY_TYPE_NAMES);
  const [policyId, assignmentId, via = ''] = [
    reader.text('policyId'),
    reader.text('assignmentId'),
    reader.text('via'),
  ];
  if (typeName === undefined || policyId === undefined || assignmentId === undefined) return undefined;
  if (reader.problems.length > before) return undefined;
  return addressFromParts({ policyType: policyTypeNamed(typeName), policyId, assignmentId, via });
}

/**
 * Every policy that a row may be about, by `policyKey`, whatever else is wrong with the row: whole policies are left out,
 * not rows. Where the type can't be read it may be one of either.
 */
export function policiesOf(row: Row, rules: ReadingRules): readonly string[] {
  const reader = new RowReader(row, rules);
  const typeName = reader.choice('policyType', POLICY_TYPE_NAMES);
  return policiesNamedBy({
    types: typeName === undefined ? POLICY_TYPES : [policyTypeNamed(typeName)],
    policyId: reader.text('policyId'),
    url: reader.text('url'),
  });
}
