import { expect, test } from 'vitest';
import { SIMULATOR_FLAGS, simulatorOptions, type FlagKey } from '../../../src/simulator/flags.ts';
import { changedSettings, DEFAULT_SETTINGS } from '../../../src/simulator/settings.ts';

const parse = (key: FlagKey, text: string): unknown =>
  SIMULATOR_FLAGS.find((flag) => flag.key === key)?.parse?.(text);

test('each flag has the key that commander makes of its name, and no two are alike', () => {
  for (const { flags, key } of SIMULATOR_FLAGS) {
    const name = /^--([a-z-]+)/.exec(flags)?.[1] ?? '';
    expect(name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())).toBe(key);
  }
  expect(new Set(SIMULATOR_FLAGS.map(({ key }) => key)).size).toBe(SIMULATOR_FLAGS.length);
});

test('there is a flag for every setting but refusals and edits, which the tenant file holds', () => {
  const keys = SIMULATOR_FLAGS.map(({ key }) => key);
  const settings = Object.keys(DEFAULT_SETTINGS).filter(
    (key) => !['refusals', 'concurrentEdits'].includes(key),
  );
  expect(keys).toEqual(expect.arrayContaining(settings));
});

test('flags that take a value read it, switches do not', () => {
  for (const { flags, parse: reads } of SIMULATOR_FLAGS) {
    if (!flags.includes('<')) expect(reads).toBeUndefined();
  }
});

test('values in flags become settings', () => {
  const settings = changedSettings(DEFAULT_SETTINGS, {
    writeLimit: parse('writeLimit', 'none'),
    faults: parse('faults', 'lost=0.05, html502=0.01'),
    script: parse('script', '3:html502,5:lost:0'),
    retryAfter: parse('retryAfter', 'date'),
    forbidden: parse('forbidden', 'a, b'),
  });
  expect(settings).toMatchObject({
    writeLimit: null,
    windowMs: 20_000,
    faults: { lost: 0.05, html502: 0.01 },
    script: [
      { envelope: 3, fault: 'html502' },
      { envelope: 5, fault: 'lost', request: 0 },
    ],
    retryAfter: 'date',
    forbidden: ['a', 'b'],
  });
});

test('what a tenant asks of writes can be said in flags', () => {
  const settings = changedSettings(DEFAULT_SETTINGS, {
    refusePatch: parse('refusePatch', 'deviceCompliancePolicy'),
    approvalFor: parse('approvalFor', 'deviceConfiguration, deviceCompliancePolicy'),
    approvalStatus: parse('approvalStatus', '412'),
    approvalExpiryMs: parse('approvalExpiryMs', '1000'),
    assignReply: parse('assignReply', 'null'),
  });
  expect(settings).toMatchObject({
    refusePatch: ['deviceCompliancePolicy'],
    approvalFor: ['deviceConfiguration', 'deviceCompliancePolicy'],
    approvalStatus: 412,
    approvalExpiryMs: 1_000,
    assignReply: 'null',
  });
  expect(() => changedSettings(DEFAULT_SETTINGS, { approvalFor: ['all'] })).toThrow(/approvalFor/);
  expect(() => changedSettings(DEFAULT_SETTINGS, { approvalStatus: 400 })).toThrow(/approvalStatus/);
});

test('what happens so many times is said as status:times', () => {
  const settings = changedSettings(DEFAULT_SETTINGS, {
    firstWrites: parse('firstWrites', '409:2, 404'),
    proxyReads: parse('proxyReads', '407:3'),
  });
  expect(settings).toMatchObject({
    firstWrites: [
      { status: 409, times: 2 },
      { status: 404, times: 1 },
    ],
    proxyReads: [{ status: 407, times: 3 }],
  });
  expect(() => changedSettings(DEFAULT_SETTINGS, { firstWrites: [{ status: 500, times: 1 }] })).toThrow(
    /firstWrites/,
  );
});

test('spans of an outage are said by the clock or by reads', () => {
  const { readOutages } = changedSettings(DEFAULT_SETTINGS, {
    readOutages: parse('readOutages', '200ms-2200ms, 10-50'),
  });
  expect(readOutages).toEqual([
    { by: 'ms', from: 200, to: 2_200 },
    { by: 'reads', from: 10, to: 50 },
  ]);
  for (const text of ['10', '10ms-50', 'a-b']) expect(() => parse('readOutages', text)).toThrow(/is no span/);
});

test('wrong values are refused with what to do', () => {
  expect(() => parse('windowMs', 'soon')).toThrow('"soon" is no number.');
  expect(() => changedSettings(DEFAULT_SETTINGS, { faults: { lsot: 1 } })).toThrow(/lsot/);
  expect(() => changedSettings(DEFAULT_SETTINGS, { faults: { lost: 2 } })).toThrow(/faults\.lost/);
  expect(() => changedSettings(DEFAULT_SETTINGS, { writeLimits: 1 })).toThrow(/writeLimits/);
});

test('shares of odd assignments are for the tenant that is made up, and no settings', async () => {
  const { tenant, ...rest } = await simulatorOptions({ policySetShare: 1, unknownTargetShare: 1 });
  expect(rest).toEqual({});
  expect(
    tenant?.policies.flatMap(({ assignments }) => assignments).every(({ source }) => source === 'policySets'),
  ).toBe(true);
});

test('without a tenant file a tenant is made up', async () => {
  const { tenant, port, latencyMs } = await simulatorOptions({ port: 8080, configurations: 3, latencyMs: 5 });
  expect({ port, latencyMs }).toEqual({ port: 8080, latencyMs: 5 });
  expect(
    new Set(tenant?.policies.filter(({ type }) => type === 'deviceConfiguration').map(({ id }) => id)).size,
  ).toBe(3);
});
