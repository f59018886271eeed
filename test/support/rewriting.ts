import { expect, onTestFinished, vi } from 'vitest';
import type { SimulatorOptions } from '../../src/simulator/simulator.ts';
import { bench, csv, type Bench } from './cli.ts';
import { command, type Command } from './command.ts';
import { named } from './guid.ts';
import { startRedisServer, type TestRedis } from './redisServer.ts';

/** A tenant, and a file that changes all of it. */
export interface Rewriting extends Bench {
  readonly rows: number;
  readonly changes: string;
  /** The built command in a process of its own, for what only a process does. */
  command(...argv: string[]): Command;
}

export async function rewriting(
  redisUrl: string | undefined,
  options: SimulatorOptions,
  env: Record<string, string> = {},
): Promise<Rewriting> {
  const here = await bench(redisUrl, options, env);
  const entries = [...here.simulator.tenant.every()];
  const changes = csv(
    entries.map(({ path }, n) => ({ url: path, targetType: 'group', groupId: `new-${n}` })),
  );
  return {
    ...here,
    rows: entries.length,
    changes: here.file('changes.csv', changes),
    command: (...argv) => command(argv, { env: here.env, cwd: here.dir }),
  };
}

/** A Redis of a test's own, that it may stop and start. */
export async function ownRedis(): Promise<TestRedis> {
  const redis = await startRedisServer({
    args: ['--appendonly', 'yes', '--appendfsync', 'always'],
    tcp: true,
  });
  onTestFinished(() => redis.stop());
  return redis;
}

export const written = ({ simulator }: Bench, atLeast: number): Promise<void> =>
  vi.waitFor(() => expect(simulator.stats().writesDone).toBeGreaterThanOrEqual(atLeast), {
    timeout: 30_000,
    interval: 20,
  });

/** Every assignment holds its own new group. */
export function expectAllWritten({ simulator }: Bench): void {
  const groups = [...simulator.tenant.every()].map(({ assignment }) =>
    named(String(assignment.target['groupId'])),
  );
  expect(groups).toEqual(groups.map((_, n) => `new-${n}`));
}

/** The same, and none was written a second time. */
export function expectAllWrittenOnce(here: Rewriting): void {
  expectAllWritten(here);
  const { writtenAgain, writesDone, writesPerAssignment, throttled } = here.simulator.stats();
  expect({ writtenAgain, writesDone, throttled }).toEqual({
    writtenAgain: [],
    writesDone: here.rows,
    throttled: 0,
  });
  expect(new Set(Object.values(writesPerAssignment))).toEqual(new Set([1]));
}
