import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SimulatorStats } from './stats.ts';
import { administer } from './administration.ts';
import type { Approvals } from './approvals.ts';
import type { EditInput } from './editSchema.ts';
import { readEdits } from './edit.ts';
import { graphExchange } from './exchange.ts';
import { SimulatorInputError, type SettingsChange, type SimulatorSettings } from './settings.ts';
import type { TenantView } from './tenant.ts';
import type { TenantSeed } from './tenantFile.ts';
import { snapshotOf } from './snapshot.ts';
import {
  createWorld,
  editTenant,
  reconfigureWorld,
  resetWorld,
  type SimulatorState,
} from './simulatorState.ts';

export interface SimulatorOptions extends SettingsChange {
  /** 0, the default, takes any free port. */
  readonly port?: number | undefined;
  /** What the tenant holds at first; nothing by default. See `generateTenant` and `readTenantFile`. */
  readonly tenant?: TenantSeed | undefined;
}

export interface Simulator extends AsyncDisposable {
  /** Root without version: `http://127.0.0.1:{port}`. */
  readonly url: string;
  readonly port: number;
  readonly tenant: TenantView;
  /** Writes that wait for Multi Admin Approval, and what becomes of them. */
  readonly approvals: Pick<Approvals, 'list' | 'decide'>;
  settings(): SimulatorSettings;
  stats(): SimulatorStats;
  /** Forgets what was seen and empties the windows. The tenant stays as it is. */
  reset(): void;
  /**
   * Changes some settings. A new script counts envelopes from here on.
   * @throws {SimulatorInputError} when a value is none of the setting's.
   */
  reconfigure(change: SettingsChange): void;
  /** All that the tenant holds now, to compare before and after, or to start another one with. */
  snapshot(): TenantSeed;
  /**
   * Changes assignments as another admin would: past limits, faults and counts.
   * @throws {SimulatorInputError} at the first edit that is wrong; those before it are done.
   */
  edit(edits: readonly EditInput[]): void;
  /** Ends every connection, answered or not. */
  close(): Promise<void>;
}

/**
 * Starts a stand-in for Graph and Intune on loopback. Besides Graph's own URLs it answers `GET /stats`,
 * `POST /simulator/configure` with some settings, `POST /simulator/reset`, `GET /simulator/tenant` with all it holds as a
 * tenant file, `POST /simulator/edit` with `{"edits": [ … ]}`, `GET /simulator/approvals`, and
 * `POST /simulator/approve` and `…/reject` with `{"code": …}`, none of which need a token.
 *
 * @throws {SimulatorInputError} when an option is wrong or the port is taken.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port: wantedPort = 0, tenant = { policies: [] }, ...change } = options;
  const world = createWorld(tenant, change);
  const closing = new AbortController();
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (http, response) => {
    take(http, response, world, closing.signal).catch((error: unknown) => {
      response.destroy();
      if (!isGoneClient(error)) throw error;
    });
  });
  const port = await listen(server, wantedPort);

  const close = async (): Promise<void> => {
    if (closing.signal.aborted) return;
    closing.abort();
    world.landings.close();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    server.closeAllConnections();
    await promise;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    tenant: world.tenant,
    approvals: world.approvals,
    settings: () => world.settings,
    stats: () => world.account.stats(),
    reset: () => resetWorld(world),
    reconfigure: (settings) => reconfigureWorld(world, settings),
    snapshot: () => snapshotOf(world.tenant),
    edit: (edits) => editTenant(world, readEdits({ edits })),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Longer than any pause between two windows, so that a connection is closed by a fault and not by chance. */
const KEEP_ALIVE_MS = 120_000;

/** The client went away, or `close` ended a delay: there is nobody left to answer. All else is a bug and crashes. */
function isGoneClient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'AbortError' || ('code' in error && error.code === 'ECONNRESET');
}

async function take(
  http: IncomingMessage,
  response: ServerResponse,
  world: SimulatorState,
  signal: AbortSignal,
): Promise<void> {
  const path = http.url ?? '/';
  const graph = /^\/(beta|v1\.0)(\/.*)$/.exec(path);
  if (graph !== null) {
    // The pattern has no other two versions, and both groups always match.
    const [, version, url] = graph as unknown as [string, 'beta' | 'v1.0', string];
    return graphExchange(http, response, world, { version, url, signal });
  }
  return administer(http, response, world, `${http.method} ${path}`);
}

async function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  try {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
    await promise;
  } catch (cause) {
    throw new SimulatorInputError(
      `The simulator can't listen on port ${port}: ${cause instanceof Error ? cause.message : String(cause)}`,
      'Take another port with --port, or 0 for any that is free.',
      { cause },
    );
  }
  // A server that listens on TCP has such an address.
  return (server.address() as AddressInfo).port;
}
