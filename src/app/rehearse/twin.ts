import { fingerprintOfList } from '../../assignments/changes/fingerprint.ts';
import { listKey, type Address } from '../../assignments/kinds/address.ts';
import type { Called } from '../../assignments/names/calledIds.ts';
import { changeOf } from '../../assignments/rows/change.ts';
import { filterOf } from '../../assignments/targets/filter.ts';
import { targetIn } from '../../assignments/targets/currentTarget.ts';
import type { JsonObject } from '../../assignments/values/json.ts';
import { EXIT, UserError } from '../../errors.ts';
import type { PlanHeader } from '../../formats/planFile.ts';
import type { SealedEnd } from '../../formats/readPlanFile.ts';
import { brokenPlan, planReads } from '../draft/planFileIntake.ts';
import { openFile, recognised } from '../draft/inputFile.ts';
import type { Host } from '../host.ts';

/** A policy as a plan has read it, with its whole list. */
export interface TwinPolicy {
  readonly type: string;
  readonly id: string;
  readonly displayName: string | undefined;
  readonly platform: string | undefined;
  readonly via: string;
  /** As Graph has shown them. */
  readonly assignments: readonly JsonObject[];
}

/** What a plan has read of its tenant, to be stood in for. */
export interface Twin {
  readonly header: PlanHeader;
  readonly end: SealedEnd;
  readonly policies: readonly TwinPolicy[];
  readonly names: Called;
  /** Filters that its rows bring in, and the platform of a policy that gets each. */
  readonly filters: readonly { readonly id: string; readonly platform: string | undefined }[];
  /** Fingerprints of the lists, by `listKey`. */
  readonly lists: ReadonlyMap<string, string>;
  readonly decisions: Readonly<Record<'write' | 'refused' | 'nothing', number>>;
}

/** No plan is sealed with it: a rehearsal asks no Redis for the key, and the tenant's own commands check the seal. */
const NO_KEY = Buffer.alloc(0);

/**
 * Reads from a plan file what its tenant is like, as far as the plan has seen it.
 * @throws UserError (exit 2) for what is no plan, is damaged, or was made without reading the tenant
 */
export async function twinOf(path: string, host: Pick<Host, 'cwd' | 'env' | 'interrupted'>): Promise<Twin> {
  const file = await recognised(await openFile(path, undefined, host));
  if (!file.isPlan) throw noPlan(path);
  const reads = planReads(file, NO_KEY);
  const { header } = await reads.header();
  if (header.offline || header.blind) throw unseen(path);
  const { graphUrl: root, apiVersion, blind, strategy } = header;
  const rules = { root, apiVersion, blind, strategy, restores: true };
  const policies: TwinPolicy[] = [];
  const lists = new Map<string, string>();
  const filters = new Map<string, string | undefined>();
  const decisions = { write: 0, refused: 0, nothing: 0 };
  for await (const { line, cells, names, decision, list } of reads.rows()) {
    const read = changeOf({ line, cells }, rules);
    if ('problems' in read) throw brokenPlan(file, read.problems[0]);
    const { address } = read.change;
    decisions[sortOf(decision.kind)] += 1;
    const filter = decision.after && filterOf(targetIn(decision.after));
    if (filter !== undefined) filters.set(filter.id, names.platform);
    const key = listKey(address);
    if (list === undefined || lists.has(key)) continue;
    lists.set(key, fingerprintOfList(list));
    policies.push({
      ...{ type: address.kind.policyType, id: address.policyId, via: viaOf(address) },
      ...{ displayName: names.policy, platform: names.platform },
      assignments: list.map(({ whole }) => whole),
    });
  }
  const end = reads.end();
  return {
    ...{ header, end, policies, names: end.names, lists, decisions },
    filters: [...filters].map(([id, platform]) => ({ id, platform })),
  };
}

const sortOf = (kind: string): keyof Twin['decisions'] =>
  kind === 'write' ? 'write' : kind === 'refused' || kind === 'stale' ? 'refused' : 'nothing';

const viaOf = ({ via, viaId }: Address): string =>
  via.map((segment) => (segment === '{id}' ? viaId : segment)).join('/');

const noPlan = (path: string): UserError =>
  new UserError(`${path} is no plan: only a plan has read what the tenant is like.`, {
    remedy: `Make one with \`retarget plan ${path} -o plan.ndjson\`, then \`retarget rehearse plan.ndjson\`.`,
    exitCode: EXIT.badInput,
  });

const unseen = (path: string): UserError =>
  new UserError(`${path} was made without reading the tenant, so nothing can stand in for it.`, {
    remedy: 'Make the plan without --offline and --blind.',
    exitCode: EXIT.badInput,
  });
