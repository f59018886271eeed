import { guid } from '../support/guid.ts';
import { generateTenant } from '../../src/simulator/generateTenant.ts';
import { kindOfType } from '../../src/simulator/policyKinds.ts';
import { assignmentPath } from '../../src/simulator/route.ts';
import type { SeedPolicy, TenantSeed } from '../../src/simulator/tenantFile.ts';
import type { Plan } from './plan.ts';

/** One row of the round's file, and what is to become of it. */
export interface Desired {
  /** Where its record starts in the file. */
  readonly line: number;
  /** The assignment's first path, by which the simulator counts its writes. */
  readonly path: string;
  readonly listPath: string;
  readonly groupId: string;
  readonly kind: 'change' | 'alreadySo' | 'duplicate' | 'forbidden';
  /** It is added by POST, and what it takes the place of goes by DELETE. */
  readonly isPosted?: boolean;
}

export interface Desires {
  readonly tenant: TenantSeed;
  readonly desires: readonly Desired[];
  /** Of assignments whose writes get 403. */
  readonly forbidden: readonly string[];
  /** Assignments that no row is about. */
  readonly untouched: readonly string[];
  readonly csv: string;
}

const GROUP = '#microsoft.graph.groupAssignmentTarget';
/** Of the assignments, one in so many … */
const UNTOUCHED_ONE_IN = 11;
const FORBIDDEN_ONE_IN = 23;
const DUPLICATE_ONE_IN = 17;
const ALREADY_SO_ONE_IN = 13;

/** A tenant of every endpoint form, and a file that changes nearly all of it. */
export function desiresOf(plan: Plan): Desires {
  const { configurations, compliancePolicies, assignmentsPerPolicy, seed } = plan;
  const patched = generateTenant({
    configurations,
    compliancePolicies,
    assignmentsPerPolicy,
    seed,
    nested: true,
  });
  const tenant = { ...patched, policies: [...patched.policies, ...postedPolicies(plan)] };
  const desires: Desired[] = [];
  const forbidden: string[] = [];
  const untouched: string[] = [];
  let n = 0;
  const add = (desired: Omit<Desired, 'line'>): void =>
    void desires.push({ ...desired, line: desires.length + 2 });
  for (const { id, type, via = '', assignments } of tenant.policies) {
    const { set, single } = kindOfType(type);
    const isPosted = single !== undefined;
    const path = (assignmentId: string): string => assignmentPath(set, id, via, assignmentId);
    const listPath = path('').slice(0, -1);
    for (const assignment of assignments) {
      n += 1;
      const place = { path: path(assignment.id), listPath, isPosted };
      const groupId = guid(`new-${seed}-${n}`);
      const held = assignment.target['@odata.type'] === GROUP ? assignment.target['groupId'] : undefined;
      if (n % UNTOUCHED_ONE_IN === 0) untouched.push(place.path);
      else if (n % FORBIDDEN_ONE_IN === 0 && !isPosted && hasOwnId(assignment.id, tenant)) {
        forbidden.push(assignment.id);
        add({ ...place, groupId, kind: 'forbidden' });
      } else if (n % ALREADY_SO_ONE_IN === 0 && typeof held === 'string') {
        add({ ...place, groupId: held, kind: 'alreadySo' });
      } else {
        add({ ...place, groupId, kind: 'change' });
        if (n % DUPLICATE_ONE_IN === 0) add({ ...place, groupId, kind: 'duplicate' });
      }
    }
  }
  return { tenant, desires, forbidden, untouched, csv: csvOf(desires) };
}

const POSTED_TYPES = ['windowsAutopilotDeploymentProfile', 'termsAndConditions'] as const;
const POSTED_ASSIGNMENTS = 3;

/** Of them nothing is forbidden: a row that is forbidden half-way leaves both assignments. */
const postedPolicies = ({ posted, seed }: Plan): SeedPolicy[] =>
  POSTED_TYPES.flatMap((type) =>
    Array.from({ length: posted }, (_, n): SeedPolicy => {
      const id = guid(`${type}-${seed}-${n}`);
      const groups = Array.from({ length: POSTED_ASSIGNMENTS }, (__, place) => guid(`held-${id}-${place}`));
      const assignments = groups.map((groupId) => ({
        id: `${id}_${groupId}_0`,
        target: { '@odata.type': GROUP, groupId },
      }));
      return { type, id, displayName: `${type} ${n}`, assignments };
    }),
  );

/** A policy and the certificate profile below it may have assignments of one id; what is forbidden for one is so for both. */
const hasOwnId = (id: string, { policies }: TenantSeed): boolean =>
  policies.flatMap(({ assignments }) => assignments).filter((other) => other.id === id).length === 1;

export const csvOf = (rows: readonly Pick<Desired, 'path' | 'groupId'>[]): string =>
  `url,targetType,groupId\n${rows.map(({ path, groupId }) => `${path},group,${groupId}\n`).join('')}`;
