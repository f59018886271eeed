import { z } from 'zod';
import { POLICY_TYPES } from './policyKinds.ts';

export const policyTypeSchema = z.enum(POLICY_TYPES);

/** Types that nobody knows are taken: a tenant may hold what no documentation names. */
export const targetSchema = z.looseObject({ '@odata.type': z.string().min(1) });

export const intentSchema = z.enum([
  ...(['apply', 'remove'] as const),
  ...(['available', 'required', 'uninstall', 'availableWithoutEnrollment'] as const),
]);

/** An assignment that the tenant holds, as a person writes it into a tenant file. */
export const assignmentSchema = z.strictObject({
  id: z.string().min(1),
  target: targetSchema,
  intent: intentSchema.optional(),
  source: z.enum(['direct', 'policySets']).optional(),
  sourceId: z.string().nullable().optional(),
  /** What else it has; what its kind does not, no documentation names. */
  own: z.record(z.string().min(1), z.unknown()).optional(),
});

export type SeedAssignment = z.input<typeof assignmentSchema>;
