import { expect, test } from 'vitest';
import type { Reply } from '../../../../src/graph/client/batchEnvelope.ts';
import { groupNames } from '../../../../src/graph/reads/groupNames.ts';
import type { SendReads } from '../../../../src/graph/reads/reading.ts';

const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, 'a')}`;
const idsIn = (url: string): string[] => decodeURIComponent(url).match(/[0-9a-f-]{36}/g) ?? [];

function directory(reply: (ids: readonly string[]) => Reply): { send: SendReads; asked: string[] } {
  const asked: string[] = [];
  const send: SendReads = async (urls) => {
    asked.push(...urls);
    return urls.map((url) => reply(idsIn(url)));
  };
  return { send, asked };
}

const called = (ids: readonly string[]): Reply => ({
  kind: 'answered',
  status: 200,
  body: { value: ids.map((each) => ({ id: each.toUpperCase(), displayName: `Group ${each.at(-1)}` })) },
});

test('names are asked for fifteen at a time, each id once, and found in any letter case', async () => {
  const ids = Array.from({ length: 32 }, (_, i) => id(i));
  const { send, asked } = directory(called);
  const names = await groupNames([...ids, ...ids.map((each) => each.toUpperCase())], send);
  expect(asked.map((url) => idsIn(url).length)).toEqual([15, 15, 2]);
  expect(asked[0]).toMatch(/^\/groups\?\$filter=id%20in%20\(.*&\$select=id,displayName$/);
  expect([...names.keys()]).toEqual(ids);
  expect(names.get(id(7))).toBe('Group 7');
});

test('who may read no group is asked once', async () => {
  const denied = { kind: 'answered', status: 403, body: {} } as const;
  const { send, asked } = directory(() => denied);
  expect(
    await groupNames(
      Array.from({ length: 40 }, (_, i) => id(i)),
      send,
    ),
  ).toEqual(new Map());
  expect(asked).toHaveLength(1);
});

test('what is no id of a group, is missing or can’t be read has no name, and the others have theirs', async () => {
  const { send, asked } = directory((ids) =>
    ids.includes(id(20)) ? { kind: 'lost', why: 'reset' } : called(ids.slice(1)),
  );
  const names = await groupNames(['everybody', ...Array.from({ length: 30 }, (_, i) => id(i))], send);
  expect(asked.flatMap(idsIn)).not.toContain('everybody');
  expect([...names.keys()]).toEqual(Array.from({ length: 14 }, (_, i) => id(i + 1)));
});
