import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { assignmentSchema, policyTypeSchema, type SeedAssignment } from './assignmentSeed.ts';
import { readJson } from './json.ts';
import { kindOfType } from './policyKinds.ts';
import { isVia } from './route.ts';
import { inputError, refusalSchema, settingsSchema, SimulatorInputError } from './settings.ts';

const policySchema = z
  .strictObject({
    id: z.string().min(1),
    type: policyTypeSchema,
    displayName: z.string().optional(),
    odataType: z.string().optional(),
    via: z.string().optional(),
    /** What else it shows, as Graph does. */
    properties: z.record(z.string(), z.unknown()).optional(),
    assignments: z.array(assignmentSchema),
  })
  .refine(({ type, via }) => isVia(kindOfType(type).set, via ?? ''), {
    path: ['via'],
    message: 'is none of the nested forms of such a policy',
  });

const filterSchema = z.strictObject({
  id: z.string().min(1),
  displayName: z.string(),
  platform: z.string().min(1),
  rule: z.string().optional(),
});

const tenantSchema = z.strictObject({
  policies: z.array(policySchema),
  filters: z.array(filterSchema).optional(),
  refusals: z.array(refusalSchema).optional(),
  settings: settingsSchema.partial().optional(),
});

/** What a simulated tenant holds at first; `tenantFrom` makes it live. */
export type TenantSeed = z.input<typeof tenantSchema>;
export type SeedPolicy = TenantSeed['policies'][number];
export type { SeedAssignment };

/**
 * Reads a tenant from a JSON file that a person can write:
 *
 *     {
 *       "policies": [
 *         { "id": "wifi-1", "type": "deviceConfiguration", "displayName": "Wi-Fi",
 *           "assignments": [
 *             { "id": "a-1", "target": { "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "g-1" } } ] },
 *         { "id": "wifi-1", "type": "deviceConfiguration", "via": "rootCertificate",
 *           "assignments": [ … ] },
 *         { "id": "pin-1", "type": "deviceCompliancePolicy", "assignments": [ … ] } ],
 *       "filters": [ { "id": "f-1", "displayName": "Corporate", "platform": "iOS" } ],
 *       "settings": { "groupsMissing": [ "g-9" ], "groupReadsRefused": false },
 *       "refusals": [ { "assignmentId": "a-1", "status": 403, "code": "Forbidden", "message": "…", "times": 2 } ]
 *     }
 *
 * A policy stands once per `via`: a nested form has its own list, as it leads to another policy, the certificate profile.
 * Optional: `displayName`, `odataType`, `via`, `properties` (what else it shows); `intent` (apply), `source` (direct; an assignment with policySets refuses
 * writes), `sourceId` and `own` (what else it has, be it documented or not) of an assignment; a filter in the target (`deviceAndAppManagementAssignmentFilterId` and `…Type`).
 * Without `filters` those that assignments use exist. `settings` are all that the simulator has, unless flags say otherwise.
 * A refusal names a `policyId`, an `assignmentId` or both; `method` is PATCH, `status` 403; without `times` it lasts.
 *
 * @throws {SimulatorInputError} with the places that are wrong.
 */
export async function readTenantFile(path: string): Promise<TenantSeed> {
  let value: unknown;
  try {
    value = readJson(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new SimulatorInputError(
      `The tenant file ${path} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Give --tenant-file a JSON file of the form {"policies": [ … ]}.',
      { cause },
    );
  }
  return checkedSeed(value, `The tenant file ${path} is wrong`);
}

/** @throws {SimulatorInputError} with the places that are wrong. */
export function checkedSeed(value: unknown, headline: string): TenantSeed {
  const parsed = tenantSchema.safeParse(value);
  if (!parsed.success) throw inputError(headline, parsed.error);
  const seen = new Set<string>();
  for (const { id, type, via = '', assignments } of parsed.data.policies) {
    const list = `${type} ${id} ${via}`.trim();
    for (const place of [list, ...assignments.map((assignment) => `${list} assignment ${assignment.id}`)]) {
      if (seen.has(place.toLowerCase())) {
        throw new SimulatorInputError(
          `${headline}: ${place} stands in it twice.`,
          'Leave one of the two out.',
        );
      }
      seen.add(place.toLowerCase());
    }
  }
  return parsed.data;
}
