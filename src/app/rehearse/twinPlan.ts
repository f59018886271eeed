import type { InputColumn } from '../../assignments/rows/columns.ts';
import type { PlanHeader } from '../../formats/planFile.ts';
import { PlanWriter } from '../../formats/writePlanFile.ts';
import { planReads } from '../draft/planFileIntake.ts';
import { openFile } from '../draft/inputFile.ts';
import type { Host } from '../host.ts';
import type { Services } from '../services.ts';

const NO_KEY = Buffer.alloc(0);

/** A URL that is written whole leads to the tenant's own Graph. */
function underRoot(
  cells: ReadonlyMap<InputColumn, unknown>,
  { graphUrl }: PlanHeader,
  root: string,
): ReadonlyMap<InputColumn, unknown> {
  const url = cells.get('url');
  if (typeof url !== 'string' || !url.toLowerCase().startsWith(`${graphUrl}/`.toLowerCase())) return cells;
  return new Map([...cells, ['url', root + url.slice(graphUrl.length)]]);
}

/**
 * The same plan for the twin: every row, decision and list as it is, at another Graph and sealed with the key of another Redis, where it is
 * taken exactly as the tenant would take it.
 */
export async function writeTwinPlan(
  path: string,
  twinPath: string,
  services: Pick<Services, 'runs' | 'identity'>,
  host: Pick<Host, 'cwd' | 'env' | 'interrupted'>,
): Promise<void> {
  const reads = planReads(await openFile(path, 'ndjson', host), NO_KEY);
  const { header } = await reads.header();
  const { tenant, config } = services.identity;
  const ofTwin = { ...header, tenant, graphUrl: config.graphUrl };
  await using writer = await PlanWriter.create([twinPath], ofTwin, await services.runs.sealKey());
  for await (const row of reads.rows())
    await writer.row({ ...row, cells: underRoot(row.cells, header, config.graphUrl) });
  const { findings, names } = reads.end();
  await writer.end(findings, names);
}
