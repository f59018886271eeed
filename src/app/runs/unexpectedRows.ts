import type { Host } from '../host.ts';
import type { Identity } from '../identity.ts';
import { openServices } from '../services.ts';

/** Rows of the demo's sample that are meant to fail say so in their note. */
const SCRIPTED = 'meant to fail';

/** How many rows of the newest run failed though they should not have, or the other way round; 1 where there is no run. */
export async function unexpectedRows(identity: Identity, host: Host): Promise<number> {
  await using services = await openServices(identity, host);
  const [run] = await services.runs.runs();
  if (run === undefined) return 1;
  let unexpected = 0;
  for await (const { state, input } of services.runs.rows(run)) {
    const isScripted = String(input.cells.get('note') ?? '').includes(SCRIPTED);
    const isDone = state === 'succeeded' || state === 'skipped';
    if (isDone === isScripted) unexpected += 1;
  }
  return unexpected;
}
