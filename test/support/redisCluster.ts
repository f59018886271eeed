import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort, startRedisServer } from './redisServer.ts';
import type { TestRedis } from './redisServer.ts';

export interface ClusterNode {
  readonly server: TestRedis;
  readonly port: number;
}

export interface TestCluster {
  readonly masters: readonly ClusterNode[];
  /** With `replicaForKey`, the replica of the master that has the slot of this key. */
  readonly replica: ClusterNode | undefined;
  /** For REDIS_URL, with two of the masters only: the others are to be found. */
  readonly url: string;
  /** The master that has the slot of this key, as the cluster was made. */
  masterOf(key: string): Promise<ClusterNode>;
  stop(): Promise<void>;
}

/** A node is given up after a second. A replica is named by its cluster once something was replicated: a ping will do. */
const QUICK = [
  ...['--cluster-node-timeout', '1000', '--repl-diskless-sync-delay', '0'],
  ...['--repl-ping-replica-period', '1'],
];
const AGREE_MAX_MS = 20_000;
const AGREE_PAUSE_MS = 50;

/** Three masters, made by `redis-cli --cluster create`, and a replica if wanted. A master that is away is replaced in seconds. */
export async function startCluster(
  options: { readonly replicaForKey?: string; readonly args?: readonly string[] } = {},
): Promise<TestCluster> {
  const { replicaForKey, args = [] } = options;
  const count = replicaForKey === undefined ? 3 : 4;
  const nodes = await Promise.all(Array.from({ length: count }, () => startNode(args)));
  const masters = nodes.slice(0, 3);
  const replica = nodes[3];
  const [first] = masters;
  if (first === undefined) throw new Error('there are three masters');
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map(({ server }) => server.stop()));
  };
  const masterOf = async (key: string): Promise<ClusterNode> => {
    const slot = Number(await redisCli(first.port, 'cluster', 'keyslot', key));
    const owner = masters[Math.floor((slot * masters.length) / 16_384)];
    if (owner === undefined) throw new Error(`no master has slot ${slot}`);
    return owner;
  };
  try {
    const addresses = masters.map(({ address }) => address);
    await redisCli(first.port, '--cluster', 'create', ...addresses, '--cluster-yes');
    if (replica !== undefined && replicaForKey !== undefined) {
      const master = await masterOf(replicaForKey);
      const id = await redisCli(master.port, 'cluster', 'myid');
      await redisCli(replica.port, 'cluster', 'meet', '127.0.0.1', `${first.port}`, `${first.busPort}`);
      // The replica learns of the other nodes little by little.
      await eventually(async () => (await redisCli(replica.port, 'cluster', 'replicate', id)) === 'OK');
      await eventually(async () =>
        (await redisCli(replica.port, 'info', 'replication')).includes('master_link_status:up'),
      );
    }
    for (const { port } of nodes)
      await eventually(async () => {
        const info = await redisCli(port, 'cluster', 'info');
        const slots = await redisCli(port, 'cluster', 'slots');
        const namesAll = nodes.every((node) => slots.includes(`${node.port}`));
        return info.includes('cluster_state:ok') && namesAll;
      });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    masters,
    replica,
    url: `redis+cluster://${masters
      .slice(0, 2)
      .map(({ port }) => `127.0.0.1:${port}`)
      .join(',')}`,
    masterOf,
    stop,
  };
}

async function startNode(
  args: readonly string[],
): Promise<ClusterNode & { readonly address: string; readonly busPort: number }> {
  const [port, busPort] = await Promise.all([freePort(), freePort()]);
  const own = ['--port', `${port}`, '--cluster-enabled', 'yes', '--cluster-port', `${busPort}`];
  const server = await startRedisServer({ args: [...own, ...QUICK, ...args] });
  return { server, port, busPort, address: `127.0.0.1:${port}@${busPort}` };
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + AGREE_MAX_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${AGREE_MAX_MS} ms: ${holds.toString()}`);
    await sleep(AGREE_PAUSE_MS);
  }
}

/** What redis-cli prints, also when Redis refused. */
async function redisCli(port: number, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('redis-cli', ['-p', `${port}`, ...args]);
  return stdout.trim();
}
