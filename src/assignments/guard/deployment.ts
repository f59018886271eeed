import { quoted } from '../values/quoted.ts';
import type { Finding } from './finding.ts';

/**
 * What Intune changes by itself of the same assignments: a ring that begins adds its groups, and finds one of them there already to be an
 * error.
 * @param deployments what those under way are called that the policy is in
 */
export const deploymentConcerns = (deployments: readonly string[] = []): Finding[] =>
  deployments.length === 0
    ? []
    : [
        {
          kind: 'in-deployment',
          what: `it is in the deployment ${deployments.map(quoted).join(', ')}, which adds groups by itself, and stops with an error at one that is there.`,
        },
      ];
