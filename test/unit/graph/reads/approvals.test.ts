import { expect, test } from 'vitest';
import { approvalRequests, typesToApprove } from '../../../../src/graph/reads/approvals.ts';
import { KINDS } from '../../../../src/assignments/kinds/registry.ts';
import type { Reply } from '../../../../src/graph/client/batchEnvelope.ts';
import type { SendReads } from '../../../../src/graph/reads/reading.ts';

const BASE = 'https://graph.example/beta';
const answered = (status: number, body: unknown = {}): Reply => ({ kind: 'answered', status, body });
const list = (...value: unknown[]): Reply => answered(200, { value });

/** Answers with these, one after the other. */
const sender =
  (...replies: readonly Reply[]): SendReads =>
  async () =>
    [replies.length > 1 ? (replies as Reply[]).shift() : replies[0]].flatMap((reply) => reply ?? []);

/** Several kinds may be covered by one type of approval policy. */
const covered = (approvalType: string): readonly string[] =>
  KINDS.filter((kind) => kind.approvalType === approvalType).map(({ policyType }) => policyType);

test('the two kinds are covered by a type each', () => {
  expect(covered('configurationPolicy')).toContain('deviceConfiguration');
  expect(covered('compliancePolicy')).toContain('deviceCompliancePolicy');
});

test.each<readonly [string, Reply, readonly string[] | undefined]>([
  ['configurations', list({ policyType: 'configurationPolicy' }), covered('configurationPolicy')],
  ['compliance policies', list({ policyType: 'compliancePolicy' }), covered('compliancePolicy')],
  ['a type that is none of ours, and entries that are none', list({ policyType: 'new' }, 'x', null), []],
  ['nothing', list(), []],
  ['what may not be read', answered(403), undefined],
  ['a tenant that does not know them', answered(400), undefined],
  ['replies that are lost', { kind: 'lost', why: 'reset' }, undefined],
])('types to approve: %s', async (_, reply, types) => {
  const found = await typesToApprove(sender(reply), BASE);
  expect(found && [...found]).toEqual(types);
});

test('requests are read to the last page; those without code, status or justification are none', async () => {
  const request = (n: number) => ({ id: `r${n}`, status: 'approved', requestJustification: `why ${n}` });
  const next = `${BASE}/deviceManagement/operationApprovalRequests?$skiptoken=2`;
  const first = answered(200, {
    value: [request(1), { id: 'r9', status: 'approved' }],
    '@odata.nextLink': next,
  });
  expect(await approvalRequests(sender(first, list(request(2))), BASE)).toEqual([
    { code: 'r1', status: 'approved', justification: 'why 1' },
    { code: 'r2', status: 'approved', justification: 'why 2' },
  ]);
  expect(await approvalRequests(sender(answered(403)), BASE)).toBeUndefined();
});
