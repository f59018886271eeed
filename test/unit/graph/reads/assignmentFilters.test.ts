import { expect, test } from 'vitest';
import { readAssignmentFilters } from '../../../../src/graph/reads/assignmentFilters.ts';
import type { Reply } from '../../../../src/graph/client/batchEnvelope.ts';

const BASE = 'https://graph.microsoft.com/beta';
const URL_OF_ALL = '/deviceManagement/assignmentFilters?$select=id,displayName,platform,rule';

const answered = (status: number, body: unknown = {}): Reply => ({ kind: 'answered', status, body });

async function filtersWith(
  ...replies: readonly Reply[]
): Promise<{ fact: Awaited<ReturnType<typeof readAssignmentFilters>>; asked: string[] }> {
  const asked: string[] = [];
  const fact = await readAssignmentFilters(async (urls) => {
    asked.push(...urls);
    return [replies[asked.length - 1] ?? expect.fail('asked once more than there are replies')];
  }, BASE);
  return { fact, asked };
}

test('filters are read to the last page, and found in any spelling of their id', async () => {
  const { fact, asked } = await filtersWith(
    answered(200, {
      value: [{ id: 'F1', platform: 'iOS' }],
      '@odata.nextLink': `${BASE}${URL_OF_ALL}&$skiptoken=x`,
    }),
    answered(200, { value: [{ id: 'f2', platform: 'windows10AndLater' }, { id: 'f3' }] }),
  );
  expect(asked).toEqual([URL_OF_ALL, `${URL_OF_ALL}&$skiptoken=x`]);
  expect(fact('f1')).toEqual({ kind: 'ok', platform: 'iOS' });
  expect(fact('F2')).toEqual({ kind: 'ok', platform: 'windows10AndLater' });
  expect(fact('f3')).toEqual({ kind: 'ok', platform: 'unknown' });
  expect(fact('f4')).toEqual({ kind: 'missing' });
});

// "missing" would be a finding about a filter that nobody has looked at.
test.each<readonly [string, Reply]>([
  ['refused', answered(403)],
  ['not there, as in v1.0', answered(400)],
  ['asked for a token', answered(401)],
  ['no collection', answered(200)],
  ['of an entry without an id', answered(200, { value: [{ platform: 'iOS' }] })],
])('filters %s are unchecked', async (_, reply) => {
  const { fact } = await filtersWith(reply);
  expect(fact('f1')).toEqual({ kind: 'unchecked' });
});
