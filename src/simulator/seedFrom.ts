import { KINDS, type PolicyType } from './policyKinds.ts';
import { PLATFORMS, platformOf } from './policyTypes.ts';
import { SimulatorInputError } from './settings.ts';
import type { SeedAssignment, SeedPolicy, TenantSeed } from './tenantFile.ts';

/** A policy as some Graph has shown it, with its whole list. */
export interface ShownPolicy {
  readonly type: string;
  readonly id: string;
  readonly displayName?: string | undefined;
  /** As filters call it; undefined: nobody has seen it. */
  readonly platform?: string | undefined;
  readonly via?: string | undefined;
  /** Each as it was read, value for value. */
  readonly assignments: readonly Readonly<Record<string, unknown>>[];
}

const FILTER_ID = 'deviceAndAppManagementAssignmentFilterId';

/**
 * A tenant that shows the same as another one did: each assignment with what it had, and without what it had not. Which sort of its kind a
 * policy is was not shown: one of its platform, where the kind has such.
 * @param names what people call groups and filters, by their ids in lower case
 * @param moreFilters filters that writes will bring in
 * @throws {SimulatorInputError} for a kind that the simulator does not know
 */
export function seedFrom(
  policies: readonly ShownPolicy[],
  names: Readonly<Record<string, string>>,
  moreFilters: readonly { readonly id: string; readonly platform: string | undefined }[],
): { readonly tenant: TenantSeed; readonly groups: { id: string; displayName: string }[] } {
  const seeds = policies.map(seedPolicy);
  const used = seeds.flatMap(({ odataType, assignments }) =>
    assignments.flatMap(({ target }) => {
      const id = target[FILTER_ID];
      return typeof id === 'string' && id !== '' ? [{ id, platform: platformOf(odataType ?? '') }] : [];
    }),
  );
  const filters = new Map<string, { id: string; displayName: string; platform: string }>();
  for (const { id, platform } of [...used, ...moreFilters])
    if (!filters.has(id.toLowerCase()))
      filters.set(id.toLowerCase(), {
        ...{ id, displayName: names[id.toLowerCase()] ?? `Filter ${id}` },
        platform: platform ?? PLATFORMS[0],
      });
  const groups = Object.entries(names)
    .filter(([id, name]) => !filters.has(id) && name !== '')
    .map(([id, displayName]) => ({ id, displayName }));
  return { tenant: { policies: seeds, filters: [...filters.values()] }, groups };
}

function seedPolicy({ type, id, displayName, platform, via, assignments }: ShownPolicy): SeedPolicy {
  const kind = KINDS.find((each) => each.type === type);
  if (kind === undefined)
    throw new SimulatorInputError(
      `The simulator has no policies of the kind ${type}.`,
      'Leave the rows of this kind out of the plan that is rehearsed.',
    );
  const sort = kind.policyTypes.find(
    (each) => platform !== undefined && platformOf(each).toLowerCase() === platform.toLowerCase(),
  );
  return {
    ...{ id, type: kind.type, odataType: `#microsoft.graph.${sort ?? kind.policyTypes[0]}` },
    ...(displayName !== undefined && displayName !== '' && { displayName }),
    ...(via !== undefined && via !== '' && { via }),
    assignments: assignments.map((entry) => seedAssignment(entry, kind.type, kind.own)),
  };
}

function seedAssignment(
  { id, target, ...whole }: Readonly<Record<string, unknown>>,
  type: PolicyType,
  known: Readonly<Record<string, unknown>>,
): SeedAssignment {
  if (typeof id !== 'string' || typeof target !== 'object' || target === null)
    throw new SimulatorInputError(
      `An assignment of a ${type} has no id or no target.`,
      'Make the plan anew.',
    );
  const own = Object.entries(whole).filter(([name]) => !name.includes('@odata.'));
  const absent = Object.keys(known).filter((name) => !Object.hasOwn(whole, name));
  return {
    id,
    target: target as SeedAssignment['target'],
    ...(whole['source'] === 'policySets' && { source: 'policySets' }),
    // What it did not have is not made up.
    own: { ...Object.fromEntries(absent.map((name) => [name, undefined])), ...Object.fromEntries(own) },
  };
}
