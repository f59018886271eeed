import type { EditInput } from '../../src/simulator/editSchema.ts';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { SeedPolicy } from '../../src/simulator/tenantFile.ts';
import { bench, csv, type Bench } from './cli.ts';
import { named, withGuids } from './guid.ts';
import { groupTarget } from './simulatorClient.ts';

/** A tenant whose every assignment is to a group, and a file that moves each of them to a group of its own. */
export interface PlannedTenant extends Bench {
  readonly rows: number;
  readonly changes: string;
  /** Changes so many assignments, spread over the policies, as another admin would. */
  changeByAnotherHand(count: number): void;
  /** The groups as the tenant has them now, in input order. */
  groups(): unknown[];
  status(): Promise<Record<string, unknown>>;
}

/** So that the size of the change is nobody's concern. */
export const ANY_SIZE: readonly string[] = ['--max-changes', 'off', '--max-changes-percent', 'off'];

const PER_POLICY = 2;

/** @param policies configurations with two assignments each */
export async function plannedTenant(
  redisUrl: string | undefined,
  policies: number,
  options: SimulatorOptions = {},
  env: Record<string, string> = {},
): Promise<PlannedTenant> {
  const seed = Array.from({ length: policies }, (_, n): SeedPolicy => ({
    ...{ id: `c${n}`, type: 'deviceConfiguration', displayName: `Policy ${n}` },
    assignments: Array.from({ length: PER_POLICY }, (_, i) => ({
      id: `c${n}-a${i}`,
      target: groupTarget(`old-${n}-${i}`),
    })),
  }));
  const here = await bench(redisUrl, { tenant: { policies: seed }, ...options }, env);
  const entries = [...here.simulator.tenant.every()];
  const rows = entries.map(({ policyId, assignment }, n) => ({
    ...{ policyType: 'deviceConfiguration', policyId, assignmentId: assignment.id },
    ...{ targetType: 'group', groupId: `new-${n}` },
  }));
  return {
    ...here,
    rows: rows.length,
    changes: here.file('changes.csv', csv(rows)),
    changeByAnotherHand: (count) => here.simulator.edit(withGuids(editsOfAnotherHand(count))),
    groups: () =>
      [...here.simulator.tenant.every()].map(({ assignment }) => named(String(assignment.target['groupId']))),
    status: async () => JSON.parse((await here.run(['status', '@last', '--json'])).stdout),
  };
}

/** The first assignment of so many policies goes to a group that nobody planned. */
export const editsOfAnotherHand = (count: number): EditInput[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ do: 'change', type: 'deviceConfiguration', policyId: `c${2 * n}`, assignmentId: `c${2 * n}-a0` },
    target: groupTarget('elsewhere'),
  }));
