import { EXIT, UserError } from '../../errors.ts';
import type { SnapshotEnd, SnapshotManifest } from '../../formats/snapshotFile.ts';
import { SnapshotWriter } from '../../formats/writeSnapshot.ts';
import { kindsIn } from '../../assignments/kinds/registry.ts';
import { cannotWrite } from '../cannotWrite.ts';
import { signedIn } from '../identity.ts';
import type { Services } from '../services.ts';
import { withReads } from '../withReads.ts';
import { groupsIn } from './names.ts';
import { tenantState } from './tenantState.ts';

/** What a snapshot has kept, and what nobody could name in it. */
export interface TakenSnapshot extends SnapshotEnd {
  readonly groups: number;
  /** Groups that have no name in it: they are gone, or may not be read. */
  readonly unnamedGroups: number;
  /** Runs that were at work meanwhile: the snapshot may show half of what they write. */
  readonly atWork: readonly string[];
}

/**
 * Keeps the whole tenant in one file, sealed with the tenant's key. Nothing is there under its name before it is whole.
 * @throws UserError (exit 2 or 4) when the file can't be written, (exit 4) when the tenant can't be read
 */
export const takeSnapshot = (path: string, services: Services): Promise<TakenSnapshot> =>
  withReads(services, async (send, base) => {
    const { identity, runs } = services;
    expectBeta(identity.config.apiVersion);
    const claims = signedIn(identity).claims;
    const manifest: SnapshotManifest = {
      ...{ tenant: identity.tenant, graphUrl: identity.config.graphUrl },
      apiVersion: 'beta',
      createdAt: new Date().toISOString(),
      reader: {
        ...{ appId: identity.appId, operator: identity.operator },
        permissions: claims === undefined ? null : [...claims.roles, ...claims.scopes],
      },
      kinds: kindsIn(identity.config.apiVersion).map(({ policyType }) => policyType),
    };
    const told = async <T>(work: () => Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        throw cannotWrite(error, notKept(path));
      }
    };
    const key = await runs.sealKey();
    const atWork = (await runs.runs()).filter(({ state }) => state === 'running').map(({ runId }) => runId);
    await using file = await told(() => SnapshotWriter.create(path, manifest, key));
    const groups = new Set<string>();
    let named = 0;
    for await (const { kind, policies, why = '', names } of tenantState(send, base, services)) {
      if (policies === undefined) {
        file.kindNotRead({ type: kind.policyType, why });
        continue;
      }
      file.kindRead(kind.policyType);
      for (const policy of policies) await told(() => file.policy(policy));
      for (const name of names) await told(() => file.name(name));
      for (const id of groupsIn(policies)) groups.add(id);
      named += names.filter(({ of }) => of === 'group').length;
    }
    const end = await told(() => file.end());
    return { ...end, groups: groups.size, unnamedGroups: groups.size - named, atWork };
  });

const notKept = (path: string) => ({
  what: `The snapshot can't be written to ${path}`,
  begun: ' What was there before is as it was.',
  remedy: 'Give -o the path of a file in a directory that you can write to, with room for it.',
});

/** v1.0 shows no filters: what is put back from there would reach more people than before. @throws UserError (exit 2) */
export function expectBeta(apiVersion: string): void {
  if (apiVersion === 'beta') return;
  throw new UserError(`v1.0 shows neither filters nor intents, and without them nothing can be put back.`, {
    remedy: 'Leave --api-version out, or write --api-version beta.',
    exitCode: EXIT.badInput,
  });
}
