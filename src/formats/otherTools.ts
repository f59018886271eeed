import type { Fault } from '../assignments/rows/row.ts';
import { plainName } from '../assignments/values/plainName.ts';

/**
 * Files that people have of other tools, known by names that only they use. They say what is, or name things by names, or
 * lose what matters; read as a desired state, most would widen who gets a policy. So they are called what they are, and the way to go
 * is told. Sources: the tools' own source code.
 */
interface OtherFile {
  /** In a sentence: "The file is …". */
  readonly is: string;
  /** Names that are all there. */
  readonly has: readonly string[];
  /** What the file can't tell, so that it is no full list; undefined when it has ids and says all. */
  readonly loses?: string;
  /** Which of its columns become which of ours, where it has ids. */
  readonly map?: string;
}

const HOW_TO_GO_ON =
  'Write the assignments as they are with `retarget export -o present.csv`, change that file, and plan it.';

const IDS = 'groups and policies by name only';

/** The first that fits counts. */
const TABLES: readonly OtherFile[] = [
  {
    is: "IntuneAssistant's template for bulk assignments",
    has: ['PolicyName', 'GroupName', 'AssignmentDirection', 'AssignmentAction'],
    loses: IDS,
  },
  {
    is: 'an overview of assignments by IntuneAssistant',
    has: ['Resource', 'Assignment', 'Target', 'Filter Type'],
    loses: IDS,
  },
  {
    is: 'an export of intune-assignments-manager',
    has: ['ItemType', 'ItemName', 'ItemId', 'TargetType', 'FilterMode'],
    map: 'ItemId becomes policyId, FilterMode filterType; in TargetType exclusion becomes exclusionGroup, allUsers allLicensedUsers; policyType is added',
  },
  {
    is: 'an assignment report of Intune-Toolkit',
    has: ['PolicyId', 'AssignmentType', 'GroupDisplayname', 'FilterDisplayname'],
    map: 'AssignmentType becomes targetType (Include group, Exclude exclusionGroup), FilterId and FilterType stay; policyType is added',
  },
  {
    is: "IntuneAssignmentChecker's report",
    has: ['ScopeTags', 'AssignmentType', 'AssignedTo', 'Filter'],
    loses: 'which of several groups are excluded',
  },
  {
    is: "IntuneAssignmentChecker's answer to a query",
    has: ['Item', 'ScopeTags', 'AssignmentReason'],
    loses: IDS,
  },
  {
    is: "IntuneAssignmentChecker's list of effective assignments",
    has: ['SubjectType', 'SubjectId', 'EffectiveState', 'AssignmentMode', 'TargetId'],
    map: 'TargetId becomes groupId, AssignmentMode and TargetType become targetType, FilterMode filterType; one row is kept of each assignment, and policyType is added',
  },
  {
    is: 'an export of InToolz',
    has: ['Name', 'Type', 'Assignment Target', 'Target Group', 'Filter ID'],
    map: 'ID becomes policyId, Assignment Target targetType, Target Group groupId where it is an id; policyType is added',
  },
  {
    is: "InToolz's list of policies",
    has: ['Name', 'Type', 'Platform', 'Description', 'ID'],
    loses: 'any assignment',
  },
  {
    is: 'an export of Get-IntuneAssignments',
    has: ['DisplayName', 'ProfileType', 'IncludedGroups', 'ExcludedGroups'],
    loses: 'whether a filter includes or excludes, and ids',
  },
  {
    is: "IntuneManagement's list of assignments",
    has: ['Name', 'Type', 'IncludedString', 'ExcludedString'],
    loses: 'filters, intents and ids',
  },
  {
    is: "IntuneManagement's documentation of assignments",
    has: ['GroupMode', 'Group', 'Filter', 'FilterMode'],
    loses: IDS,
  },
  {
    is: 'an export of IntuneAppAssigner',
    has: ['App', 'Publisher', 'Intent', 'Assignment', 'Filter Mode'],
    loses: 'excluded groups, and ids',
  },
  {
    is: 'a list of policies of CIPP',
    has: ['displayName', 'PolicyAssignment', 'PolicyExclude'],
    loses: 'filters and ids',
  },
  {
    is: 'a list of apps of CIPP',
    has: ['displayName', 'AppAssignment', 'AppExclude'],
    loses: 'filters and ids',
  },
  {
    is: 'a list of scripts of CIPP',
    has: ['displayName', 'ScriptAssignment', 'ScriptExclude'],
    loses: 'filters and ids',
  },
  {
    is: 'an export of IntuneWin32BulkManagement',
    has: ['AppName', 'AppId', 'Publisher', 'Group', 'Intent', 'Status'],
    loses: 'which groups are excluded, and which intent is whose',
  },
  {
    is: 'a report of Intune.Reporting',
    has: ['policyName', 'displayName', 'filterName', 'filterType', 'mode'],
    loses: 'which groups are excluded, and ids',
  },
  {
    is: 'an export of Get-AllIntuneAssignmentsFromGroups',
    has: ['displayName', 'id', 'deviceManagementScripts', 'deviceEnrollmentConfigurations', 'intents'],
    loses: 'the ids of policies, and filters',
  },
  {
    is: 'an export of Intune Assignment Reporter',
    has: ['PolicyId', 'Assignment', 'AppIntent', 'TargetGroupId'],
    map: 'TargetGroupId becomes groupId, Assignment targetType (Include group, Exclude exclusionGroup), FilterId and FilterType stay; policyType is added',
  },
  {
    is: "IntuneAssignmentChecker's comparison of groups",
    has: ['Category', 'PolicyName'],
    loses: 'ids and filters',
  },
];

/** What another tool's table is, and the way to go; undefined for what is not known as one. Order, case and spaces do not count. */
export function otherTable(header: readonly string[]): Fault | undefined {
  const names = new Set(header.map(plainName));
  const found = TABLES.find(({ has }) => has.every((name) => names.has(plainName(name))));
  if (found === undefined) return undefined;
  return {
    message: `The file is ${found.is}: ${found.loses === undefined ? 'its columns are called otherwise' : lossOf(found.loses)}.`,
    remedy: found.map === undefined ? HOW_TO_GO_ON : `Rename its columns: ${found.map}. Or: ${HOW_TO_GO_ON}`,
  };
}

const lossOf = (loses: string): string => (loses === IDS ? `it tells ${loses}` : `it does not tell ${loses}`);

const AS_IT_IS = 'it says what is, not what shall be';

/** Members by which JSON that is not ours is known, the most telling first. */
const MEMBERS: readonly (readonly [name: string, is: string])[] = [
  ['SchemaName', `a snapshot of IntuneAssignmentChecker: ${AS_IT_IS}`],
  ['Records', `a snapshot of IntuneAssignmentChecker: ${AS_IT_IS}`],
  ['responses', "Graph's answer to a saved batch: the requests are in another file"],
  ['@odata.context', `Graph's own answer: ${AS_IT_IS}`],
  ['assignments@odata.context', `a policy as Graph shows it, or a backup of some: ${AS_IT_IS}`],
  ['assignments', `a policy with its assignments, or a backup of some: ${AS_IT_IS}`],
  ['value', `a list in "value", as Graph shows its own: ${AS_IT_IS}`],
  ['@odata.type', `a policy as Graph shows it, or a backup of some: ${AS_IT_IS}`],
  ['roleScopeTagIds', `a policy as Graph shows it, or a backup of some: ${AS_IT_IS}`],
];

/** What JSON of another tool, or of Graph, is, by the names of its members; undefined for what is not known as such. */
export function otherObject(names: readonly string[]): Fault | undefined {
  const found = MEMBERS.find(([name]) => names.includes(name));
  const isBare = names.includes('id') && names.includes('target') && !names.some(isPolicyName);
  if (found === undefined && !isBare) return undefined;
  return {
    message: `The file holds ${found?.[1] ?? `assignments as Graph shows them, without their policy: ${AS_IT_IS}`}.`,
    remedy:
      found?.[0] === 'value'
        ? `If these are rows of yours, take the array out: [ {…}, {…} ]. Otherwise: ${HOW_TO_GO_ON}`
        : HOW_TO_GO_ON,
  };
}

const isPolicyName = (name: string): boolean => ['policyid', 'url', 'policytype'].includes(plainName(name));
