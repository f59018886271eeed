import type { TenantSeed } from '../../src/simulator/tenantFile.ts';
import { csv } from './cli.ts';
import { groupTarget } from './simulatorClient.ts';

/** A policy of the night: what it is called, and whom each of its assignments has. */
interface NightPolicy {
  readonly id: string;
  readonly name: string;
  readonly type: string;
}

const SORTS = [
  { word: 'iOS Wi-Fi', type: '#microsoft.graph.iosWiFiConfiguration' },
  { word: 'Windows VPN', type: '#microsoft.graph.windows10VpnConfiguration' },
  { word: 'macOS Updates', type: '#microsoft.graph.macOSSoftwareUpdateConfiguration' },
] as const;

/** Assignments that each policy has. */
const SITES = ['hamburg', 'bremen', 'kiel', 'rostock'];

export interface Night {
  readonly tenant: TenantSeed;
  /** A file with a row for each assignment. */
  readonly changes: string;
  /** Policies whose writes the tenant refuses. */
  readonly forbidden: readonly string[];
  readonly rows: number;
  /** What its groups are called. */
  readonly groups: readonly { readonly id: string; readonly displayName: string }[];
}

/** A tenant of so many policies, of three platforms, and a change of all of them. */
export function nightTenant(policies: number, renamed: Readonly<Record<number, string>> = {}): Night {
  const all = Array.from({ length: policies }, (_, i): NightPolicy => {
    const { word, type } = SORTS[i % SORTS.length] ?? SORTS[0];
    const n = Math.floor(i / SORTS.length) + 1;
    return { id: `p${i}`, name: renamed[i] ?? `${word} ${n}`, type };
  });
  const rows = all.flatMap(({ id }) =>
    SITES.map((from) => ({
      ...{ policyType: 'deviceConfiguration', policyId: id, assignmentId: `${id}-${from}` },
      ...{ targetType: 'group', groupId: `${from}-ring-2` },
    })),
  );
  return {
    tenant: {
      policies: all.map(({ id, name, type }) => ({
        ...{ id, type: 'deviceConfiguration' as const, displayName: name, odataType: type },
        assignments: SITES.map((from) => ({ id: `${id}-${from}`, target: groupTarget(from) })),
      })),
    },
    changes: csv(rows),
    forbidden: [0, 7].map((i) => `p${i}`),
    rows: rows.length,
    groups: SITES.flatMap((site) => [
      { id: site, displayName: `GRP-${site}` },
      { id: `${site}-ring-2`, displayName: `GRP-${site}-ring-2` },
    ]),
  };
}
