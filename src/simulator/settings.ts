import { z } from 'zod';
import { scheduledEditSchema } from './editSchema.ts';
import { FAULT_NAMES } from './faults.ts';
import { RETRY_AFTER_STYLES } from './retryAfter.ts';
import { POLICY_TYPES } from './policyKinds.ts';

const count = z.number().int().min(0);
const milliseconds = z.number().min(0);
const share = z.number().min(0).max(1);
const ids = z.array(z.string().min(1));
const limit = z.number().int().min(1).nullable();

const times = <S extends z.ZodType>(status: S) => z.strictObject({ status, times: z.number().int().min(1) });

/** Refuses requests by rule. Without `times` it does so for ever; with both ids both must be the request's. */
export const refusalSchema = z
  .strictObject({
    policyId: z.string().min(1).optional(),
    assignmentId: z.string().min(1).optional(),
    /** `POST` is the `assign` action of a policy, or a new assignment. */
    method: z.enum(['GET', 'PATCH', 'POST', 'DELETE']).default('PATCH'),
    status: z.number().int().min(400).max(599).default(403),
    code: z.string().default('Forbidden'),
    message: z.string().default('Application is not authorized to perform this operation.'),
    times: z.number().int().min(1).optional(),
  })
  .refine((rule) => rule.policyId !== undefined || rule.assignmentId !== undefined, {
    message: 'a refusal needs a policyId or an assignmentId',
  });

export type Refusal = z.output<typeof refusalSchema>;

export const settingsSchema = z.strictObject({
  /** Writes per window, app and family of policies; null for no limit. Scripts take twice as many. */
  writeLimit: limit,
  /** Those of some families, as throttleFamilies.ts calls them. */
  familyLimits: z.record(z.string(), limit),
  /** Whether kinds that are in no list of limits are counted by themselves, or with the configurations. */
  unlistedApart: z.boolean(),
  /** Requests per window, app and family, writes included; null for no limit. */
  requestLimit: limit,
  windowMs: z.number().min(1),
  window: z.enum(['fixed', 'sliding', 'bucket']),
  /** Requests that a full token bucket holds; null for as many as the limit. */
  bucketSize: z.number().int().min(1).nullable(),
  /** Whether refused requests count against the limits. */
  countRefused: z.boolean(),
  retryAfter: z.enum(RETRY_AFTER_STYLES),
  /** Share of the write limit that another app takes, from `otherAppFromMs` after the start. */
  otherAppShare: share,
  otherAppFromMs: milliseconds,
  /** Half of it passes before anything is counted or applied, half after. */
  latencyMs: milliseconds,
  slowMs: milliseconds,
  /** How long after its reply was lost a late write is applied. */
  lateMs: milliseconds,
  /** How long after a write, or a change by another hand, reads of a list, or of one of its assignments, still show what was before it. */
  readLagMs: milliseconds,
  /** The same of lists that are expanded with their policies. */
  expandLagMs: milliseconds,
  /** Entries that such a list shows; the rest is behind its `assignments@odata.nextLink`. Null for all. */
  expandedEntriesMax: z.number().int().min(1).nullable(),
  /** Policies whose list is empty there, whatever they have. */
  expandedEmpty: ids,
  /** Retry-After of a 503, by fault or outage; null for none. */
  unavailableRetryAfterSeconds: count.nullable(),
  /**
   * Spans in which Intune's reads get 503: milliseconds from the start, or the nth read to the mth; the end is no more in it.
   * Both count anew when they are set.
   */
  readOutages: z.array(
    z.strictObject({ by: z.enum(['ms', 'reads']), from: z.number().min(0), to: z.number().min(0) }),
  ),
  /** Entries of a list per page; a smaller `$top` makes the pages smaller. */
  pageSize: z.number().int().min(1),
  /** Ids are `{policyId}_{groupId}` once a target is written: one entry for a group, which a PATCH onto it overwrites. */
  rekey: z.boolean(),
  /** Policy types that take no PATCH of an assignment, only `assign`. */
  refusePatch: z.array(z.enum(POLICY_TYPES)),
  /** Policy types that the token may neither read nor write, whatever else it may. */
  kindsRefused: z.array(z.enum(POLICY_TYPES)),
  /** The body of an `assign` that was done: the policy's list, or null. */
  assignReply: z.enum(['list', 'null']),
  /** Of the entries that an `assign` keeps, `entriesDropped` loses the first of so many. */
  dropEvery: z.number().int().min(1),
  /** How the first writes of each assignment, or of each list by `assign`, are refused; the next ones are done. */
  firstWrites: z.array(times(z.literal([404, 409, 412]))),
  /** How the first envelopes that backoff only reads are answered by a proxy, with a page of its own. */
  proxyReads: z.array(times(z.literal([403, 404, 407]))),
  /** Policy types whose writes need Multi Admin Approval. */
  approvalFor: z.array(z.enum(POLICY_TYPES)),
  /** How a write that has to be approved is answered: 403 is documented, 412 is seen. */
  approvalStatus: z.literal([403, 412]),
  /** How long a code can be approved and used. */
  approvalExpiryMs: milliseconds,
  seed: z.number().int(),
  faults: z.partialRecord(z.enum(FAULT_NAMES), share),
  script: z.array(
    z.strictObject({
      envelope: z.number().int().min(1),
      fault: z.enum(FAULT_NAMES),
      request: count.optional(),
    }),
  ),
  /** Policy and assignment ids whose writes are answered with 403. */
  forbidden: z.array(z.string().min(1)),
  refusals: z.array(refusalSchema),
  /** Groups by the names that people call them; others are called after their ids. */
  groups: z.array(z.strictObject({ id: z.string().min(1), displayName: z.string().min(1) })),
  /** Groups that do not exist, are no security groups, have no members; all others are what they should be. */
  groupsMissing: ids,
  groupsNotSecurity: ids,
  groupsEmpty: ids,
  /** How many users and devices groups have; others have one of each. */
  groupMembers: z.array(z.strictObject({ id: z.string().min(1), users: count, devices: count })),
  /** Whether the token may not read groups. */
  groupReadsRefused: z.boolean(),
  /** Filters that do not exist, whatever the tenant holds. */
  filtersMissing: ids,
  filterReadsRefused: z.boolean(),
  /** Bytes that every entry of a list is padded with, and how deep a property of it nests. */
  entryBytes: count,
  nestDepth: count,
  /** A PATCH stores the `source` and `sourceId` of its body on configurations too, where they are documented as read-only. */
  storeSource: z.boolean(),
  /** A POST adds an assignment once more for a target that the policy has. */
  addTwice: z.boolean(),
  /** Whether the token may not read the audit log. */
  auditRefused: z.boolean(),
  /** Intune's own deployments; null: the tenant has no such thing. */
  deployments: z
    .array(z.strictObject({ payloadId: z.string().min(1), mode: z.string(), state: z.string() }))
    .nullable(),
  /** Whether replies are compressed: when the client accepts it, or whatever it says. */
  gzip: z.enum(['never', 'accepted', 'always']),
  /** What somebody else changes between a read and a write. */
  concurrentEdits: z.array(scheduledEditSchema),
  /** Accepted access tokens; null for any. Each token is an app of its own to the limits. */
  tokens: z.array(z.string().min(1)).nullable(),
  /** What every token is allowed: requests beyond it get 403. */
  access: z.enum(['write', 'read', 'none']),
  /** Requests this soon after a Retry-After are taken to have been on their way already. */
  backoffGraceMs: milliseconds,
});

export type SimulatorSettings = z.output<typeof settingsSchema>;
export type SettingsChange = Partial<z.input<typeof settingsSchema>>;

/** Intune's limits: learn.microsoft.com/graph/throttling-limits, "Intune service limits". */
export const DEFAULT_SETTINGS: SimulatorSettings = {
  writeLimit: 100,
  familyLimits: {},
  unlistedApart: false,
  requestLimit: 1000,
  windowMs: 20_000,
  window: 'sliding',
  bucketSize: null,
  countRefused: false,
  retryAfter: 'seconds',
  otherAppShare: 0,
  otherAppFromMs: 0,
  latencyMs: 0,
  slowMs: 5_000,
  lateMs: 5_000,
  readLagMs: 0,
  expandLagMs: 0,
  expandedEntriesMax: null,
  expandedEmpty: [],
  unavailableRetryAfterSeconds: null,
  readOutages: [],
  pageSize: 1_000,
  rekey: false,
  refusePatch: [],
  kindsRefused: [],
  assignReply: 'list',
  dropEvery: 3,
  firstWrites: [],
  proxyReads: [],
  approvalFor: [],
  approvalStatus: 403,
  approvalExpiryMs: 3 * 24 * 3_600_000,
  seed: 1,
  faults: {},
  script: [],
  forbidden: [],
  refusals: [],
  groups: [],
  groupsMissing: [],
  groupsNotSecurity: [],
  groupsEmpty: [],
  groupMembers: [],
  groupReadsRefused: false,
  filtersMissing: [],
  filterReadsRefused: false,
  entryBytes: 0,
  nestDepth: 0,
  storeSource: false,
  addTwice: false,
  auditRefused: false,
  deployments: null,
  gzip: 'never',
  concurrentEdits: [],
  tokens: null,
  access: 'write',
  backoffGraceMs: 50,
};

const changeSchema = settingsSchema.partial();

/**
 * The settings with some of them changed.
 * @throws {SimulatorInputError} when a value or a name is none of ours.
 */
export function changedSettings(settings: SimulatorSettings, change: unknown): SimulatorSettings {
  const parsed = changeSchema.safeParse(change);
  if (!parsed.success) throw inputError('The simulator does not know such a setting', parsed.error);
  const given = Object.entries(parsed.data).filter(([, value]) => value !== undefined);
  return { ...settings, ...Object.fromEntries(given) };
}

/** The user's mistake in a setting, a flag or the tenant file. */
export class SimulatorInputError extends Error {
  override readonly name = 'SimulatorInputError';
  /** What to do next. */
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: { cause?: unknown }) {
    super(message, options);
    this.remedy = remedy;
  }
}

/** Every place that is wrong, under one headline. */
export function inputError(headline: string, error: z.ZodError): SimulatorInputError {
  const issues = error.issues.map((issue) => `${issue.path.join('.') || 'the whole'}: ${issue.message}`);
  return new SimulatorInputError(
    `${headline}: ${issues.join('; ')}.`,
    'Correct these places, or leave them out to take the default.',
  );
}
