import type { PolicyType } from '../kinds/policyKinds.ts';
import { NEEDS_BETA, type RowReader } from './rowReader.ts';
import { INTENTS, SOURCES, type Extras } from './wish.ts';

/** `intent`, `source` and `sourceId` of rows that give no whole body. The policy's type is undefined when it could not be read. */
export function readExtras(reader: RowReader, policyType: PolicyType | undefined): Extras | undefined {
  const before = reader.problems.length;
  for (const column of ['source', 'sourceId'] as const) {
    if (policyType === 'deviceConfiguration' && reader.has(column))
      reader.problem(column, `${column} of a device configuration is read-only.`, `Leave ${column} blank.`);
  }
  if (policyType === 'deviceCompliancePolicy' && reader.has('intent'))
    reader.problem('intent', 'Compliance policies have no intent.', 'Leave intent blank.');
  if (reader.rules.apiVersion === 'v1.0') {
    for (const column of ['intent', 'source', 'sourceId'] as const)
      if (reader.has(column)) reader.problem(column, `Only the beta API has ${column}.`, NEEDS_BETA);
  }
  const intent = reader.choice('intent', INTENTS);
  const source = reader.choice('source', SOURCES);
  const sourceId = reader.text('sourceId');
  if (reader.problems.length > before) return undefined;
  return {
    ...(intent && { intent }),
    ...(source && { source }),
    ...(sourceId !== undefined && { sourceId }),
  };
}
