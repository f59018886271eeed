import { describe, expect, test } from 'vitest';
import { readAll } from '../../support/readAll.ts';

// Headers as the tools write them, with invented rows.
const REFUSED: readonly [tool: string, header: string, row: string][] = [
  [
    'IntuneAssistant',
    'Type;Type;Resource;Assignment;Target;Platform;Status;Filter;Filter Type;Role Scope Tags',
    'Compliance;;Kiosk;;;iOS;Not Assigned;None;None;Default',
  ],
  [
    'IntuneAssistant',
    'Type;Resource;Assignment;Target;Platform;Status;Install Type;Filter;Filter Type',
    'App;Reader;Include;Wards;iOS;Assigned;required;None;None',
  ],
  [
    'IntuneAssistant',
    'Type;Resource;Assignment;Target;Platform;Status;Filter;Filter Type',
    'Compliance;Kiosk;Include;Wards;iOS;Assigned;None;None',
  ],
  [
    'IntuneAssignmentChecker',
    '"Category","Name","ID","Type","Platform","ScopeTags","AssignmentType","AssignedTo","Filter"',
    '"Settings Catalog","Kiosk","1","Settings Catalog","Windows","Default","Group","Wards; Labs","None; None"',
  ],
  [
    'IntuneAssignmentChecker',
    '"Category","Item","ScopeTags","AssignmentReason","FilterName","FilterType"',
    '"Compliance","Kiosk (ID: 1)","Default","Group Exclusion","",""',
  ],
  [
    'IntuneAssignmentChecker',
    '"Category","PolicyName","GRP-Wards","GRP-Labs"',
    '"Compliance","Kiosk","Excluded","Included"',
  ],
  ['InToolz', 'Name,Type,Platform,Description,ID', 'Kiosk,Device Compliance,iOS,,4'],
  [
    'Get-IntuneAssignments',
    '"DisplayName","ProfileType","IncludedGroups","ExcludedGroups"',
    '"Kiosk","iosGeneralDeviceConfiguration","All Users | No Filter",""',
  ],
  [
    'IntuneManagement',
    '"Name","Type","IncludedString","ExcludedString"',
    '"Kiosk","iosGeneralDeviceConfiguration","All Users",""',
  ],
  ['IntuneManagement', '"GroupMode","Group","Filter","FilterMode","Category"', '"Included","Wards","","",""'],
  [
    'IntuneManagement',
    '"GroupMode","Group","Filter","FilterMode","Category","SubCategory","RawIntent"',
    '"Included","Wards","","","","",""',
  ],
  [
    'IntuneAppAssigner',
    '"App","Publisher","Intent","Assignment","Filter Mode","Filter"',
    '"Reader","x","Required","All devices","Include","Corporate"',
  ],
  [
    'CIPP',
    '"displayName","PolicyTypeName","PolicyAssignment","PolicyExclude","description","lastModifiedDateTime"',
    '"Kiosk","Compliance Policy","All Licenced Users","","",""',
  ],
  [
    'CIPP',
    '"Tenant","CacheTimestamp","displayName","PolicyTypeName","PolicyAssignment","PolicyExclude","lastModifiedDateTime"',
    '"t","","Kiosk","x","Wards","",""',
  ],
  [
    'CIPP',
    '"displayName","AppAssignment","AppExclude","publishingState","lastModifiedDateTime","createdDateTime"',
    '"Reader","Wards (required)","","","",""',
  ],
  [
    'CIPP',
    '"scriptType","displayName","ScriptAssignment","ScriptExclude","description","runAsAccount","lastModifiedDateTime"',
    '"x","Clean","Wards","","","",""',
  ],
  [
    'IntuneWin32BulkManagement',
    '"AppName","AppId","Publisher","Version","Group","Intent","Status"',
    '"Reader","4","x","1","All Devices","Required","Assigned"',
  ],
  [
    'Intune.Reporting',
    '"policyName","displayName","filterName","filterType","intent","mode"',
    '"Kiosk","Wards","","none","",""',
  ],
  [
    'Get-AllIntuneAssignmentsFromGroups',
    '#TYPE Selected.System.Management.Automation.PSCustomObject\n"displayName","id","createdDateTime","configurationPolicies","deviceConfigurations","groupPolicyConfigurations","deviceCompliancePolicies","mobileApps","deviceManagementScripts","deviceHealthScripts","windowsAutopilotDeploymentProfiles","deviceEnrollmentConfigurations","intents"',
    '"Wards","2","","+ Kiosk;","","","","","","","","",""',
  ],
  [
    'Intune Assignment Reporter',
    'Type,Name,PolicyId,Platform,Assignment,AppIntent,TargetGroupId,FilterType,FilterId',
    'Applications,Reader,4,Win32,Exclude,Required,2,none,',
  ],
  [
    'Microsoft365DSC',
    '# Generated with Microsoft365DSC version 1.25.1001.1',
    'Configuration M365TenantConfig',
  ],
  [
    'Microsoft365DSC',
    "Assignments = @(MSFT_DeviceManagementConfigurationPolicyAssignments{ dataType = '#microsoft.graph.groupAssignmentTarget'; groupId = '2' }",
    ')',
  ],
  ['IntuneCD', 'assignments:', '- target:'],
];

describe('a table that loses what matters is called what it is, with what it loses and a way to go', () => {
  test.each(REFUSED)('%s: %s', async (tool, header, row) => {
    for (const text of [
      `${header}\n${row}\n`,
      `${header.replaceAll('"', '')}\r\n${row}\r\n`,
      `${header.toUpperCase().replace('#TYPE SELECTED', '#TYPE Selected')}\n${row}\n`,
    ]) {
      const { problems, complete } = await readAll(text, 'csv');
      expect(problems).toHaveLength(1);
      expect(problems[0]?.message).toContain(tool);
      expect(problems[0]?.remedy).toMatch(/retarget export/);
      expect(complete).toBe(false);
    }
  });

  test('but not a table of ours, whatever further columns it has', async () => {
    const ours =
      'policyType,policyId,assignmentId,targetType,groupId,filterId,filterType,intent,policyName,groupName,platform,note';
    expect((await readAll(`${ours}\n`, 'csv')).problems).toMatchObject([
      { message: 'The file has no rows.' },
    ]);
    const named = await readAll('Category,PolicyName,GroupName\nx,Kiosk,Wards\n', 'csv');
    expect(named.problems.map(({ message }) => message)).toEqual(['There is no column "Category".']);
    const more = await readAll(`${ours},Category\n`, 'csv');
    expect(more.problems.map(({ message }) => message)).toContain('There is no column "Category".');
  });
});

const TARGET = {
  '@odata.type': '#microsoft.graph.groupAssignmentTarget',
  groupId: '7b1d9e02-5f3a-4c86-9e1b-0d2f4a6c8e90',
};
const BARE = [{ id: 'a1', target: TARGET }];
const OBJECTS: readonly [what: string, content: unknown, told: RegExp][] = [
  [
    'Graph’s list of policies alone',
    { '@odata.context': 'x', value: [{ id: 'p1', displayName: 'Kiosk' }] },
    /a policy as Graph shows it, without its assignments/,
  ],
  ['Graph’s list of assignments, taken out of its answer', { value: BARE }, /without their policy/],
  ['a policy alone', { '@odata.type': '#x', id: 'p1', displayName: 'Kiosk' }, /without its assignments/],
  ['a backup of assignments', BARE, /assignments as Graph shows them, without their policy/],
  [
    'the answer to a batch',
    { responses: [{ id: '1', status: 200, body: {} }] },
    /Graph's answer to a saved batch/,
  ],
  [
    'a snapshot of a version that is not known',
    { SchemaName: 'IntuneAssignmentChecker.AssignmentSnapshot', SchemaVersion: 2, Records: [] },
    /no snapshot of IntuneAssignmentChecker of version 1/,
  ],
  ['a body of assign', { assignments: BARE }, /assignments without their policy/],
  [
    'a MigrationTable.json',
    { TenantId: 't', Organization: 'x', Objects: [{ Id: 'g1', DisplayName: 'GRP', Type: 'Group' }] },
    /a MigrationTable\.json of IntuneManagement/,
  ],
];

describe('JSON of another tool, or of Graph, that can not be read is called what it is', () => {
  test.each(OBJECTS)('%s', async (_, content, told) => {
    for (const text of [JSON.stringify(content), JSON.stringify(content, null, 2)]) {
      const { problems, complete } = await readAll(text);
      expect(problems).toHaveLength(1);
      expect(problems[0]?.message).toMatch(told);
      expect(problems[0]?.remedy).toContain('retarget export');
      expect(complete).toBe(false);
    }
  });

  test('a mistyped column that is called like a list is one', async () => {
    const { problems } = await readAll('{"policyId":"p1","value":"x"}\n', 'ndjson');
    expect(problems).toMatchObject([{ message: 'There is no column "value".' }]);
  });
});

describe('lines before the header', () => {
  const HEADER = 'policyId;assignmentId;note';
  test.each([
    ['sep=;', HEADER, ';'],
    ['"sep=;"', HEADER, ';'],
    ['\ufeffSEP=,', HEADER.replaceAll(';', ','), ','],
    ['sep=\t', HEADER.replaceAll(';', '\t'), '\t'],
    ['#TYPE System.Management.Automation.PSCustomObject', HEADER.replaceAll(';', ','), ','],
    ['#TYPE Selected.System.Object\nsep=;', HEADER, ';'],
    // It is the line that counts, not what looks likelier.
    ['sep=,', 'note,"policyId;assignmentId"', ','],
  ])('are understood: %j', async (line, header, delimiter) => {
    const { rows, problems } = await readAll(
      `${line}\r\n${header}\r\n${['p1', 'a1', 'x'].join(delimiter)}\r\n`,
      'csv',
    );
    if (header.startsWith('note')) {
      expect(problems.map(({ message }) => message)).toContain('There is no column "policyId;assignmentId".');
      return;
    }
    expect(problems).toEqual([]);
    expect(rows.map(({ line: at, cells }) => [at, cells.get('note')])).toEqual([
      [2 + line.split('\n').length, 'x'],
    ]);
  });

  test('that name a delimiter which is none of ours say so', async () => {
    const { problems } = await readAll('sep=|\npolicyId|note\np|x\n', 'csv');
    expect(problems).toMatchObject([
      { line: 1, message: 'The first line says that "|" stands between cells.' },
    ]);
  });

  test('are no rows of a file without a header', async () => {
    expect((await readAll('sep=;\n', 'csv')).problems).toMatchObject([{ message: 'The file has no rows.' }]);
  });
});
