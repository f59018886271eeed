import { describe, expect, test } from 'vitest';
import {
  addressCells,
  addressFromParts,
  addressFromUrl,
  addressKey,
  assignmentPath,
  assignPath,
  collectionPath,
  listPath,
  ownListPath,
  policyKey,
  type Address,
  type AddressFault,
} from '../../../../src/assignments/kinds/address.ts';
import { FAMILIES, familyFacts } from '../../../../src/assignments/kinds/family.ts';
import { writesBy } from '../../../../src/assignments/kinds/kind.ts';
import {
  kindNamed,
  kindOf,
  kindOfCollection,
  KINDS,
  kindsIn,
  namesOf,
  type PolicyKind,
} from '../../../../src/assignments/kinds/registry.ts';
import { targetBody } from '../../../../src/assignments/targets/target.ts';

const BASE = { root: 'https://graph.microsoft.com', apiVersion: 'beta' } as const;

function addressOf(read: Address | AddressFault): Address {
  if ('part' in read) throw new Error(read.message);
  return read;
}

/** One assignment by each way that the kind has to a list. */
const addressesOf = (kind: PolicyKind): Address[] =>
  kind.forms.map((form) =>
    addressOf(
      addressFromParts({
        kind,
        policyId: 'P(é)',
        via: form.join('/').replace('{id}', 'C-1'),
        assignmentId: 'A_1',
      }),
    ),
  );

test('kinds that are in no list of limits are charged with device configuration as well, and no others', () => {
  const both = KINDS.filter(({ family }) => familyFacts(family).alsoCharges === 'deviceConfiguration');
  expect(both.map(({ policyType }) => policyType).toSorted()).toEqual([
    ...['compliancePolicy', 'groupPolicyConfiguration', 'hardwareConfiguration'],
    ...['windowsAutopilotDeploymentProfile', 'windowsDriverUpdateProfile', 'windowsQualityUpdatePolicy'],
  ]);
});

test('every throttle family is one of a kind', () => {
  expect(new Set(KINDS.map(({ family }) => family))).toEqual(new Set(FAMILIES));
});

const byType = KINDS.map((kind) => [kind.policyType, kind] as const);

describe.each(byType)('%s', (policyType, kind) => {
  test('is found by its word, its collection and its other names, however they are spelled', () => {
    expect(kindOf(policyType)).toBe(kind);
    expect(kindOfCollection(kind.collection.toUpperCase())).toBe(kind);
    const spaced = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter}`);
    for (const name of [policyType, kind.collection, ...kind.names])
      for (const spelling of [name, name.toUpperCase(), spaced(name), spaced(name).replaceAll(' ', '_-')])
        expect(kindNamed(spelling), spelling).toBe(kind);
  });

  test('has the plain way to its assignments first, and no way twice', () => {
    expect(kind.forms[0]).toEqual([]);
    const ways = kind.forms.map((via) => via.join('/').toLowerCase());
    expect(new Set(ways).size).toBe(ways.length);
  });

  test('is beta at least, where alone filters show', () => {
    expect(kind.apiVersions).toContain('beta');
    for (const version of kind.apiVersions) expect(kindsIn(version)).toContain(kind);
  });

  test('has addresses that read back from their cells and from their URL', () => {
    for (const address of addressesOf(kind)) {
      const cells: ReadonlyMap<string, string> = new Map(addressCells(address));
      const [named = '', policyId = '', via = '', assignmentId = ''] = [
        ...['policyType', 'policyId', 'via', 'assignmentId'].map((column) => cells.get(column)),
      ];
      expect(kindNamed(named)).toBe(kind);
      expect(addressFromParts({ kind, policyId, via, assignmentId })).toEqual(address);
      for (const url of [assignmentPath(address), `${BASE.root}/beta${assignmentPath(address)}`])
        expect(addressFromUrl(url, BASE)).toEqual(address);
      expect(addressFromUrl(listPath(address), BASE)).toEqual({ ...address, assignmentId: '' });
    }
  });

  test('has one key for two spellings of an assignment', () => {
    for (const address of addressesOf(kind)) {
      const other = addressOf(addressFromUrl(assignmentPath(address).toUpperCase(), BASE));
      expect(addressKey(other)).toBe(addressKey(address));
      expect(policyKey(other)).toBe(policyKey(address));
    }
  });

  test('has all its paths below its collection', () => {
    const [plain] = addressesOf(kind);
    if (plain === undefined) throw new Error('every kind has a form');
    const policy = `/${kind.root}/${kind.collection}/P(%C3%A9)`;
    expect(`${collectionPath(kind)}/P(%C3%A9)`).toBe(policy);
    expect(ownListPath(plain)).toBe(`${policy}/assignments`);
    expect(listPath(plain)).toBe(ownListPath(plain));
    expect(assignPath(plain).startsWith(`${policy}/`)).toBe(true);
    expect(assignPath(plain).endsWith('/assign')).toBe(true);
  });

  test('tells two assignments apart by what they are for, not by their spelling, id or filter', () => {
    const of = (groupId: string, more: object = {}) => ({
      target: { ...targetBody({ type: 'group', groupId }), ...more },
    });
    const filter = {
      deviceAndAppManagementAssignmentFilterId: 'F1',
      deviceAndAppManagementAssignmentFilterType: 'include',
    };
    expect(kind.identity(of('g1', filter))).toBe(kind.identity({ ...of('G1'), id: 'A1' }));
    expect(kind.identity(of('G1'))).not.toBe(kind.identity(of('G2')));
  });

  test('has fields of its own with one name each, none of them the id or the target', () => {
    const names = kind.ownFields.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => ['id', 'target', '@odata.type'].includes(name))).toEqual([]);
  });

  test('has a type for its assignments as it is sent, and goes by PATCH only where that is there', () => {
    expect(kind.assignmentType).toMatch(/^#microsoft\.graph\.\w+Assignment$/);
    expect(writesBy(kind, 'assign')).toBe('assign');
    expect(writesBy(kind, 'patch')).toBe(kind.write.how === 'patch' ? 'patch' : 'assign');
  });

  test('takes groups, and is spoken of in the middle of a sentence', () => {
    expect(kind.targets).toContain('group');
    for (const label of [kind.label.one, kind.label.many]) expect(label).toMatch(/^\S.*\S$/);
  });
});

test('no two kinds share a name, a collection or a type of assignments', () => {
  const all = KINDS.flatMap((kind) => namesOf(kind));
  expect(new Set(all).size).toBe(all.length);
  expect(new Set(KINDS.map(({ collection }) => collection.toLowerCase())).size).toBe(KINDS.length);
});

test('what no kind is called names none', () => {
  for (const name of ['', 'policy', '__proto__', 'toString']) expect(kindNamed(name)).toBeUndefined();
});

test("the portal's words for the two kinds are understood", () => {
  expect(kindNamed('Configuration profile')?.policyType).toBe('deviceConfiguration');
  expect(kindNamed('Device compliance policies')?.policyType).toBe('deviceCompliancePolicy');
});
