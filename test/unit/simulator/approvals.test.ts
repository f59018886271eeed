import type { GraphRequest } from '../../../src/simulator/requestToGraph.ts';
import { describe, expect, test } from 'vitest';
import { openApprovals, readCode, type Approvals } from '../../../src/simulator/approvals.ts';
import { changedSettings, DEFAULT_SETTINGS, type SettingsChange } from '../../../src/simulator/settings.ts';

const HOUR_MS = 3_600_000;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

function opened(change: SettingsChange = {}) {
  const clock = { nowMs: Date.UTC(2026, 10, 22) };
  const settings = changedSettings(DEFAULT_SETTINGS, { approvalExpiryMs: HOUR_MS, ...change });
  return {
    clock,
    approvals: openApprovals(
      () => settings,
      () => clock.nowMs,
    ),
  };
}

const write = (headers: Record<string, string>, more: Partial<GraphRequest> = {}): GraphRequest => ({
  version: 'beta',
  method: 'PATCH',
  url: '/deviceManagement/deviceConfigurations/c1/assignments/a1',
  headers,
  body: { kind: 'json', value: { target: { groupId: 'g1' } } },
  ...more,
});
const justified = (more: Partial<GraphRequest> = {}) =>
  write({ 'x-msft-approval-justification': base64('CHG-1234') }, more);
const withCode = (code: string, more: Partial<GraphRequest> = {}) =>
  write({ 'x-msft-approval-code': code }, more);

/** Files the write and gives the code it gets. */
function filed(approvals: Approvals, more: Partial<GraphRequest> = {}): string {
  const code = approvals.judge(justified(more))?.headers?.['x-msft-approval-code'];
  if (code === undefined) throw new Error('the write got no code');
  return code;
}

describe('without an approval a write is refused', () => {
  test.each([
    ['and asked for a justification', {}, /'x-msft-approval-justification' is required/],
    ['when the justification is no base64', { 'x-msft-approval-justification': 'CHG 1234' }, /valid base64/],
    [
      'when the justification is too long',
      { 'x-msft-approval-justification': base64('x'.repeat(1025)) },
      /no greater than 1024/,
    ],
    ['when the code is no GUID', { 'x-msft-approval-code': base64('code') }, /expected GUID format/],
  ])('%s', (_, headers, message) => {
    const { approvals } = opened();
    expect(approvals.judge(write(headers))).toMatchObject({
      status: 400,
      code: 'BadRequest',
      message: expect.stringMatching(message),
    });
    expect(approvals.list()).toEqual([]);
  });

  test('with a justification it is filed, and its code given in header and message', () => {
    const { approvals } = opened();
    const refused = approvals.judge(justified());
    const [request] = approvals.list();
    expect(request).toEqual({
      code: expect.stringMatching(/^[0-9a-f-]{36}$/),
      status: 'needsApproval',
      method: 'PATCH',
      url: '/deviceManagement/deviceConfigurations/c1/assignments/a1',
      justification: 'CHG-1234',
      requestedAt: '2026-11-22T00:00:00.000Z',
      expiresAt: '2026-11-22T01:00:00.000Z',
    });
    expect(refused).toMatchObject({
      status: 403,
      code: 'ApprovalRequired',
      message: expect.stringContaining(`x-msft-approval-code: ${request?.code}`),
      headers: { 'x-msft-approval-code': request?.code },
    });
  });

  test('with the status that is seen in place of the documented one, when told so', () => {
    const { approvals } = opened({ approvalStatus: 412 });
    expect(approvals.judge(justified())).toMatchObject({ status: 412, code: 'BadRequest' });
  });

  test('for the same entity only one request is open, also when its code is lost', () => {
    const { approvals } = opened();
    const code = filed(approvals);
    expect(approvals.judge(justified({ body: { kind: 'none' } }))).toMatchObject({ status: 409 });
    expect(
      approvals.judge(justified({ url: '/deviceManagement/deviceConfigurations/c1/assignments/a2' })),
    ).toMatchObject({
      status: 403,
    });
    approvals.decide(code, 'rejected');
    expect(filed(approvals)).not.toBe(code);
  });
});

describe('a code', () => {
  test('lets its request through once, when it is approved', () => {
    const { approvals } = opened();
    const code = filed(approvals);
    expect(approvals.judge(withCode(code))).toMatchObject({ code: 'ApprovalRequired' });
    expect(approvals.decide(code.toUpperCase(), 'approved').status).toBe('approved');
    expect(approvals.judge(withCode(code))).toBeUndefined();
    expect(approvals.judge(withCode(code))).toMatchObject({ status: 409, code: 'ApprovalCompleted' });
    expect(approvals.list()[0]?.status).toBe('completed');
  });

  test.each<[string, Partial<GraphRequest>]>([
    ['method', { method: 'POST' }],
    ['URL', { url: '/deviceManagement/deviceConfigurations/c2/assignments/a1' }],
    ['version', { version: 'v1.0' }],
    ['body', { body: { kind: 'json', value: { target: { groupId: 'g2' } } } }],
  ])('is good for no other %s, and not used up by it', (_, more) => {
    const { approvals } = opened();
    const code = filed(approvals);
    approvals.decide(code, 'approved');
    expect(approvals.judge(withCode(code, more))).toMatchObject({ code: 'ApprovalMismatch' });
    expect(approvals.judge(withCode(code))).toBeUndefined();
  });

  test('that was rejected, has expired or is unknown is told apart', () => {
    const { approvals, clock } = opened();
    const rejected = filed(approvals);
    approvals.decide(rejected, 'rejected');
    const approved = filed(approvals, { method: 'POST' });
    approvals.decide(approved, 'approved');
    clock.nowMs += HOUR_MS - 1;
    expect(approvals.list().map(({ status }) => status)).toEqual(['rejected', 'approved']);
    clock.nowMs += 1;
    expect(approvals.list().map(({ status }) => status)).toEqual(['rejected', 'expired']);
    expect(approvals.judge(withCode(rejected))?.code).toBe('ApprovalRejected');
    expect(approvals.judge(withCode(approved, { method: 'POST' }))?.code).toBe('ApprovalExpired');
    expect(approvals.judge(withCode('00000000-0000-0000-0000-000000000000'))?.code).toBe('ApprovalNotFound');
    expect(filed(approvals)).not.toBe(approved);
  });

  test('does not win over a justification', () => {
    const { approvals } = opened();
    const code = filed(approvals);
    approvals.decide(code, 'approved');
    const both = { ...justified().headers, 'x-msft-approval-code': code };
    expect(approvals.judge(write(both))).toMatchObject({ status: 409 });
  });
});

test('a decision needs the code of a request that waits for one', () => {
  const { approvals } = opened();
  expect(() => approvals.decide('nobody', 'approved')).toThrow('under the code nobody');
  const code = filed(approvals);
  approvals.decide(code, 'rejected');
  expect(() => approvals.decide(code, 'approved')).toThrow(code);
  expect(() => readCode({})).toThrow(/code/);
  expect(readCode({ code })).toBe(code);
});
