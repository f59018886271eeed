import { FAULT_NAMES, FAULTS } from './faults.ts';
import { generateTenant } from './generateTenant.ts';
import { RETRY_AFTER_STYLES } from './retryAfter.ts';
import { POLICY_TYPES } from './policyKinds.ts';
import { DEFAULT_SETTINGS, SimulatorInputError, type SettingsChange } from './settings.ts';
import type { SimulatorOptions } from './simulator.ts';
import { readTenantFile } from './tenantFile.ts';

/** What the flags of the tenant and of the server say; all others are settings. */
interface PlainFlags {
  port: number;
  tenantFile: string;
  configurations: number;
  compliancePolicies: number;
  assignmentsPerPolicy: number;
  kinds: number;
  policySetShare: number;
  unknownTargetShare: number;
  unknownPropertyShare: number;
}

export type FlagKey = keyof PlainFlags | Exclude<keyof SettingsChange, 'refusals' | 'concurrentEdits'>;

/** One option of `simulate`. `key` is what commander calls its value: the long name in camel case. */
export interface SimulatorFlag {
  readonly key: FlagKey;
  /** As commander writes it: `--write-limit <n>`. */
  readonly flags: string;
  readonly description: string;
  /** The default in words, for the help. */
  readonly defaultText: string;
  /**
   * Reads the text of a flag that takes a value.
   * @throws {SimulatorInputError} when the text is no such value.
   */
  readonly parse?: (text: string) => unknown;
}

/** The tenant that is made up when no file is given. */
export const DEFAULT_TENANT = {
  configurations: 40,
  compliancePolicies: 10,
  assignmentsPerPolicy: 4,
} as const;

const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** What `--groups` takes. */
const namedGroups = (text: string): { id: string; displayName: string }[] =>
  list(text).map((part) => {
    const [id = '', ...name] = part.split('=');
    return { id, displayName: name.join('=') };
  });

/** What `--group-members` takes. */
const groupMembers = (text: string): { id: string; users: number; devices: number }[] =>
  list(text).map((part) => {
    const [, id = '', users = '', devices = ''] = /^([^=]*)=([^/]*)\/(.*)$/.exec(part) ?? [];
    return { id, users: number(users), devices: number(devices) };
  });

function number(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value))
    throw new SimulatorInputError(`"${text}" is no number.`, 'Write digits, as in 100 or 0.05.');
  return value;
}

const numberOrNone = (text: string): number | null =>
  text.trim().toLowerCase() === 'none' ? null : number(text);

/** `lost=0.05,html502=0.01` */
function faults(text: string): Record<string, number> {
  return Object.fromEntries(
    list(text).map((part) => {
      const [name = '', probability = ''] = part.split('=');
      return [name.trim(), number(probability)];
    }),
  );
}

/** `devices=50,applications=none` */
const limits = (text: string): Record<string, number | null> =>
  Object.fromEntries(
    list(text).map((part) => {
      const [family = '', limit = ''] = part.split('=');
      return [family.trim(), numberOrNone(limit)];
    }),
  );

/** `app-1,policy-2=paused,policy-3=draft` */
const deployments = (text: string): { payloadId: string; mode: string; state: string }[] =>
  list(text).map((part) => {
    const [payloadId = '', state = 'inProgress'] = part.split('=');
    return state === 'draft'
      ? { payloadId, mode: 'draft', state: 'notStarted' }
      : { payloadId, mode: 'active', state };
  });

/** `3:html502,5:lost:0`: envelope, fault, and which request of the envelope. */
function script(text: string): unknown[] {
  return list(text).map((part) => {
    const [envelope = '', fault = '', request] = part.split(':');
    return { envelope: number(envelope), fault, ...(request !== undefined && { request: number(request) }) };
  });
}

/** `409:1,404:2`: this status so often, then that. */
function times(text: string): unknown[] {
  return list(text).map((part) => {
    const [status = '', often = '1'] = part.split(':');
    return { status: number(status), times: number(often) };
  });
}

/** `200ms-2200ms,10-50`: by the clock, or from the nth read to the mth. */
function spans(text: string): unknown[] {
  return list(text).map((part) => {
    const [, from = '', fromMs, to = '', toMs] = /^([\d.]+)(ms)?-([\d.]+)(ms)?$/.exec(part) ?? [];
    if (from === '' || fromMs !== toMs) {
      throw new SimulatorInputError(`"${part}" is no span.`, 'Write 200ms-2200ms, or 10-50 for reads.');
    }
    return { by: toMs === undefined ? 'reads' : 'ms', from: number(from), to: number(to) };
  });
}

const faultHelp = FAULT_NAMES.map((name) => `${name}: ${FAULTS[name].does}`).join('; ');
const ofSettings = (key: keyof typeof DEFAULT_SETTINGS): string => String(DEFAULT_SETTINGS[key] ?? 'none');

/** Every option of `simulate`, in the order of its help. */
export const SIMULATOR_FLAGS: readonly SimulatorFlag[] = [
  {
    key: 'port',
    flags: '--port <n>',
    description: 'port on 127.0.0.1, 0 for any',
    defaultText: '0',
    parse: number,
  },
  {
    key: 'tenantFile',
    flags: '--tenant-file <path>',
    description: 'JSON file with the policies; else they are made up',
    defaultText: 'none',
  },
  {
    key: 'configurations',
    flags: '--configurations <n>',
    description: 'device configurations to make up',
    defaultText: String(DEFAULT_TENANT.configurations),
    parse: number,
  },
  {
    key: 'compliancePolicies',
    flags: '--compliance-policies <n>',
    description: 'compliance policies to make up',
    defaultText: String(DEFAULT_TENANT.compliancePolicies),
    parse: number,
  },
  {
    key: 'assignmentsPerPolicy',
    flags: '--assignments-per-policy <n>',
    description: 'assignments to make up for each',
    defaultText: String(DEFAULT_TENANT.assignmentsPerPolicy),
    parse: number,
  },
  {
    key: 'kinds',
    flags: '--kinds <n>',
    description: 'policies to make up of every other kind: settings catalog, apps, scripts, …',
    defaultText: '0',
    parse: number,
  },
  {
    key: 'policySetShare',
    flags: '--policy-set-share <share>',
    description: 'share of them that a policy set made, 0 to 1',
    defaultText: '0',
    parse: number,
  },
  {
    key: 'unknownTargetShare',
    flags: '--unknown-target-share <share>',
    description: 'share of them with a target of an unknown type, 0 to 1',
    defaultText: '0',
    parse: number,
  },
  {
    key: 'unknownPropertyShare',
    flags: '--unknown-property-share <share>',
    description:
      'share of them with a property of its own that is unknown, with a number beyond 2^53, 0 to 1',
    defaultText: '0',
    parse: number,
  },
  {
    key: 'seed',
    flags: '--seed <n>',
    description: 'of the tenant that is made up, and of chance',
    defaultText: ofSettings('seed'),
    parse: number,
  },
  {
    key: 'writeLimit',
    flags: '--write-limit <n>',
    description: 'writes per window, app and family of policies (scripts twice as many), or none',
    defaultText: ofSettings('writeLimit'),
    parse: numberOrNone,
  },
  {
    key: 'familyLimits',
    flags: '--family-limits <family=n,…>',
    description: 'writes per window of some families, as in devices=50',
    defaultText: 'none',
    parse: limits,
  },
  {
    key: 'unlistedApart',
    flags: '--unlisted-apart',
    description: 'kinds in no list of limits are counted by themselves, not with the configurations',
    defaultText: 'off',
  },
  {
    key: 'requestLimit',
    flags: '--request-limit <n>',
    description: 'requests per window, app and family, or none',
    defaultText: ofSettings('requestLimit'),
    parse: numberOrNone,
  },
  {
    key: 'windowMs',
    flags: '--window-ms <ms>',
    description: 'length of the window',
    defaultText: ofSettings('windowMs'),
    parse: number,
  },
  {
    key: 'window',
    flags: '--window <kind>',
    description: 'fixed, sliding or bucket',
    defaultText: ofSettings('window'),
    parse: String,
  },
  {
    key: 'bucketSize',
    flags: '--bucket-size <n>',
    description: 'requests a full bucket holds, or none for the limit',
    defaultText: ofSettings('bucketSize'),
    parse: numberOrNone,
  },
  {
    key: 'countRefused',
    flags: '--count-refused',
    description: 'refused requests count against the limits',
    defaultText: 'no',
  },
  {
    key: 'retryAfter',
    flags: '--retry-after <style>',
    description: RETRY_AFTER_STYLES.join(', '),
    defaultText: ofSettings('retryAfter'),
    parse: String,
  },
  {
    key: 'otherAppShare',
    flags: '--other-app-share <share>',
    description: 'share of the write limit that another app takes, 0 to 1',
    defaultText: ofSettings('otherAppShare'),
    parse: number,
  },
  {
    key: 'otherAppFromMs',
    flags: '--other-app-from-ms <ms>',
    description: 'when the other app begins, after the start',
    defaultText: ofSettings('otherAppFromMs'),
    parse: number,
  },
  {
    key: 'latencyMs',
    flags: '--latency-ms <ms>',
    description: 'time every reply takes',
    defaultText: ofSettings('latencyMs'),
    parse: number,
  },
  {
    key: 'faults',
    flags: '--faults <name=probability,…>',
    description: faultHelp,
    defaultText: 'none',
    parse: faults,
  },
  {
    key: 'script',
    flags: '--script <envelope:fault[:request],…>',
    description: 'faults at given envelopes, counted from 1',
    defaultText: 'none',
    parse: script,
  },
  {
    key: 'slowMs',
    flags: '--slow-ms <ms>',
    description: 'how late a slow reply is',
    defaultText: ofSettings('slowMs'),
    parse: number,
  },
  {
    key: 'lateMs',
    flags: '--late-ms <ms>',
    description:
      'how late a write lands whose reply was lost, reset or timed out, whatever became of its sender',
    defaultText: ofSettings('lateMs'),
    parse: number,
  },
  {
    key: 'readLagMs',
    flags: '--read-lag-ms <ms>',
    description: 'how long after a write reads of a list show it as it was before',
    defaultText: ofSettings('readLagMs'),
    parse: number,
  },
  {
    key: 'expandLagMs',
    flags: '--expand-lag-ms <ms>',
    description: 'the same of lists that are expanded with their policies',
    defaultText: ofSettings('expandLagMs'),
    parse: number,
  },
  {
    key: 'expandedEntriesMax',
    flags: '--expanded-entries-max <n>',
    description:
      'entries that a list shows that is expanded with its policy, before a link to the rest, or none',
    defaultText: ofSettings('expandedEntriesMax'),
    parse: numberOrNone,
  },
  {
    key: 'expandedEmpty',
    flags: '--expanded-empty <id,…>',
    description: 'policies whose list is empty where it is expanded with them',
    defaultText: 'none',
    parse: list,
  },
  {
    key: 'firstWrites',
    flags: '--first-writes <status:times,…>',
    description:
      "how each assignment's, or list's, first writes are refused: 409, 412, or 404 though lists show it",
    defaultText: 'none',
    parse: times,
  },
  {
    key: 'proxyReads',
    flags: '--proxy-reads <status:times,…>',
    description: "how a proxy's page answers the first envelopes of reads only: 403, 404 or 407",
    defaultText: 'none',
    parse: times,
  },
  {
    key: 'unavailableRetryAfterSeconds',
    flags: '--unavailable-retry-after-seconds <s>',
    description: 'Retry-After of a 503, or none',
    defaultText: ofSettings('unavailableRetryAfterSeconds'),
    parse: numberOrNone,
  },
  {
    key: 'readOutages',
    flags: '--read-outages <from-to,…>',
    description: 'when reads get 503: 200ms-2200ms after the start, or 10-50 for the 10th read to the 49th',
    defaultText: 'none',
    parse: spans,
  },
  {
    key: 'pageSize',
    flags: '--page-size <n>',
    description: 'entries per page of a list',
    defaultText: ofSettings('pageSize'),
    parse: number,
  },
  {
    key: 'rekey',
    flags: '--rekey',
    description:
      'an assignment that is written gets the id {policyId}_{groupId}, and overwrites another one of that group',
    defaultText: 'no',
  },
  {
    key: 'refusePatch',
    flags: '--refuse-patch <type,…>',
    description: `policy types that take no PATCH of an assignment, only assign: ${POLICY_TYPES.join(', ')}`,
    defaultText: 'none',
    parse: list,
  },
  {
    key: 'kindsRefused',
    flags: '--kinds-refused <type,…>',
    description: 'policy types that the token may neither read nor write',
    defaultText: 'none',
    parse: list,
  },
  {
    key: 'assignReply',
    flags: '--assign-reply <kind>',
    description: 'what a done assign is answered with: list or null',
    defaultText: ofSettings('assignReply'),
    parse: String,
  },
  {
    key: 'dropEvery',
    flags: '--drop-every <n>',
    description: 'entriesDropped loses the first of so many kept entries',
    defaultText: ofSettings('dropEvery'),
    parse: number,
  },
  {
    key: 'approvalFor',
    flags: '--approval-for <type,…>',
    description: 'policy types whose writes need Multi Admin Approval',
    defaultText: 'none',
    parse: list,
  },
  {
    key: 'approvalStatus',
    flags: '--approval-status <n>',
    description: 'status of a write that has to be approved, 403 or 412',
    defaultText: ofSettings('approvalStatus'),
    parse: number,
  },
  {
    key: 'approvalExpiryMs',
    flags: '--approval-expiry-ms <ms>',
    description: 'how long an approval code is good',
    defaultText: ofSettings('approvalExpiryMs'),
    parse: number,
  },
  {
    key: 'forbidden',
    flags: '--forbidden <id,…>',
    description: 'policies and assignments whose writes get 403',
    defaultText: 'none',
    parse: list,
  },
  {
    key: 'groups',
    flags: '--groups <id=name,…>',
    description: 'groups that are called so; a tenant file takes names with commas, too',
    defaultText: 'none',
    parse: namedGroups,
  },
  {
    key: 'groupsMissing',
    flags: '--groups-missing <id,…>',
    description: 'groups that do not exist; all others do',
    defaultText: 'none',
    parse: list,
  },
  {
    key: 'groupsNotSecurity',
    flags: '--groups-not-security <id,…>',
    description: 'groups that are no security groups',
    defaultText: 'none',
    parse: list,
  },
  {
    key: 'groupsEmpty',
    flags: '--groups-empty <id,…>',
    description: 'groups without members',
    defaultText: 'none',
    parse: list,
  },
  {
    key: 'groupMembers',
    flags: '--group-members <id=users/devices,…>',
    description: 'how many users and devices groups have; all others have one of each',
    defaultText: 'none',
    parse: groupMembers,
  },
  {
    key: 'groupReadsRefused',
    flags: '--group-reads-refused',
    description: 'reads of groups get 403',
    defaultText: 'no',
  },
  {
    key: 'filtersMissing',
    flags: '--filters-missing <id,…>',
    description: 'assignment filters that do not exist',
    defaultText: 'none',
    parse: list,
  },
  {
    key: 'filterReadsRefused',
    flags: '--filter-reads-refused',
    description: 'reads of assignment filters get 403',
    defaultText: 'no',
  },
  {
    key: 'entryBytes',
    flags: '--entry-bytes <n>',
    description: 'bytes that every entry of a list is padded with, as in 3000000',
    defaultText: ofSettings('entryBytes'),
    parse: number,
  },
  {
    key: 'nestDepth',
    flags: '--nest-depth <n>',
    description: 'levels that a property of every entry of a list nests',
    defaultText: ofSettings('nestDepth'),
    parse: number,
  },
  {
    key: 'addTwice',
    flags: '--add-twice',
    description: 'a POST adds an assignment once more for a target that the policy has',
    defaultText: 'no',
  },
  {
    key: 'storeSource',
    flags: '--store-source',
    description: 'the source in the body of a PATCH is stored on configurations too',
    defaultText: 'no',
  },
  {
    key: 'auditRefused',
    flags: '--audit-refused',
    description: 'reads of the audit log get 403',
    defaultText: 'no',
  },
  {
    key: 'deployments',
    flags: '--deployments <id[=state],…>',
    description:
      'policies and apps in Intune’s own deployments, none with an empty list: notStarted, inProgress, paused, completed, … or draft',
    defaultText: 'the tenant has no such thing',
    parse: deployments,
  },
  {
    key: 'gzip',
    flags: '--gzip <when>',
    description: 'when replies are compressed: never, accepted (if the client accepts it) or always',
    defaultText: ofSettings('gzip'),
    parse: String,
  },
  {
    key: 'tokens',
    flags: '--tokens <token,…>',
    description: 'accepted access tokens; else any',
    defaultText: 'any',
    parse: list,
  },
  {
    key: 'access',
    flags: '--access <kind>',
    description: 'what every token is allowed, else 403: write, read or none',
    defaultText: ofSettings('access'),
    parse: String,
  },
  {
    key: 'backoffGraceMs',
    flags: '--backoff-grace-ms <ms>',
    description: 'requests this soon after a Retry-After are not counted as too early',
    defaultText: ofSettings('backoffGraceMs'),
    parse: number,
  },
];

/**
 * The options for `startSimulator` from the values of SIMULATOR_FLAGS; flags not given are absent.
 * @throws {SimulatorInputError} when the tenant file can't be read.
 */
export async function simulatorOptions(
  values: Partial<Readonly<Record<FlagKey, unknown>>>,
): Promise<SimulatorOptions> {
  // Each flag's `parse` makes the type, and `startSimulator` checks the settings as a whole.
  const {
    port,
    tenantFile,
    configurations,
    compliancePolicies,
    assignmentsPerPolicy,
    kinds,
    policySetShare,
    unknownTargetShare,
    unknownPropertyShare,
    ...settings
  } = values as Partial<PlainFlags> & SettingsChange;
  const tenant =
    tenantFile === undefined
      ? generateTenant({
          configurations: configurations ?? DEFAULT_TENANT.configurations,
          compliancePolicies: compliancePolicies ?? DEFAULT_TENANT.compliancePolicies,
          assignmentsPerPolicy: assignmentsPerPolicy ?? DEFAULT_TENANT.assignmentsPerPolicy,
          seed: settings.seed ?? DEFAULT_SETTINGS.seed,
          nested: true,
          kinds,
          policySetShare,
          unknownTargetShare,
          unknownPropertyShare,
        })
      : await readTenantFile(tenantFile);
  return { ...settings, tenant, ...(port !== undefined && { port }) };
}
