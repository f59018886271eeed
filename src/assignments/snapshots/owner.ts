import { isOfPolicySet, type CurrentAssignment } from '../changes/current.ts';
import { plainTypeName } from '../targets/odataTypes.ts';
import { sameId } from '../values/ids.ts';

/** Who keeps an assignment, where it is not the administrator: it comes and goes with that, and is no row's to change. */
export type Owner = 'policySet' | 'deployment' | 'other';

/**
 * Undefined: it was assigned directly. Intune's deployments (in preview since September 2026) add groups by themselves; how Graph shows
 * that is documented for apps only (`deploymentId`, and a type of its own), so any source that is not `direct` counts as somebody's.
 */
export function ownerOf(assignment: CurrentAssignment): Owner | undefined {
  if (isOfPolicySet(assignment)) return 'policySet';
  const { whole, source = 'direct' } = assignment;
  const deployment = whole['deploymentId'];
  const isDeployed = typeof deployment === 'string' && deployment !== '';
  if (isDeployed || plainTypeName(whole['@odata.type']).endsWith('deploymentassignment')) return 'deployment';
  return source === '' || sameId(source, 'direct') ? undefined : 'other';
}
