import { lstat, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isTenantName } from '../../runs/keys.ts';
import { RunStore } from '../../runs/runStore.ts';
import { pathIn } from '../pathIn.ts';
import type { Services } from '../services.ts';

const DAY_MS = 86_400_000;
/** A plan is what is left when Redis is gone: it stays so long however short its run is kept. */
const KEPT_DAYS_MIN = 30;
/** Of a plan's first line, with which it says what it is. */
const FIRST_LINE_BYTES_MAX = 65_536;
/** As `newRunId` makes it. */
const NAME = /^(\d{8}-\d{6}-[a-z\d]{4})\.ndjson$/;

/** Where the plan of a run lies, for an undo without Redis. */
export const keptPlanPath = (
  runId: string,
  planDir: string | undefined,
  services: Pick<Services, 'identity' | 'cwd' | 'env'>,
): string =>
  join(pathIn(services, planDir ?? join(services.identity.config.dataDir, 'plans')), `${runId}.ndjson`);

/** Old plans go when a new one comes. That one can't be deleted is no matter of the run, which is published by now. */
export async function pruneBeside(
  path: string,
  runId: string,
  { runs, redis, identity, log }: Services,
): Promise<void> {
  // Tenants share the directory.
  const recordOf = (tenant: string): RunStore =>
    tenant === identity.tenant ? runs : new RunStore(redis, tenant);
  const isRecorded: IsRecorded = async ({ runId: id, tenant }) =>
    (await recordOf(tenant).run(id)) !== undefined;
  try {
    const keepDays = (await runs.run(runId))?.keepDays ?? 0;
    await pruneKeptPlans(dirname(path), isRecorded, { keepDays, now: Date.now() });
  } catch (error) {
    log.debug('Old plans could not be deleted.', { err: error });
  }
}

/** Tells whether a run is still in the record. */
export type IsRecorded = (run: { readonly runId: string; readonly tenant: string }) => Promise<boolean>;

/**
 * Deletes plans that were kept with runs, once they are older than `keepDays` (30 at least) and their runs are gone from the
 * record. What has another name, or is no plan, is nobody's business. Answers the names of those that went.
 */
export async function pruneKeptPlans(
  dir: string,
  isRecorded: IsRecorded,
  { keepDays, now }: { readonly keepDays: number; readonly now: number },
): Promise<string[]> {
  const keepMs = Math.max(keepDays, KEPT_DAYS_MIN) * DAY_MS;
  const gone: string[] = [];
  for (const name of await readdir(dir)) {
    const runId = NAME.exec(name)?.[1];
    if (runId === undefined) continue;
    const path = join(dir, name);
    const found = await lstat(path);
    if (!found.isFile() || found.mtimeMs > now - keepMs) continue;
    const tenant = await tenantOfPlan(path);
    if (tenant === undefined || (await isRecorded({ runId, tenant }))) continue;
    await rm(path, { force: true });
    gone.push(name);
  }
  return gone;
}

/** Undefined for what is no plan of any format. */
async function tenantOfPlan(path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(FIRST_LINE_BYTES_MAX) });
    const [line = ''] = buffer.subarray(0, bytesRead).toString().split('\n', 1);
    const header: unknown = JSON.parse(line);
    if (typeof header !== 'object' || header === null) return undefined;
    const { kind, tenant } = header as { kind?: unknown; tenant?: unknown };
    return kind === 'plan' && typeof tenant === 'string' && isTenantName(tenant) ? tenant : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  } finally {
    await file.close();
  }
}
