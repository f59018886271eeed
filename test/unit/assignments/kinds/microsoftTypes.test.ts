import { describe, expect, test } from 'vitest';
import { planBatch } from '../../../../src/assignments/changes/planBatch.ts';
import { writesOf } from '../../../../src/assignments/changes/writes.ts';
import { listPath } from '../../../../src/assignments/kinds/address.ts';
import { kindNamed, KINDS, type PolicyKind } from '../../../../src/assignments/kinds/registry.ts';
import { ABSTRACT_TARGET, odataTypeOf, TARGET_TYPES } from '../../../../src/assignments/targets/target.ts';
import type { JsonObject } from '../../../../src/assignments/values/json.ts';
import { anyChangeOf } from '../../../support/inputRow.ts';
import { SENT_CASES } from '../../../support/microsoftBodies.ts';
import { microsoftTypes, plainType, type MicrosoftType } from '../../../support/microsoftTypes.ts';

const MICROSOFT = microsoftTypes();

function typeNamed(name: string): MicrosoftType {
  const found = MICROSOFT.find(name);
  if (found === undefined) throw new Error(`Microsoft has no type ${name}`);
  return found;
}

/** The type of the elements of a property that is a list. */
function elementOf(type: MicrosoftType, property: string): MicrosoftType {
  const written = type.properties.get(property);
  if (written === undefined) throw new Error(`${type.name} has no ${property}`);
  return typeNamed(plainType(written));
}

const policyOf = (kind: PolicyKind): MicrosoftType => elementOf(typeNamed(kind.root), kind.collection);
const assignmentOf = (kind: PolicyKind): MicrosoftType => elementOf(policyOf(kind), 'assignments');

const byType = KINDS.map((kind) => [kind.policyType, kind] as const);

describe.each(byType)('%s, by Microsoft’s types', (_, kind) => {
  test('is a collection whose policies have assignments of the type that is sent', () => {
    expect(typeNamed(kind.assignmentType)).toBe(assignmentOf(kind));
  });

  test('is understood by the name of their type', () => {
    expect(kindNamed(policyOf(kind).name)).toBe(kind);
  });

  test('has its name, and what is read besides, as properties of the policy or of one of its heirs', () => {
    const { name, also } = kind.list;
    const policies = [policyOf(kind), ...MICROSOFT.heirsOf(policyOf(kind).name)];
    for (const property of [name, ...(also === 'all' ? [] : also)])
      expect(
        policies.some(({ properties }) => properties.has(property)),
        property,
      ).toBe(true);
    expect(policyOf(kind).properties.has(name)).toBe(true);
  });

  test('knows all that an assignment carries, with its words', () => {
    const { properties } = assignmentOf(kind);
    const own = [...properties.keys()].filter((name) => !['id', 'target'].includes(name));
    expect(kind.ownFields.map(({ name }) => name).toSorted()).toEqual(own.toSorted());
    for (const { name, takes } of kind.ownFields) {
      const type = plainType(properties.get(name) ?? '');
      if (typeof takes === 'object') expect(takes.toSorted()).toEqual(MICROSOFT.words(type).toSorted());
      else if (takes === 'json') expect(MICROSOFT.find(type)?.name).toBe(type);
      else expect(type).toBe(takes === 'text' ? 'string' : 'boolean');
    }
  });

  test('is cast to a type that the collection’s policies are of', () => {
    const { write } = kind;
    if (!('assignCast' in write) || write.assignCast === undefined) return;
    expect(policyOf(kind).lineage.includes(typeNamed(write.assignCast).name)).toBe(true);
  });
});

/** Documented, and not in the metadata. */
const UNTYPED = ['scopeTagGroup', 'organizationalUnit'];

test('targets are Microsoft’s, and all that these have for devices', () => {
  const abstract = typeNamed(ABSTRACT_TARGET);
  const ours = TARGET_TYPES.filter((type) => !UNTYPED.includes(type)).map((type) =>
    typeNamed(odataTypeOf(type)),
  );
  for (const { lineage } of ours) expect(lineage).toContain(abstract.name);
  const heirs = MICROSOFT.heirsOf(abstract.name).map(({ name }) => name);
  // Firmware updates of single Android devices, which none of these kinds takes.
  expect(heirs.filter((name) => name !== 'AndroidFotaDeploymentAssignmentTarget').toSorted()).toEqual(
    ours.map(({ name }) => name).toSorted(),
  );
});

const ofApp = (name: string): JsonObject => ({ '@odata.type': `#microsoft.graph.${name}` });

test('settings of every type that Microsoft has are refused by apps of another', () => {
  const settings = MICROSOFT.heirsOf('MobileAppAssignmentSettings');
  const apps = MICROSOFT.heirsOf('MobileApp').map(({ name }) => name);
  expect(settings.length).toBeGreaterThan(10);
  const mobileApp = kindNamed('mobileApp');
  for (const { name } of settings) {
    const entry = { intent: 'required', settings: ofApp(name), target: {} };
    const isRefused = (app: string) => mobileApp?.refuses?.(ofApp(app), entry, undefined) !== undefined;
    expect(isRefused('webApp'), name).toBe(true);
    const own = apps.find((app) => `${app}AssignmentSettings`.toLowerCase() === name.toLowerCase());
    if (own !== undefined) expect(isRefused(own), name).toBe(false);
  }
});

const written = KINDS.filter(({ write }) => write.how !== 'refused');

test('every kind that is written has a request in Microsoft’s types', () => {
  expect(Object.keys(SENT_CASES).toSorted()).toEqual(written.map(({ policyType }) => policyType).toSorted());
});

test.each(Object.entries(SENT_CASES))('%s is sent in them', (policyType, { list, rows, requests }) => {
  const batch = rows.map((cells, i) => ({
    change: anyChangeOf({ policyType, policyId: 'P1', action: 'add', ...cells }, undefined, i + 2),
  }));
  const [first] = batch;
  if (first === undefined) throw new Error('no rows');
  const current = list.map((whole) => ({
    id: String(whole['id']),
    target: whole['target'] as JsonObject,
    whole,
  }));
  const snapshot = new Map([
    [listPath(first.change.address), { kind: 'list' as const, assignments: current }],
  ]);
  const decisions = planBatch(batch, snapshot, {
    ...{ apiVersion: 'beta', strategy: 'assign', standing: () => 'open', isGuarded: () => true },
  });
  expect(writesOf(decisions, snapshot).map(({ request }) => request)).toEqual(requests);
});
