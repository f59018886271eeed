import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

// The package as npm would publish it, in a folder that knows nothing of this checkout but the packages it depends on.

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

const { name, version, dependencies, exports } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
  name: string;
  version: string;
  dependencies: Record<string, string>;
  exports: Record<string, unknown>;
};

let folder: string;
let app: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'retarget-packed-'));
  app = join(folder, 'app');
  const home = join(app, 'node_modules', name);
  mkdirSync(home, { recursive: true });
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: ROOT,
  });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  await run('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', home]);
  for (const each of [...Object.keys(dependencies), '@types/node']) {
    const link = join(app, 'node_modules', each);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', each), link);
  }
  writeFileSync(join(app, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs in the folder, with this Node and an environment of its own. */
async function inApp(...argv: string[]): Promise<string> {
  const env = { PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter), HOME: folder };
  const { stdout } = await run(process.execPath, argv, { cwd: app, env });
  return stdout;
}

test('the command runs where it is installed, and finds its samples and scripts', async () => {
  const main = join('node_modules', name, 'dist', 'main.js');
  expect(await inApp(main, '--version')).toBe(`${version}\n`);
  expect(await inApp(main, 'status', '--json')).toBe('[]\n');
});

const PROGRAM = `
import { startSimulator } from '${name}/simulator';
import { generateTenant } from '${name}/simulator/tenant';

const simulator = await startSimulator({ tenant: generateTenant({ configurations: 3, compliancePolicies: 0, assignmentsPerPolicy: 1, seed: 1, nested: false }) });
const reply = await fetch(simulator.url + '/beta/deviceManagement/deviceConfigurations?$top=1', { headers: { authorization: 'Bearer any' } });
await simulator.close();
console.log(JSON.stringify({ status: reply.status }));
`;

test('what it exports can be imported and used, each part', async () => {
  // Types are stripped by Node itself; outside of node_modules it does that.
  writeFileSync(join(app, 'program.ts'), PROGRAM);
  expect(JSON.parse(await inApp('program.ts'))).toEqual({ status: 200 });
  const imported = [...PROGRAM.matchAll(/from '([^']+)'/g)].map(([, from = '']) => from.replace(name, '.'));
  expect(new Set(imported)).toEqual(
    new Set(Object.keys(exports).filter((each) => each !== './package.json')),
  );
});

test('it brings its types, which are not `any`', async () => {
  writeFileSync(join(app, 'program.ts'), PROGRAM);
  writeFileSync(
    join(app, 'wrong.ts'),
    `import { startSimulator } from '${name}/simulator';
     import { generateTenant } from '${name}/simulator/tenant';
     // @ts-expect-error: no such setting
     void startSimulator({ writeLimits: 1 });
     // @ts-expect-error: a number
     generateTenant({ configurations: '3' });
    `,
  );
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', '--types', 'node'];
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const env = { PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) };
  const told = await run(tsc, [...options, '--skipLibCheck', 'program.ts', 'wrong.ts'], {
    cwd: app,
    env,
  }).catch((error: { stdout: string }) => error);
  expect(told.stdout).toBe('');
});
