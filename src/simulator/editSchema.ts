import { z } from 'zod';
import { assignmentSchema, intentSchema, policyTypeSchema, targetSchema } from './assignmentSeed.ts';

const editShape = {
  type: policyTypeSchema,
  policyId: z.string().min(1),
  via: z.string().default(''),
};

/** One change that somebody else makes to a policy's list: an admin in the portal, or another app. */
export const editSchema = z.discriminatedUnion('do', [
  /** Without `id` the assignment gets `{policyId}_{groupId}`. */
  z.strictObject({
    do: z.literal('add'),
    ...editShape,
    assignment: assignmentSchema.partial({ id: true }),
  }),
  /** What is not given stays; so does the id. */
  z.strictObject({
    do: z.literal('change'),
    ...editShape,
    assignmentId: z.string().min(1),
    target: targetSchema.optional(),
    intent: intentSchema.optional(),
  }),
  z.strictObject({ do: z.literal('remove'), ...editShape, assignmentId: z.string().min(1) }),
]);

/** An edit that follows the nth read of its list. */
export const scheduledEditSchema = z.strictObject({ afterReads: z.number().int().min(1), edit: editSchema });

export type Edit = z.output<typeof editSchema>;
export type EditInput = z.input<typeof editSchema>;
export type ScheduledEdit = z.output<typeof scheduledEditSchema>;
