import { expect, test } from 'vitest';
import { listPath } from '../../../../src/assignments/kinds/address.ts';
import type { PolicyKind } from '../../../../src/assignments/kinds/registry.ts';
import { deviceConfiguration } from '../../../../src/assignments/kinds/deviceConfiguration.ts';
import type { Reply } from '../../../../src/graph/client/batchEnvelope.ts';
import { COMPARED_LISTS, PolicyLists, SINGLE_LISTS } from '../../../../src/graph/reads/policyLists.ts';
import type { ReadReply } from '../../../../src/graph/reads/reading.ts';

const BASE = 'https://graph.microsoft.com/beta';
const POLICIES = 3 * COMPARED_LISTS;

const answered = (status: number, body: unknown = {}): Reply => ({ kind: 'answered', status, body });
const assignment = (id: string) => ({
  id,
  target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' },
});
const idsOf = (first: number, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `c${first + n}`);
const ALL = idsOf(0, POLICIES);

interface Tenant {
  readonly kind?: PolicyKind;
  /** Of each policy, its assignments as the page shows them; and more of the page's entry. */
  readonly inPage?: (id: string) => readonly string[];
  readonly entry?: (id: string) => object;
  /** What the list by itself is answered with. */
  readonly alone?: (id: string) => ReadReply;
  readonly page?: ReadReply;
}

const SAME = (id: string): string[] => [`${id}-a`, `${id}-b`];
const listReply = (ids: readonly string[]): Reply => answered(200, { value: ids.map(assignment) });

/** A command that reads a tenant of so many configurations, and what it asks for. */
function command({ kind = deviceConfiguration, inPage = SAME, entry, alone, page }: Tenant = {}) {
  const differs: PolicyKind[] = [];
  const asked: string[] = [];
  const lists = new PolicyLists(BASE, (each) => differs.push(each));
  const answer = (url: string): ReadReply => {
    asked.push(url);
    const [, id] = /\/([^/?]+)\/assignments$/.exec(url) ?? [];
    if (id !== undefined) return alone?.(id) ?? listReply(SAME(id));
    const policies = ALL.map((each) => ({
      ...{ id: each, displayName: each, assignments: inPage(each).map(assignment) },
      ...entry?.(each),
    }));
    return page ?? answered(200, { value: policies });
  };
  const send = async (urls: readonly string[]): Promise<readonly ReadReply[]> => urls.map(answer);
  const addressOf = (policyId: string) => ({ kind, policyId, via: [], viaId: '' });
  return {
    lists,
    asked,
    differs,
    /** The ids that each list was read with. */
    async read(ids: readonly string[]) {
      const found = await lists.read(ids.map(addressOf), send);
      return ids.map((id) => {
        const list = found.get(listPath(addressOf(id)));
        return list?.kind === 'list' ? list.assignments.map((each) => each.id) : list?.kind;
      });
    },
    seen: (id: string) => lists.seen(`/deviceManagement/deviceConfigurations/${id}/assignments`),
    count: (enough: number) => lists.count(kind, enough, send),
    believed: async () => (await lists.believedPolicies([kind], send)).get(kind),
    pages: () => asked.filter((url) => !url.endsWith('/assignments')).length,
    alone: () => asked.filter((url) => url.endsWith('/assignments')).length,
  };
}

test('few lists of a kind are read by themselves, and each once', async () => {
  const few = ALL.slice(0, SINGLE_LISTS);
  const here = command();
  expect(await here.read(few)).toEqual(few.map(SAME));
  expect(await here.read(few)).toEqual(few.map(SAME));
  expect([here.pages(), here.alone()]).toEqual([0, SINGLE_LISTS]);
});

test('what a list showed last by itself is known with the moment when that read began, and of pages nothing is', async () => {
  const here = command();
  const before = performance.now();
  await here.read(ALL);
  const seen = ALL.map((id) => here.seen(id));
  expect(seen.filter((each) => each !== undefined)).toHaveLength(COMPARED_LISTS);
  for (const each of seen) if (each) expect(each.beganAt).toBeGreaterThanOrEqual(before);
  const [first] = ALL.filter((id) => here.seen(id) !== undefined);
  expect(here.seen(first ?? '')?.list.assignments.map(({ id }) => id)).toEqual(SAME(first ?? ''));
  expect(command({ alone: () => answered(404) }).seen('c0')).toBeUndefined();
});

test('many come from the pages of the kind, some of them held against the lists by themselves', async () => {
  const here = command();
  expect(await here.read(ALL)).toEqual(ALL.map(SAME));
  expect(await here.read(ALL)).toEqual(ALL.map(SAME));
  expect([here.pages(), here.alone()]).toEqual([1, COMPARED_LISTS]);
  expect(here.differs).toEqual([]);
});

test('so do those that are asked for in small portions', async () => {
  const here = command();
  for (let first = 0; first < POLICIES; first += 4) await here.read(idsOf(first, 4));
  expect(here.pages()).toBe(1);
  expect(here.alone()).toBeLessThan(SINGLE_LISTS + COMPARED_LISTS);
});

test('lists are compared where they are longest and where they are shortest', async () => {
  const [longest, shortest] = ['c13', 'c17'];
  const inPage = (id: string): string[] =>
    id === longest ? [...SAME(id), 'x'] : id === shortest ? [] : SAME(id);
  const alone = (id: string): ReadReply => listReply(inPage(id));
  const here = command({ inPage, alone });
  await here.read(ALL);
  for (const id of [longest, shortest])
    expect(here.asked).toContain(`/deviceManagement/deviceConfigurations/${id}/assignments`);
});

test.each<readonly [string, Tenant]>([
  ['lacks entries', { inPage: (id) => SAME(id).slice(1) }],
  ['has none', { inPage: () => [] }],
  ['shows other ones', { inPage: () => ['x', 'y'] }],
  [
    'shows less of each',
    {
      alone: (id) =>
        answered(200, { value: SAME(id).map((each) => ({ ...assignment(each), source: 'policySets' })) }),
    },
  ],
])('a kind whose page %s is read one by one, and that is told once', async (_, tenant) => {
  const here = command(tenant);
  expect(await here.read(ALL)).toEqual(ALL.map(SAME));
  expect(here.alone()).toBe(POLICIES);
  await here.read(ALL);
  expect(here.alone()).toBe(POLICIES);
  expect(here.differs).toEqual([deviceConfiguration]);
});

test('a list that can not be read by itself is no reason to believe its page', async () => {
  const here = command({ alone: (id) => (id === 'c0' ? answered(403) : listReply(SAME(id))) });
  expect(await here.read(ALL)).toEqual(['refused', ...ALL.slice(1).map(SAME)]);
  expect(here.differs).toEqual([deviceConfiguration]);
});

test.each<readonly [string, (id: string) => object]>([
  ['is cut', () => ({ 'assignments@odata.nextLink': `${BASE}/x` })],
  ['is empty while the policy says that it is assigned', () => ({ assignments: [], isAssigned: true })],
])('a list that %s in the page is read to its end by itself', async (_, more) => {
  const here = command({
    inPage: (id) => SAME(id).slice(1),
    entry: (id) => (id === 'c15' ? more(id) : { assignments: SAME(id).map(assignment) }),
  });
  expect(await here.read(ALL)).toEqual(ALL.map(SAME));
  expect(here.alone()).toBe(COMPARED_LISTS + 1);
  expect(here.differs).toEqual([]);
});

test('an empty list of a policy that says nothing of it is believed with its page', async () => {
  const here = command({ inPage: () => [], alone: () => listReply([]) });
  expect(await here.read(ALL)).toEqual(ALL.map(() => []));
  expect(here.alone()).toBe(COMPARED_LISTS);
});

test('a policy that stands in no page is read by itself', async () => {
  const here = command({ alone: (id) => (id === 'new' ? answered(404) : listReply(SAME(id))) });
  expect(await here.read([...ALL, 'new', 'C15'])).toEqual([...ALL.map(SAME), 'refused', SAME('c15')]);
  expect(here.alone()).toBe(COMPARED_LISTS + 1);
});

test('where none of the first ones stands in a page, the next ones decide', async () => {
  const here = command({ inPage: () => [], alone: (id) => listReply(SAME(id)) });
  await here.read(idsOf(POLICIES, 2 * COMPARED_LISTS));
  expect(await here.read(ALL)).toEqual(ALL.map(SAME));
  expect(here.differs).toEqual([deviceConfiguration]);
});

test('nor do those decide that are cut, and were not taken from a page', async () => {
  const cut = new Set(ALL.slice(0, 2 * COMPARED_LISTS));
  const here = command({
    inPage: (id) => (cut.has(id) ? SAME(id) : []),
    entry: (id) => (cut.has(id) ? { 'assignments@odata.nextLink': `${BASE}/x` } : {}),
  });
  expect(await here.read([...cut])).toEqual([...cut].map(SAME));
  expect(await here.read(ALL)).toEqual(ALL.map(SAME));
  expect(here.differs).toEqual([deviceConfiguration]);
});

test.each<readonly [string, ReadReply]>([
  ['refused', answered(403)],
  ['no list', answered(200)],
])('a kind whose pages are %s is read one by one without a word', async (_, page) => {
  const here = command({ page });
  expect(await here.read(ALL)).toEqual(ALL.map(SAME));
  expect(here.differs).toEqual([]);
});

test('a list behind its policy is always read by itself', async () => {
  const here = command();
  const via = ['rootCertificate'];
  const many = ALL.map((policyId) => ({ kind: deviceConfiguration, policyId, via, viaId: '' }));
  const asked: string[] = [];
  await here.lists.read(many, async (urls) => {
    asked.push(...urls);
    return urls.map(() => listReply([]));
  });
  expect(asked).toHaveLength(POLICIES);
  expect(asked.every((url) => url.includes('/rootCertificate/'))).toBe(true);
});

test('a list that is read again by itself is what is known from then on', async () => {
  let now = SAME;
  const here = command({ alone: (id) => listReply(now(id)) });
  await here.read(ALL);
  const path = '/deviceManagement/deviceConfigurations/c15/assignments';
  expect(here.lists.isFromPage(path)).toBe(true);
  now = () => ['x'];
  await here.lists.readAlone([path], async () => [listReply(now('c15'))]);
  expect(here.lists.isFromPage(path)).toBe(false);
  expect(await here.read(['c15'])).toEqual([['x']]);
});

test('all policies of a kind whose page lies are shown as their lists are', async () => {
  const here = command({
    inPage: () => [],
    alone: (id) => (id === 'c1' ? answered(404) : listReply(SAME(id))),
  });
  const found = await here.believed();
  expect(found).toMatchObject({ kind: 'policies' });
  const shown = found?.kind === 'policies' ? found.policies : [];
  expect(shown.map(({ id }) => id)).toEqual(ALL.filter((id) => id !== 'c1'));
  expect(shown.every(({ id, assignments }) => assignments.length === SAME(id).length)).toBe(true);
});

/** A tenant whose pages have no list whole. */
const CUT: Tenant = { entry: () => ({ 'assignments@odata.nextLink': `${BASE}/x` }) };

test('where pages have no list whole, those that are wanted are read by themselves and no others', async () => {
  const here = command(CUT);
  expect(await here.read(ALL.slice(0, 2 * COMPARED_LISTS + 1))).toHaveLength(2 * COMPARED_LISTS + 1);
  expect(here.alone()).toBe(2 * COMPARED_LISTS + 1);
  expect(here.differs).toEqual([]);
});

test('assignments are counted as far as it is asked, with lists that are known and as few others as it takes', async () => {
  const here = command(CUT);
  await here.read(['c0', 'c1']);
  expect(await here.count(4)).toBe(4);
  expect(here.alone()).toBe(2);
  expect(await here.count(5)).toBe(4 + 2 * SINGLE_LISTS);
  expect(await here.count(Infinity)).toBe(2 * POLICIES);
  expect(here.alone()).toBe(POLICIES);
  expect(await command().count(Infinity)).toBe(2 * POLICIES);
});

test('what can not be read can not be counted, and what is gone counts nothing', async () => {
  const answeringC9 = (status: number) =>
    command({ ...CUT, alone: (id) => (id === 'c9' ? answered(status) : listReply(SAME(id))) });
  expect(await answeringC9(403).count(Infinity)).toBeUndefined();
  expect(await answeringC9(404).count(Infinity)).toBe(2 * POLICIES - 2);
  expect(await command({ page: answered(403) }).count(1)).toBeUndefined();
});

/** As a source would have it that takes `$top` for the size of a page. */
const TOPPED: PolicyKind = { ...deviceConfiguration, list: { ...deviceConfiguration.list, top: 40 } };

test('a page that is too large for a reply is asked for in halves', async () => {
  const tops: string[] = [];
  const lists = new PolicyLists(BASE, () => undefined);
  const found = await lists.policies([TOPPED], async ([url = '']) => {
    const top = /\$top=(\d+)/.exec(url)?.[1] ?? '';
    tops.push(top);
    return [Number(top) > 10 ? { kind: 'lost', why: 'tooLarge' } : answered(200, { value: [] })];
  });
  expect(tops).toEqual(['40', '20', '10']);
  expect(found.get(TOPPED)).toEqual({ kind: 'policies', policies: [] });
});

test('no size of a page is asked for where no source tells that Graph takes it', async () => {
  const here = command({ page: { kind: 'lost', why: 'tooLarge' } });
  await here.read(ALL);
  expect(here.asked.filter((url) => url.includes('$top'))).toEqual([]);
  expect(here.pages()).toBe(1);
});
