import type { Fault } from '../../assignments/rows/row.ts';
import { columnMeaning } from '../../assignments/rows/columns.ts';
import { plainName } from '../../assignments/values/plainName.ts';

/**
 * Tables of other tools that lose what matters: read as what shall be, most would widen who gets a policy. So they are called what they
 * are, what they lose is told, and the way to go. Sources: the tools' own source code.
 */
interface RefusedTable {
  /** In a sentence: "The file is …". */
  readonly is: string;
  /** Names that are all there. */
  readonly has: readonly string[];
  /** What it can't tell, and by which column: in a sentence. */
  readonly loses: string;
  /** A file of the same tool that can be read. */
  readonly instead?: string;
  /** Beside the names of `has` there is at least one, and none of ours. */
  readonly hasNamesOfGroups?: true;
}

const HOW_TO_GO_ON =
  'Write the assignments as they are with `retarget export -o present.csv`, change that file, and plan it.';

const INSTEAD_OF_CHECKER =
  'its snapshot (JSON) or its list of effective assignments (CSV), which have ids and one row an assignment';

/** The first that fits counts. */
const TABLES: readonly RefusedTable[] = [
  {
    is: 'an overview of assignments by IntuneAssistant',
    has: ['Resource', 'Assignment', 'Target', 'Filter Type'],
    loses: 'names a resource and a target without ids, and what stands in Assignment is not documented',
    instead: 'its "Export for bulk assignments"',
  },
  {
    is: "IntuneAssignmentChecker's report",
    has: ['ScopeTags', 'AssignmentType', 'AssignedTo', 'Filter'],
    loses:
      'tells in AssignmentType only the strongest of a list, so that an excluded group looks like an included one',
    instead: INSTEAD_OF_CHECKER,
  },
  {
    is: "IntuneAssignmentChecker's answer to a query",
    has: ['Item', 'ScopeTags', 'AssignmentReason'],
    loses:
      'tells whether a group is excluded only in the words of AssignmentReason, and has no ids of groups',
    instead: INSTEAD_OF_CHECKER,
  },
  {
    is: "InToolz's list of policies",
    has: ['Name', 'Type', 'Platform', 'Description', 'ID'],
    loses: 'has no assignments',
    instead: 'its export of assignments',
  },
  {
    is: 'an export of Get-IntuneAssignments',
    has: ['DisplayName', 'ProfileType', 'IncludedGroups', 'ExcludedGroups'],
    loses:
      'does not tell in IncludedGroups whether a filter includes or excludes, leaves the exclusions of apps out, and has no ids',
  },
  {
    is: "IntuneManagement's list of assignments",
    has: ['Name', 'Type', 'IncludedString', 'ExcludedString'],
    loses: 'has no filters, no intents and no ids',
    instead: 'its export as JSON, with MigrationTable.json as --rename',
  },
  {
    is: "IntuneManagement's documentation of assignments",
    has: ['GroupMode', 'Group', 'Filter', 'FilterMode'],
    loses: 'does not name the policy, and GroupMode is in the language of the user',
    instead: 'its export as JSON, with MigrationTable.json as --rename',
  },
  {
    is: 'an export of IntuneAppAssigner',
    has: ['App', 'Publisher', 'Intent', 'Assignment', 'Filter Mode'],
    loses: 'leaves Assignment empty for an excluded group and for one that is gone, and has no ids',
  },
  {
    is: 'a list of policies of CIPP',
    has: ['displayName', 'PolicyAssignment', 'PolicyExclude'],
    loses: 'has no filters and no ids, and its lists of groups are cut at commas',
  },
  {
    is: 'a list of apps of CIPP',
    has: ['displayName', 'AppAssignment', 'AppExclude'],
    loses: 'has no filters and no ids, and its lists of groups are cut at commas',
  },
  {
    is: 'a list of scripts of CIPP',
    has: ['displayName', 'ScriptAssignment', 'ScriptExclude'],
    loses: 'has no filters and no ids, and its lists of groups are cut at commas',
  },
  {
    is: 'an export of IntuneWin32BulkManagement',
    has: ['AppName', 'AppId', 'Publisher', 'Group', 'Intent', 'Status'],
    loses: 'shows excluded groups in Group as included ones, and Intent may be that of another group',
  },
  {
    is: 'a report of Intune.Reporting',
    has: ['policyName', 'displayName', 'filterName', 'filterType', 'mode'],
    loses: 'leaves mode empty for every group, so that excluded ones are not marked, and has no ids',
  },
  {
    is: 'an export of Get-AllIntuneAssignmentsFromGroups',
    has: ['displayName', 'id', 'deviceManagementScripts', 'deviceEnrollmentConfigurations', 'intents'],
    loses: 'has no ids of policies and no filters, and leaves most excluded groups out',
  },
  {
    is: 'an export of Intune Assignment Reporter',
    has: ['PolicyId', 'Assignment', 'AppIntent', 'TargetGroupId'],
    loses: 'has the assignments of one group only, and of each list the first page',
  },
  {
    is: "IntuneAssignmentChecker's comparison of groups",
    has: ['Category', 'PolicyName'],
    loses: 'has no ids and no filters, and its columns are groups',
    instead: INSTEAD_OF_CHECKER,
    hasNamesOfGroups: true,
  },
];

/** What another tool's table is, and the way to go; undefined for what is not known as one. Order, case and spaces do not count. */
export function refusedTable(header: readonly string[]): Fault | undefined {
  const names = new Set(header.map(plainName).filter((name) => name !== ''));
  const found = TABLES.find(
    ({ has, hasNamesOfGroups }) =>
      has.every((name) => names.has(plainName(name))) &&
      (hasNamesOfGroups !== true || hasOnlyGroupsBeside(names, has)),
  );
  if (found === undefined) return undefined;
  const { is, loses, instead } = found;
  return {
    message: `The file is ${is}: it ${loses}.`,
    remedy: instead === undefined ? HOW_TO_GO_ON : `Give ${instead}. Or: ${HOW_TO_GO_ON}`,
  };
}

function hasOnlyGroupsBeside(names: ReadonlySet<string>, has: readonly string[]): boolean {
  const beside = [...names].filter((name) => !has.some((each) => plainName(each) === name));
  return beside.length > 0 && beside.every((name) => columnMeaning(name).kind === 'unknown');
}

/** Texts that are no table at all, by their first lines. */
const TEXTS: readonly (readonly [start: RegExp, fault: Fault])[] = [
  [
    /Microsoft365DSC|M365TenantConfig|MSFT_(?:DeviceManagement|Intune)\w*Assignments\b/i,
    {
      message:
        'The file is a configuration of Microsoft365DSC: PowerShell code that only PowerShell can read.',
      remedy: HOW_TO_GO_ON,
    },
  ],
  [
    /^\s*(?:---|'?"?@odata\.[\w.]+'?"?:|assignments:|- target:)/i,
    {
      message: 'The file is YAML, as IntuneCD writes a policy.',
      remedy: `Let IntuneCD write JSON, and give that. Or: ${HOW_TO_GO_ON}`,
    },
  ],
];

/** What a file is that is no table, by its first lines; undefined for what may be one. */
export const refusedText = (firstLines: readonly string[]): Fault | undefined =>
  TEXTS.find(([start]) => firstLines.some((line) => start.test(line)))?.[1];
