import { Redis } from 'ioredis';
import { expect } from 'vitest';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import type { SeedAssignment } from '../../src/simulator/assignmentSeed.ts';
import { named } from './guid.ts';
import { ALLOW_ALL, bench, type Bench, type Ran } from './cli.ts';

export type Target = SeedAssignment['target'];

/** What the tenant holds of one list, in no order and apart from the ids, which whoever writes whole lists gives anew. */
export type Held = Readonly<Record<string, readonly string[]>>;

/** A simulated tenant, and what its lists hold. */
export interface Site extends Bench {
  held(): Held;
  /** Runs a command line that must end with this exit code. */
  must(exitCode: number, ...argv: string[]): Promise<Ran>;
  /** The counts of a run, the newest unless it is named. */
  status(name?: string): Promise<Record<string, unknown>>;
  results(name?: string): Promise<readonly Result[]>;
}

/** A row of `results --format json`, as far as tests look at it. */
export interface Result {
  readonly row: number;
  readonly policyId: string;
  readonly action?: string;
  readonly status: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly assignmentIdAfter?: string;
}

export async function site(
  redisUrl: string | undefined,
  options: SimulatorOptions,
  env: Record<string, string> = {},
): Promise<Site> {
  const here = await bench(redisUrl, options, env);
  return {
    ...here,
    held: () => heldBy(here),
    async must(exitCode, ...argv) {
      const ran = await here.run(argv);
      expect(ran.exitCode, `${argv.join(' ')}: ${ran.stderr}`).toBe(exitCode);
      return ran;
    },
    status: async (name = '@last') => JSON.parse((await here.run(['status', name, '--json'])).stdout),
    results: async (name = '@last') =>
      JSON.parse((await here.run(['results', name, '--format', 'json'])).stdout),
  };
}

const heldBy = ({ simulator }: Bench): Held =>
  Object.fromEntries(
    simulator
      .snapshot()
      .policies.map(({ id, via = '', assignments }) => [
        via === '' ? id : `${id} ${via}`,
        assignments.map(({ id: _id, ...assignment }) => named(JSON.stringify(sorted(assignment)))).toSorted(),
      ]),
  );

/** Objects with their properties in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, inner]) => [name, sorted(inner)]));
}

/** `apply`, with no question and all that the guard finds let through. */
export const APPLY: readonly string[] = ['apply', '--yes', ...ALLOW_ALL];

/** As when Redis has lost everything. */
export async function flushAll(redisSocket: string): Promise<void> {
  const client = new Redis(redisSocket);
  await client.flushall();
  client.disconnect();
}
