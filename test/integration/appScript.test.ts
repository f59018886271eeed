import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { bench, csv } from '../support/cli.ts';
import { ownRedis } from '../support/rewriting.ts';
import { SMALL_TENANT } from '../support/simulatorClient.ts';

const SCRIPT = fileURLToPath(new URL('../support/appScript.mjs', import.meta.url));

// The built files, in a process of their own: nothing of the terminal is there to lean on.
test('a script makes a file a run, ends it and asks for its status without a command line, in silence', async () => {
  const redis = await ownRedis();
  const here = await bench(redis.url, { tenant: SMALL_TENANT });
  const row = { policyType: 'deviceConfiguration', policyId: 'c1', assignmentId: 'a1' };
  const file = here.file('changes.csv', csv([{ ...row, targetType: 'group', groupId: 'new' }]));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [SCRIPT, file], {
    env: here.env,
    cwd: here.dir,
  });
  expect(stderr).toBe('');
  const { runId, rows, cancelled, status } = JSON.parse(stdout);
  expect({ rows, cancelled }).toMatchObject({ rows: 1, cancelled: { rows: 1, inDoubt: 0 } });
  expect(status).toMatchObject({ runId, state: 'cancelled', operator: 'ada@desk', total: 1, cancelled: 1 });
  // The same record that the command line shows.
  const log = JSON.parse((await here.run(['log', runId, '--json'])).stdout);
  expect(log.map(({ action, reason }: Record<string, unknown>) => [action, reason]).slice(0, 2)).toEqual([
    ['submit', 'CHG-7'],
    ['cancel', 'CHG-8'],
  ]);
  expect(here.simulator.stats().envelopes).toBe(0);
});
