import type { Environment } from '../../config.ts';
import { isLoopback } from '../../graph/auth/clouds.ts';

/** The only token there is in a rehearsal: no Graph but the stand-in takes it. */
export const REHEARSAL_TOKEN = 'rehearsal';

/** What a rehearsal runs with. */
export interface TwinSettings {
  /** Of the stand-in, on this machine. */
  readonly url: string;
  readonly tenant: string;
  readonly dataDir: string;
  readonly home: string;
  readonly windowMs: number;
  /** Of the settings of whoever rehearses; undefined: the defaults. */
  readonly writesPerWindow: string | undefined;
  readonly concurrency: string | undefined;
  readonly path: string | undefined;
}

/**
 * All that the processes of a rehearsal know: none of the tenant's addresses, secrets, proxies, channels and Redis is in it, so that nothing
 * of theirs can reach it.
 * @throws Error for an address that is not this machine's
 */
export function twinEnv(settings: TwinSettings): Environment {
  const { hostname, protocol } = new URL(settings.url);
  if (protocol !== 'http:' || !isLoopback(hostname))
    throw new Error(`a rehearsal writes to this machine only, not to ${settings.url}`);
  return {
    PATH: settings.path,
    HOME: settings.home,
    RETARGET_DATA_DIR: settings.dataDir,
    RETARGET_GRAPH_URL: settings.url,
    RETARGET_ACCESS_TOKEN: REHEARSAL_TOKEN,
    RETARGET_WINDOW_MS: String(settings.windowMs),
    RETARGET_WRITES_PER_WINDOW: settings.writesPerWindow,
    RETARGET_CONCURRENCY: settings.concurrency,
    AZURE_TENANT_ID: settings.tenant,
  };
}
