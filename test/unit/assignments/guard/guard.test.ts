import type { CurrentAssignment } from '../../../../src/assignments/changes/current.ts';
import { ABSENT, beforeOf, type Decision } from '../../../../src/assignments/changes/decision.ts';
import { describe, expect, test } from 'vitest';
import {
  Guard,
  type GroupFact,
  type JudgedList,
  type TenantFacts,
} from '../../../../src/assignments/guard/guard.ts';
import { androidManagedAppProtection } from '../../../../src/assignments/kinds/androidManagedAppProtection.ts';
import { compliancePolicy } from '../../../../src/assignments/kinds/compliancePolicy.ts';
import { iosManagedAppProtection } from '../../../../src/assignments/kinds/iosManagedAppProtection.ts';
import { windowsManagedAppProtection } from '../../../../src/assignments/kinds/windowsManagedAppProtection.ts';
import { deviceCompliancePolicy } from '../../../../src/assignments/kinds/deviceCompliancePolicy.ts';
import { deviceConfiguration } from '../../../../src/assignments/kinds/deviceConfiguration.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import {
  allDevices,
  allUsers,
  excluded,
  filter,
  group,
  current,
  target,
  unheardOf,
} from '../../../support/graphShapes.ts';
import { anyChangeOf, changeOf, configuration } from '../../../support/inputRow.ts';

const allIsWell: TenantFacts = {
  group: () => ({ kind: 'ok' }),
  filter: () => ({ kind: 'ok', platform: 'iOS' }),
};
const groupsAre = (kind: GroupFact['kind']): TenantFacts => ({ ...allIsWell, group: () => ({ kind }) });
const filtersAre = (kind: 'missing' | 'unchecked'): TenantFacts => ({
  ...allIsWell,
  filter: () => ({ kind }),
});

interface Step {
  readonly from: JsonObject | undefined;
  readonly to: JsonObject | undefined;
}

const change = changeOf({ ...configuration, targetType: 'allDevices' });

/** A decision to write; the change itself is of no concern to a guard. */
const writing = (more: Partial<Decision>): Decision => ({
  row: { change },
  kind: 'write',
  before: ABSENT,
  after: undefined,
  via: 'patch',
  waitsFor: [],
  findings: [],
  ...more,
});

/** A list whose assignments A0, A1, … go from one target to another, in lines 2, 3, …, beside others that stay. */
function listOf(steps: readonly Step[], staying: readonly JsonObject[] = []): JudgedList {
  const befores = steps.map(({ from }, i) => from && current(from, {}, `A${i}`));
  return {
    ...{ kind: deviceConfiguration, platform: 'iOS' },
    assignments: [
      ...befores.flatMap((before) => before ?? []),
      ...staying.map((each, i) => current(each, {}, `S${i}`)),
    ],
    decisions: steps.map(({ to }, i) =>
      writing({ before: beforeOf(befores[i]), after: to && { target: to } }),
    ),
  };
}

/** The kinds that a guard finds in a list, a text a row: `2 all-devices`. */
const kindsIn = (list: JudgedList, guard = new Guard(allIsWell)): string[] =>
  guard.judgeList(list).flatMap((ofRow, i) => ofRow.map(({ kind }) => `${i + 2} ${kind}`));

/** The same of steps. An inclusion stays, so that none is left. */
const found = (
  steps: readonly Step[],
  staying: readonly JsonObject[] = [group('stays')],
  facts: TenantFacts = allIsWell,
): string[] => kindsIn(listOf(steps, staying), new Guard(facts));

const foundIn = (from: JsonObject | undefined, to: JsonObject | undefined, facts = allIsWell): string[] =>
  found([{ from, to }], undefined, facts).map((each) => each.replace(/^2 /, ''));

describe('what a row changes', () => {
  test.each([
    [group('G1'), group('G2'), []],
    [group('G1'), group('G1', filter('F1')), []],
    [allDevices(), allDevices(filter('F1')), []],
    [excluded('G1'), excluded('g1'), []],
    [unheardOf, group('G1'), []],
    [undefined, group('G1', filter('F1')), []],
    [group('G1'), undefined, []],

    [group('G1', filter('F1')), group('G1', filter()), ['filter-lost']],
    [group('G1', filter('F1')), group('G2'), ['filter-lost']],
    [unheardOf, unheardOf, []],
    [{ ...unheardOf, ...filter('F1') }, group('G1'), ['filter-lost']],
    [group('G1', filter('F1')), group('G1', filter('f1', 'exclude')), ['filter-flipped']],
    [group('G1', filter('F1')), group('G1', filter('f1', 'Include')), []],
    [group('G1', filter('F1')), group('G1', filter('F2')), ['filter-swapped']],
    [group('G1', filter('F1')), group('G1', filter('F2', 'exclude')), ['filter-swapped']],

    [excluded('G1'), excluded('G2'), ['exclusion-swapped']],
    [excluded('G1'), undefined, ['exclusion-lost']],
    [excluded('G1'), group('G1'), ['exclusion-to-inclusion']],
    [excluded('G1'), unheardOf, ['exclusion-to-inclusion']],
    [excluded('G1'), allDevices(), ['exclusion-to-inclusion', 'all-devices']],
    [group('G1'), excluded('G1'), ['inclusion-to-exclusion']],
    [allDevices(), excluded('G1'), ['inclusion-to-exclusion']],
    [unheardOf, excluded('G1'), ['inclusion-to-exclusion']],
    [undefined, excluded('G1'), []],

    [group('G1'), allDevices(), ['all-devices']],
    [undefined, allDevices(), ['all-devices']],
    [allUsers(), allDevices(), ['all-devices']],
    [group('G1'), allUsers(), ['all-users']],
    // Entra's own ids for everybody: no group of the tenant, and not to be looked for.
    [group('G1'), group('acacacac-9df4-4c7d-9d50-4ef0226f57a9'), ['all-users']],
    [group('G1'), group('ADADADAD-808E-44E2-905A-0B7873A8A531'), ['all-devices']],
    [allDevices(), group('adadadad-808e-44e2-905a-0b7873a8a531'), []],
    [allUsers(), allUsers(filter('F1')), []],

    [allDevices(), group('G1'), ['narrowed']],
    [allUsers(), target('configurationManagerCollection', { collectionId: 'C1' }), ['narrowed']],
    [allDevices(filter('F1')), group('G1'), ['filter-lost', 'narrowed']],
  ])('from %j to %j: %j', (from, to, kinds) => {
    expect(foundIn(from, to)).toEqual(kinds);
  });

  test('an intent that turns', () => {
    const list = listOf([{ from: group('G1'), to: group('G1') }], [group('stays')]);
    const judged = (intent: string, after: JsonObject): string[] => {
      const before = current(group('G1'), { intent }, 'A0');
      return kindsIn({ ...list, decisions: [writing({ before: beforeOf(before), after })] });
    };
    expect(judged('apply', { target: group('G1'), intent: 'remove' })).toEqual(['2 intent-turned']);
    expect(judged('remove', { target: group('G1') })).toEqual([]);
  });

  test('is found of what is written only, in the order of the decisions', () => {
    const list = listOf([
      { from: group('G1'), to: allUsers() },
      { from: group('G2'), to: allDevices() },
    ]);
    const [first, second] = list.decisions;
    for (const kind of ['alreadySo', 'stale', 'refused', 'duplicate'] as const) {
      const decisions = [first, second, first].map((each, i) =>
        writing({ ...each, ...(i === 0 && { kind, code: 'PolicySetOwned' }) }),
      );
      expect(kindsIn({ ...list, decisions })).toEqual(['3 all-devices', '4 all-users']);
      expect(new Guard(allIsWell).judgeList({ ...list, decisions })).toHaveLength(3);
    }
  });
});

describe('an excluded group', () => {
  test('is not dropped while another row or assignment excludes it', () => {
    const swapped = [
      { from: excluded('G1'), to: excluded('G2') },
      { from: excluded('G2'), to: excluded('g1') },
    ];
    expect(found(swapped)).toEqual([]);
    expect(found(swapped.slice(0, 1), [group('stays'), excluded('g1')])).toEqual([]);
  });

  test('is dropped although another row includes it', () => {
    expect(
      found([
        { from: excluded('G1'), to: excluded('G2') },
        { from: group('G3'), to: group('G1') },
      ]),
    ).toEqual(['2 exclusion-swapped']);
  });
});

describe('a policy that is left without inclusion', () => {
  const toExclusion = { from: group('G1'), to: excluded('G1') };

  test('is told of once, where the first inclusion goes', () => {
    const steps = [
      { from: excluded('G9'), to: excluded('g9') },
      toExclusion,
      { from: group('G2'), to: undefined },
    ];
    expect(found(steps, [])).toEqual(['3 inclusion-to-exclusion', '3 no-inclusion']);
  });

  test('is none when an inclusion stays, comes, or is of a kind nobody knows', () => {
    for (const staying of [group('G2'), allDevices(), unheardOf])
      expect(found([toExclusion], [staying])).toEqual(['2 inclusion-to-exclusion']);
    expect(found([toExclusion, { from: undefined, to: group('G2') }], [])).toEqual([
      '2 inclusion-to-exclusion',
    ]);
  });

  test('is no news when it had none, or when nothing was read', () => {
    expect(found([{ from: excluded('G1'), to: excluded('g1') }], [])).toEqual([]);
    expect(found([{ from: undefined, to: excluded('G1') }], [])).toEqual([]);
  });
});

describe('a group that a policy includes and excludes', () => {
  const includes = { from: undefined, to: group('g1') };
  const excludes = { from: undefined, to: excluded('G1') };

  test.each<readonly [string, readonly Step[], readonly JsonObject[], readonly string[]]>([
    ['one row excludes what stays included', [excludes], [group('g1')], ['2 include-and-exclude']],
    [
      'one row includes what stays excluded, whatever the filter',
      [{ from: undefined, to: group('g1', filter('F1')) }],
      [group('stays'), excluded('G1')],
      ['2 include-and-exclude'],
    ],
    [
      'two rows bring one each, and both are told of',
      [includes, excludes],
      [group('stays')],
      ['2 include-and-exclude', '3 include-and-exclude'],
    ],
    [
      'a row brings one side where the other one was changed in its filter alone',
      [{ from: group('G1'), to: group('g1', filter('F1')) }, excludes],
      [],
      ['3 include-and-exclude'],
    ],
  ])('is told of where %s', (_, steps, staying, kinds) => {
    expect(found(steps, staying)).toEqual(kinds);
  });

  test.each<readonly [string, readonly Step[], readonly JsonObject[], readonly string[]]>([
    ['it was so before', [{ from: group('g1'), to: group('g1', filter('F1')) }], [excluded('G1')], []],
    [
      'the other side goes with the same plan',
      [{ from: group('g1'), to: undefined }, excludes],
      [group('stays')],
      [],
    ],
    [
      'the row turns the one into the other',
      [{ from: group('g1'), to: excluded('G1') }],
      [group('stays')],
      ['2 inclusion-to-exclusion'],
    ],
    ['it is another group', [{ from: undefined, to: excluded('G2') }], [group('g1')], []],
    ['all devices are included', [excludes], [allDevices()], []],
  ])('is none where %s', (_, steps, staying, kinds) => {
    expect(found(steps, staying)).toEqual(kinds);
  });

  test('is named', () => {
    const [ofRow] = new Guard(allIsWell).judgeList(listOf([excludes], [group('g1')]));
    expect(ofRow).toEqual([{ kind: 'include-and-exclude', what: 'group G1 is included and excluded.' }]);
  });
});

describe('a row that finds nothing to change', () => {
  const refused = (more: Partial<Decision>): Decision => writing({ kind: 'refused', ...more });

  test('because its assignment is gone is told of', () => {
    const decisions = [
      refused({ code: 'AssignmentGone', message: 'The assignment is not in the list; nothing was written.' }),
    ];
    expect(new Guard(allIsWell).judgeList({ ...listOf([], [group('G1')]), decisions })).toEqual([
      [{ kind: 'gone', what: 'its assignment or policy is gone, or not visible to this sign-in.' }],
    ]);
  });

  test('because its policy is gone is told of, whatever Graph calls that', () => {
    const decisions = [refused({ code: 'ResourceNotFound', httpStatus: 404, message: 'No such policy.' })];
    expect(kindsIn({ ...listOf([]), decisions })).toEqual(['2 gone']);
  });

  test('counts in each row that does, and in no other one', () => {
    const removing = anyChangeOf({ ...configuration, action: 'remove' });
    const decisions = [
      refused({ code: 'AssignmentGone' }),
      refused({ code: 'Forbidden', httpStatus: 403 }),
      refused({ code: 'PolicySetOwned' }),
      refused({ code: 'AssignmentGone' }),
      // What is to be removed and is not there is so already.
      writing({ kind: 'alreadySo', row: { change: removing } }),
      writing({ kind: 'stale', code: 'Stale' }),
    ];
    expect(kindsIn({ ...listOf([]), decisions })).toEqual(['2 gone', '5 gone']);
  });
});

describe('a row that clears a list', () => {
  const cleared = [current(group('G1'), {}, 'C1'), current(excluded('G2'), {}, 'C2')];
  const judged = (
    staying: readonly JsonObject[],
    entries: readonly CurrentAssignment[] = cleared,
  ): [string, string][] => {
    const list = listOf([], staying);
    const decisions = [writing({ before: { kind: 'entries', entries }, via: 'assign' })];
    return new Guard(allIsWell)
      .judgeList({ ...list, assignments: [...entries, ...list.assignments], decisions })
      .flat()
      .map(({ kind, what }) => [kind, what]);
  };

  test('is told of, with what it drops', () => {
    expect(judged([group('stays')])).toEqual([
      ['exclusion-lost', 'group G2 is excluded no more.'],
      ['clear', 'group G1; excluded group G2 → nothing.'],
    ]);
  });

  test('counts once, however many exclusions it drops', () => {
    const many = [...cleared, current(excluded('G3'), {}, 'C3')];
    expect(judged([group('stays')], many)[0]).toEqual([
      'exclusion-lost',
      'group G2, group G3 are excluded no more.',
    ]);
  });

  test('may leave no inclusion, or another exclusion of the same group', () => {
    expect(judged([]).map(([kind]) => kind)).toEqual(['exclusion-lost', 'no-inclusion', 'clear']);
    expect(judged([excluded('g2'), group('stays')]).map(([kind]) => kind)).toEqual(['clear']);
  });
});

describe('a group', () => {
  test.each([
    ['missing', 'group-missing'],
    ['notSecurity', 'group-not-security'],
    ['empty', 'group-empty'],
    ['unchecked', 'unchecked-groups'],
  ] as const)('that is new and %s', (kind, finding) => {
    expect(foundIn(group('G1'), group('G2'), groupsAre(kind))).toEqual([finding]);
    expect(foundIn(allUsers(), excluded('G2'), groupsAre(kind))).toEqual(['inclusion-to-exclusion', finding]);
    expect(foundIn(undefined, group('G2'), groupsAre(kind))).toEqual([finding]);
  });

  test('that was there before, or goes, is not judged', () => {
    expect(foundIn(group('G1', filter('F1')), group('g1', filter('F1')), groupsAre('missing'))).toEqual([]);
    expect(foundIn(group('G1'), excluded('g1'), groupsAre('missing'))).toEqual(['inclusion-to-exclusion']);
    expect(foundIn(group('G1'), undefined, groupsAre('missing'))).toEqual([]);
    expect(foundIn(group('G1'), allDevices(), groupsAre('missing'))).toEqual(['all-devices']);
  });

  test('that is missing counts in each row, one that could not be checked once in the whole plan', () => {
    const steps = [
      { from: group('G1'), to: group('G9') },
      { from: group('G2'), to: group('g9') },
    ];
    expect(found(steps, undefined, groupsAre('missing'))).toEqual(['2 group-missing', '3 group-missing']);
    const guard = new Guard(groupsAre('unchecked'));
    expect(kindsIn(listOf(steps), guard)).toEqual(['2 unchecked-groups']);
    expect(kindsIn(listOf(steps), guard)).toEqual([]);
  });
});

describe('a filter', () => {
  test('that is new is judged', () => {
    expect(foundIn(group('G1'), group('G1', filter('F1')), filtersAre('missing'))).toEqual([
      'filter-missing',
    ]);
    expect(foundIn(undefined, allUsers(filter('F1')), filtersAre('unchecked'))).toEqual([
      'all-users',
      'unchecked-filters',
    ]);
  });

  test('that was there before is not', () => {
    expect(foundIn(group('G1', filter('F1')), group('G2', filter('f1')), filtersAre('missing'))).toEqual([]);
  });

  test('of another platform than the policy’s', () => {
    const list = listOf([{ from: group('G1'), to: group('G1', filter('F1')) }]);
    const judged = (platform: JudgedList['platform']): string[] => kindsIn({ ...list, platform });
    expect(judged('macOS')).toEqual(['2 filter-platform']);
    expect(judged('iOS')).toEqual([]);
    expect(judged(undefined)).toEqual([]);
  });

  test('that could not be checked is told of once, also where a group has its id', () => {
    const guard = new Guard({
      ...groupsAre('unchecked'),
      ...filtersAre('unchecked'),
      group: () => ({ kind: 'unchecked' }),
    });
    const steps = [
      { from: group('G1'), to: group('X', filter('X')) },
      { from: group('G2'), to: group('X', filter('x')) },
    ];
    expect(kindsIn(listOf(steps), guard)).toEqual(['2 unchecked-groups', '2 unchecked-filters']);
  });
});

test('a finding is a sentence without the policy, so that rows that do the same have the same', () => {
  const list = listOf([
    { from: group('G1', filter('F1')), to: allDevices() },
    { from: excluded('G2'), to: group('G3', filter('F3')) },
    { from: excluded('G4'), to: excluded('G5') },
    { from: allUsers(), to: group('G6') },
    { from: group('G7', filter('F1')), to: group('G7', filter('F2', 'exclude')) },
    { from: group('G7', filter('F1')), to: group('G7', filter('F1', 'exclude')) },
  ]);
  const facts: TenantFacts = { ...allIsWell, filter: () => ({ kind: 'ok', platform: 'macOS' }) };
  const sentences = new Guard(facts)
    .judgeList(list)
    .flat()
    .map(({ what }) => what);
  expect(sentences).toEqual([
    'include filter F1 → none, leaving all devices.',
    'all devices newly.',
    'excluded group G2 → group G3, include filter F3.',
    'filter F3 is for macOS, the policy for iOS.',
    'group G4 is excluded no more, group G5 is.',
    'all users → group G6.',
    'include filter F1 → exclude filter F2.',
    'filter F2 is for macOS, the policy for iOS.',
    'include filter F1 → exclude.',
  ]);
});

describe('who loses what they would miss at once', () => {
  const wifi = (steps: readonly Step[], staying: readonly JsonObject[] = []): string[] =>
    new Guard(allIsWell)
      .judgeList({ ...listOf(steps, staying), protects: 'Wi-Fi' })
      .flatMap((ofRow) => ofRow.flatMap(({ kind, what }) => (kind === 'cuts-off' ? [what] : [])));

  test.each<readonly [string, Step, readonly JsonObject[], readonly string[]]>([
    [
      'a group gives way to another',
      { from: group('G1'), to: group('G2') },
      [],
      ['Wi-Fi (iOS) is lost for group G1.'],
    ],
    [
      'an inclusion goes',
      { from: group('G1'), to: undefined },
      [group('G2')],
      ['Wi-Fi (iOS) is lost for group G1.'],
    ],
    [
      'all devices give way to a group',
      { from: allDevices(), to: group('G2') },
      [],
      ['Wi-Fi (iOS) is lost for all devices.'],
    ],
    [
      'a group is excluded newly',
      { from: undefined, to: excluded('G1') },
      [allDevices()],
      ['Wi-Fi (iOS) is lost for group G1.'],
    ],
    [
      'a group is excluded where it was included',
      { from: group('G1'), to: excluded('g1') },
      [allDevices()],
      ['Wi-Fi (iOS) is lost for group G1.'],
    ],
    [
      'a group gives way to all devices with a filter',
      { from: group('G1'), to: allDevices(filter('F1')) },
      [],
      ['Wi-Fi (iOS) is lost for group G1.'],
    ],
    ['a group gives way to all devices', { from: group('G1'), to: allDevices() }, [], []],
    ['all users stay', { from: group('G1'), to: undefined }, [allUsers()], []],
    [
      'a filter comes',
      { from: group('G1'), to: group('g1', filter('F1')) },
      [],
      ['Wi-Fi (iOS) is lost for those of group G1 that include filter F1 leaves out.'],
    ],
    [
      'a filter is turned',
      { from: group('G1', filter('F1')), to: group('G1', filter('F1', 'exclude')) },
      [],
      ['Wi-Fi (iOS) is lost for those of group G1 that exclude filter F1 leaves out.'],
    ],
    ['a filter goes', { from: group('G1', filter('F1')), to: group('G1') }, [], []],
    ['a filter stays', { from: group('G1', filter('F1')), to: group('g1', filter('f1')) }, [], []],
    ['an exclusion stays', { from: excluded('G1'), to: excluded('g1') }, [], []],
    ['an exclusion goes', { from: excluded('G1'), to: undefined }, [allDevices()], []],
    ['a group comes', { from: undefined, to: group('G1') }, [], []],
  ])('when %s', (_, step, staying, told) => {
    expect(wifi([step], staying)).toEqual(told);
  });

  test('is nobody whom another row brings in again', () => {
    const trade = [
      { from: group('G1'), to: group('G2') },
      { from: group('G2'), to: group('g1') },
    ];
    expect(wifi(trade)).toEqual([]);
  });

  test('is told of no policy that nobody would miss at once', () => {
    expect(foundIn(group('G1'), group('G2'))).toEqual([]);
  });

  test.each([
    [deviceCompliancePolicy, '#microsoft.graph.windows10CompliancePolicy', 'compliance'],
    [deviceConfiguration, '#microsoft.graph.windowsWifiEnterpriseEAPConfiguration', 'Wi-Fi'],
    [deviceConfiguration, '#microsoft.graph.iosVpnConfiguration', 'VPN'],
    [deviceConfiguration, '#microsoft.graph.windows81SCEPCertificateProfile', 'certificates'],
    [deviceConfiguration, '#microsoft.graph.macOSTrustedRootCertificate', 'certificates'],
    [deviceConfiguration, '#microsoft.graph.macOSWiredNetworkConfiguration', 'wired network'],
    [deviceConfiguration, '#microsoft.graph.windows10GeneralConfiguration', undefined],
    [deviceConfiguration, undefined, undefined],
    [compliancePolicy, undefined, 'compliance'],
    [iosManagedAppProtection, undefined, 'app protection'],
    [androidManagedAppProtection, undefined, 'app protection'],
    [windowsManagedAppProtection, undefined, 'app protection'],
  ])('follows from the kind and the type of the policy: %o, %s: %s', (kind, type, protection) => {
    expect(kind.protects?.({ '@odata.type': type })).toBe(protection);
  });
});

test('an app that is to be uninstalled is told of as such', () => {
  const list = listOf([{ from: group('G1'), to: group('G1') }], [group('stays')]);
  const judged = (before: string, after: string): string[] => {
    const from = current(group('G1'), { intent: before }, 'A0');
    return kindsIn({
      ...list,
      decisions: [writing({ before: beforeOf(from), after: { target: group('G1'), intent: after } })],
    });
  };
  expect(judged('required', 'uninstall')).toEqual(['2 uninstall']);
  expect(judged('uninstall', 'uninstall')).toEqual([]);
  expect(judged('uninstall', 'required')).toEqual(['2 intent-turned']);
  const added = writing({ after: { target: group('G1'), intent: 'uninstall' } });
  expect(kindsIn({ ...listOf([], [group('stays')]), decisions: [added] })).toEqual(['2 uninstall']);
});

test('a row that would bring a target a second time is told of, whatever code says so', () => {
  const refused = (code: string, more: Partial<Decision> = {}): Decision =>
    writing({ kind: 'refused', code, message: 'with ids that differ from row to row', ...more });
  const removing = anyChangeOf({ ...configuration, action: 'remove' });
  const decisions = [
    refused('DuplicateTarget'),
    refused('AlreadyAssigned'),
    refused('DuplicateTarget', { row: { change: removing } }),
    refused('IncludeAndExclude'),
  ];
  expect(new Guard(allIsWell).judgeList({ ...listOf([]), decisions })).toEqual([
    [{ kind: 'target-twice', what: 'all devices would be there twice.' }],
    [{ kind: 'target-twice', what: 'all devices would be there twice.' }],
    [{ kind: 'target-twice', what: 'another row is about the same assignment.' }],
    [],
  ]);
});
