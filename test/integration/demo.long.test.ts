import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bench } from '../support/cli.ts';

test('demo shows progress, throttling, skipped and failed rows, says where the results are, and ends with 0', async () => {
  const here = await bench('redis://127.0.0.1:1');
  here.file('.env', 'REDIS_URL=redis://127.0.0.1:1\nAZURE_TENANT_ID=production\n');
  const ran = await here.run(['demo']);
  expect(ran).toMatchObject({ exitCode: 0 });
  expect(ran.stderr).toMatch(/\d+% .* skipped · \d+ failed · \d+ throttled/);
  const path = join(here.dir, 'data-demo', 'results.csv');
  expect(ran.stderr).toContain(path);
  expect(readFileSync(path, 'utf8').split('\n').length).toBeGreaterThan(200);
  const hint = /RETARGET_DATA_DIR='([^']+)' retarget (results .* --only \S+) (--tenant demo)/.exec(
    ran.stderr,
  );
  // The commands it names work as they stand, in any directory and without a token.
  const elsewhere = await bench(
    undefined,
    {},
    { RETARGET_ACCESS_TOKEN: '', RETARGET_DATA_DIR: hint?.[1] ?? '' },
  );
  const failed = await elsewhere.run([...(hint?.[2]?.split(' ') ?? []), '--tenant', 'demo']);
  expect(failed.exitCode).toBe(0);
  expect(failed.stdout.trimEnd().split('\n').length).toBeGreaterThan(1);
});
