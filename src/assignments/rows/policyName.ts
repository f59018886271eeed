import type { RowError } from '../changes/current.ts';
import type { Change } from './change.ts';
import { foldedName } from '../names/nameTable.ts';
import { quoted } from '../values/quoted.ts';

/**
 * Why a row is not believed to be about its policy: it calls it by another name than the tenant does, as when one column of a
 * file was sorted alone. Undefined when the names agree, or when one of them is not known. Letter case does not count.
 */
export function policyNameFault(
  { policyName }: Pick<Change, 'policyName'>,
  displayName: string | undefined,
): RowError | undefined {
  if (policyName === undefined || displayName === undefined) return undefined;
  if (foldedName(policyName) === foldedName(displayName)) return undefined;
  return {
    code: 'PolicyNameMismatch',
    message: `Expected the policy ${quoted(policyName)}, found ${quoted(displayName)} under its id; nothing was written.`,
  };
}
