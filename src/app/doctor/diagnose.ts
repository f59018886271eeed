import type { Address } from '../../assignments/kinds/address.ts';
import type { Strategy } from '../../assignments/kinds/kind.ts';
import type { Host } from '../host.ts';
import type { Identity } from '../identity.ts';
import type { Check } from './check.ts';
import { graphDiagnosis, type GraphDiagnosis } from './graphDiagnosis.ts';
import { notifyDiagnosis } from './notifyDiagnosis.ts';
import { probeWrite, unknown, type Probe, type ProbedWrite } from './probeWrite.ts';
import { redisDiagnosis, type RedisDiagnosis } from './redisDiagnosis.ts';

/** A write that changes nothing, to see how the tenant can be written to. */
export interface AskedProbe {
  /** What is written to, as `probedAddresses` has it. */
  readonly addresses: readonly Address[];
  readonly mayWrite: (write: ProbedWrite, graph: GraphDiagnosis) => Promise<boolean>;
}

export interface Diagnosis {
  /** Without secrets, whatever Redis and Graph have said. */
  readonly checks: readonly Check[];
  readonly isWell: boolean;
  readonly redis: RedisDiagnosis['facts'];
  readonly graph: GraphDiagnosis;
  /** How this tenant can be written to; null: it did not show, or no probe was asked for. */
  readonly strategy: Strategy | null;
}

/** Looks at all that a run needs, and changes nothing. */
export async function diagnose(
  known: Identity,
  asked: AskedProbe | undefined,
  host: Host,
): Promise<Diagnosis> {
  const redis = await redisDiagnosis(known, host);
  const graph = await graphDiagnosis(known, host);
  const found = [...redis.checks, ...graph.checks, ...(await notifyDiagnosis(known, host))];
  const probe = asked && (await probeIfWell(asked, found, graph, host));
  const { redacted } = host.redactor;
  const checks = [...found, ...(probe ? [probe.check] : [])].map((check) => ({
    ...check,
    message: redacted(check.message),
    remedy: check.remedy && redacted(check.remedy),
  }));
  const isWell = checks.every(({ status }) => status !== 'failed');
  return { checks, isWell, redis: redis.facts, graph, strategy: probe?.strategy ?? null };
}

async function probeIfWell(
  { addresses, mayWrite }: AskedProbe,
  found: readonly Check[],
  graph: GraphDiagnosis,
  host: Host,
): Promise<Probe> {
  const { identity, typesToApprove, typesRead } = graph;
  // That kinds which are not written here can't be read is no obstacle.
  const isReadable = addresses.some(({ kind }) => typesRead.has(kind.policyType));
  const obstacle = found.find(
    ({ name, status }) => status === 'failed' && !(name === 'intune' && isReadable),
  );
  if (obstacle !== undefined)
    return unknown({
      message: `Not tried, as the check of ${obstacle.name} has failed.`,
      remedy: 'Mend that first.',
    });
  return probeWrite(
    addresses,
    identity,
    { mayWrite: (write) => mayWrite(write, graph), typesToApprove },
    host,
  );
}
