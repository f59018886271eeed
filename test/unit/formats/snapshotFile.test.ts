import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { currentAssignmentOf } from '../../../src/assignments/changes/current.ts';
import { KINDS } from '../../../src/assignments/kinds/registry.ts';
import type { SnapshotPolicy } from '../../../src/assignments/snapshots/snapshot.ts';
import { parsedExactly } from '../../../src/assignments/values/exactJson.ts';
import { PlanSeal, SEAL_MARK } from '../../../src/formats/planSeal.ts';
import { readSnapshot, type SnapshotRead } from '../../../src/formats/readSnapshot.ts';
import { isSnapshotFile, type SnapshotManifest } from '../../../src/formats/snapshotFile.ts';
import { SnapshotWriter } from '../../../src/formats/writeSnapshot.ts';
import { current, excluded, group } from '../../support/graphShapes.ts';
import { inChunks } from '../../support/readAll.ts';

const KEY = Buffer.alloc(32, 'k');
const [kind] = KINDS;
if (kind === undefined) throw new Error('there are no kinds');

const MANIFEST: SnapshotManifest = {
  ...{ tenant: 't1', graphUrl: 'https://graph.microsoft.com', apiVersion: 'beta' },
  createdAt: '2026-11-27T16:00:00.000Z',
  reader: { appId: 'app', operator: 'ada@desk', permissions: ['DeviceManagementConfiguration.Read.All'] },
  kinds: KINDS.map(({ policyType }) => policyType),
};

const policy = (id: string, ...assignments: SnapshotPolicy['assignments'][number][]): SnapshotPolicy => ({
  ...{ kind, id, name: `Policy ${id}`, platform: 'iOS', assignments },
});

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'retarget-snapshot-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const POLICIES = [
  policy('p1', current(group('g1'), { weight: 5 }), current(excluded('g2'), {}, 'A2')),
  policy('p2'),
];

async function written(policies: readonly SnapshotPolicy[] = POLICIES, key = KEY): Promise<string> {
  const path = join(directory(), 'friday.json');
  await using writer = await SnapshotWriter.create(path, MANIFEST, key);
  for (const each of policies) await writer.policy(each);
  await writer.name({ of: 'group', id: 'g1', name: 'GRP-Sales' });
  writer.kindNotRead({ type: 'mobileApp', why: 'Forbidden.' });
  await writer.end();
  return readFileSync(path, 'utf8');
}

async function readsIn(text: string, { key = KEY, chunkBytes = 65_536 } = {}): Promise<SnapshotRead[]> {
  const reads: SnapshotRead[] = [];
  for await (const read of readSnapshot(inChunks(Buffer.from(text), chunkBytes), key)) reads.push(read);
  return reads;
}

const problemIn = async (text: string, key = KEY): Promise<string | undefined> => {
  const last = (await readsIn(text, { key })).at(-1);
  return last?.kind === 'problem' ? last.problem.message : undefined;
};

describe('a snapshot', () => {
  test.each([7, 65_536])('is read as it was written, in chunks of %i bytes', async (chunkBytes) => {
    const reads = await readsIn(await written(), { chunkBytes });
    expect(reads).toMatchObject([
      { kind: 'manifest', manifest: MANIFEST },
      { kind: 'policy', line: 2, policy: POLICIES[0] },
      { kind: 'policy', line: 3, policy: POLICIES[1] },
      { kind: 'name', name: { of: 'group', id: 'g1', name: 'GRP-Sales' } },
      {
        kind: 'end',
        end: {
          ...{ policies: 2, assignments: 2, seal: 'ours' },
          kinds: [{ type: kind.policyType, policies: 2, unassigned: 1, assignments: 2 }],
          notRead: [{ type: 'mobileApp', why: 'Forbidden.' }],
        },
      },
    ]);
  });

  test('keeps every number value for value', async () => {
    const whole = parsedExactly(
      '{"id":"A1","target":{"@odata.type":"#x"},"n":12345678901234567891,"m":1e400}',
    );
    const assignment = currentAssignmentOf(whole);
    if (assignment === undefined) throw new Error('no assignment');
    const text = await written([policy('p1', assignment)]);
    expect(text).toContain('"n":12345678901234567891,"m":1e400');
    const [, read] = await readsIn(text);
    expect(read?.kind === 'policy' && JSON.stringify(read.policy.assignments[0]?.whole)).toBe(
      JSON.stringify(whole),
    );
  });

  test('is known by its first bytes', async () => {
    expect(isSnapshotFile(Buffer.from(await written()))).toBe(true);
    expect(isSnapshotFile(Buffer.from('{"kind":"plan","format":2}'))).toBe(false);
    expect(isSnapshotFile(Buffer.from('policyType,policyId'))).toBe(false);
  });

  test('is not there before its end, and leaves what was there before', async () => {
    const dir = directory();
    const path = join(dir, 'friday.json');
    writeFileSync(path, 'before');
    {
      await using writer = await SnapshotWriter.create(path, MANIFEST, KEY);
      await writer.policy(policy('p1'));
    }
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(readdirSync(dir)).toEqual(['friday.json']);
  });
});

describe('a snapshot that is not as it was written', () => {
  const EDITED = 'The snapshot was edited: its seal is broken.';

  test('is told when a value was changed, also by whoever has not the key', async () => {
    const text = (await written()).replace('"groupId":"g1"', '"groupId":"g7"');
    expect(await problemIn(text)).toBe(EDITED);
    expect(await problemIn(text, Buffer.alloc(32, 'o'))).toBe(EDITED);
  });

  test('is told when its last line says another seal, or other counts', async () => {
    const text = await written();
    const hmac = /"hmac":"(..)/.exec(text)?.[1];
    expect(await problemIn(text.replace(`"hmac":"${hmac}`, `"hmac":"${hmac === '00' ? '11' : '00'}`))).toBe(
      EDITED,
    );
    expect(await problemIn(text.replace('"unassigned":1', '"unassigned":0'))).toBe(EDITED);
    const lines = text.split('\n');
    expect(await problemIn(lines.filter((_, i) => i !== 2).join('\n'))).toBe(EDITED);
  });

  test('is told wherever it is cut', async () => {
    const text = await written();
    for (let end = 1; end < text.length - 1; end += 1)
      expect(await problemIn(text.slice(0, end)), `cut at ${end}`).toBeDefined();
    expect(await problemIn('')).toBe('The snapshot is empty.');
    expect(await problemIn(text.slice(0, 600))).toMatch(
      /^The snapshot is cut short, or was edited\. This is no JSON/,
    );
    const lines = text.split('\n');
    expect(await problemIn(lines.slice(0, 3).join('\n'))).toBe(
      'The snapshot is cut short: it ends after 2 policies, without its last line.',
    );
  });

  test('is told when something follows, when it is of a later format, or knows kinds that this version does not', async () => {
    const text = await written();
    expect(await problemIn(`${text}{"kind":"policy"}\n`)).toBe(
      'Something follows the last line of the snapshot.',
    );
    expect(await problemIn(text.replace('"format":1', '"format":2'))).toBe(
      'The snapshot has format 2; this version of retarget reads format 1.',
    );
    expect(await problemIn(text.replace(`"policyType":"${kind.policyType}"`, '"policyType":"teapot"'))).toBe(
      'This version of retarget knows no policies of the kind teapot.',
    );
  });

  test('is of another seal when another key has made it, and unharmed by its checksum', async () => {
    const end = (await readsIn(await written(POLICIES, Buffer.alloc(32, 'o')))).at(-1);
    expect(end).toMatchObject({ kind: 'end', end: { seal: 'other' } });
  });

  test('deceives nobody by a checksum of its own, where the key is at hand', async () => {
    const text = (await written()).replace('"groupId":"g1"', '"groupId":"g7"');
    const sealed = text.slice(0, text.lastIndexOf(SEAL_MARK) + SEAL_MARK.length);
    const seal = new PlanSeal(KEY);
    seal.update(sealed);
    const { fingerprint } = seal.end();
    expect(await problemIn(text.replace(/"sha256":"\w+"/, `"sha256":"${fingerprint}"`))).toBe(EDITED);
  });
});
