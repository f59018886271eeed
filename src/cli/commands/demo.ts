import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT } from '../../errors.ts';
import { usualDataDir } from '../../config.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import { readTenantFile } from '../../simulator/tenantFile.ts';
import { apply } from './apply.ts';
import type { CliCommand, Context } from '../context.ts';
import { results } from './results.ts';
import { identify } from '../../app/identity.ts';
import { unexpectedRows } from '../../app/runs/unexpectedRows.ts';

const sample = (name: string): string => fileURLToPath(new URL(`../../../samples/${name}`, import.meta.url));

/** Intune's limit in a fifth of its time, so that a demo shows minutes of work in seconds. */
const WRITES_PER_WINDOW = 100;
const WINDOW_MS = 4_000;

/** What the sample does on purpose; the guard stops a plan that does more. */
const ALLOWED = ['cuts-off=55', 'exclusion-swapped=26', 'narrowed=16', 'max-changes=218', 'gone=2'];

export const demo: CliCommand<object> = {
  options: () => undefined,
  async run(_args, _flags, context) {
    const tenant = await readTenantFile(sample('demo-tenant.json'));
    await using simulator = await startSimulator({
      groups: tenant.settings?.groups ?? [],
      tenant,
      writeLimit: WRITES_PER_WINDOW,
      windowMs: WINDOW_MS,
      latencyMs: 60,
      // Another app of the tenant takes its share, which nobody tells us: that is what throttling comes from.
      otherAppShare: 0.3,
      otherAppFromMs: WINDOW_MS,
    });
    const { REDIS_URL: _, AZURE_TENANT_ID: __, ...env } = context.env;
    const dataDir = `${usualDataDir(context.env)}-demo`;
    const inDemo: Context = {
      ...context,
      // A `.env` of the user's directory is about another tenant.
      cwd: dirname(sample('demo.csv')),
      hintPrefix: `RETARGET_DATA_DIR='${dataDir}'`,
      env: {
        ...env,
        RETARGET_DATA_DIR: dataDir,
        RETARGET_GRAPH_URL: simulator.url,
        RETARGET_ACCESS_TOKEN: 'demo',
        RETARGET_WRITES_PER_WINDOW: String(WRITES_PER_WINDOW),
        RETARGET_WINDOW_MS: String(WINDOW_MS),
      },
    };
    context.print.say(
      `Simulated tenant at ${simulator.url}: ${WRITES_PER_WINDOW} writes in ${WINDOW_MS / 1000} s, shared with another app.`,
    );
    const shared = { tenant: 'demo' };
    const exitCode = await apply.run(
      [sample('demo.csv')],
      { ...shared, yes: true, again: true, keepDays: 1, allow: ALLOWED },
      inDemo,
    );
    if (context.interrupted.aborted) {
      context.print.say('The simulated tenant ends here; `retarget demo` begins anew.');
      return exitCode;
    }
    const output = join(dataDir, 'results.csv');
    await results.run(['@last'], { ...shared, output }, inDemo);
    const unexpected = await unexpectedRows(identify(shared, inDemo), inDemo);
    context.print.say(
      unexpected === 0
        ? 'Only the rows that are scripted to fail have failed.'
        : `${unexpected} rows ended otherwise than they are scripted to.`,
    );
    return unexpected === 0 ? EXIT.done : exitCode;
  },
};
