import type { SeedPolicy, TenantSeed } from '../../src/simulator/tenantFile.ts';
import type { Site } from './assignSite.ts';
import { csv } from './cli.ts';
import { group } from './graphShapes.ts';
import { guid } from './guid.ts';

/** Kinds whose assignments come by POST and go by DELETE. */
export const TYPES = ['windowsAutopilotDeploymentProfile', 'termsAndConditions'] as const;

/** So many policies of each kind, with two assignments each. */
export const tenantOf = (each: number): TenantSeed => ({
  policies: TYPES.flatMap((type) =>
    Array.from({ length: each }, (_, i): SeedPolicy => {
      const id = `${type}-${i}`;
      return {
        ...{ type, id, displayName: id },
        assignments: ['old', 'stays'].map((name) => ({
          id: `${id}_${name}`,
          target: group(guid(`${name} ${id}`)) as SeedPolicy['assignments'][number]['target'],
        })),
      };
    }),
  ),
});

/** A file of rows that give the first assignment of each policy to another group. */
export const movingAll = (here: Site): string =>
  here.file(
    'rows.csv',
    csv(
      here.simulator.snapshot().policies.map(({ type, id, assignments: [first] }) => ({
        ...{ policyType: type, policyId: id, assignmentId: first?.id },
        ...{ targetType: 'group', groupId: guid(`new ${id}`) },
      })),
    ),
  );
