import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { importsOf, readSource } from '../support/sourceFiles.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (name: string): string => readFileSync(`${ROOT}${name}`, 'utf8');

const manifest = JSON.parse(read('package.json')) as {
  dependencies: Record<string, string>;
  bin: Record<string, string>;
};

/** Not imported: it puts a Node of its own on the path of npm scripts and `npx`. */
const NOT_IMPORTED = ['node'];

const packageOf = (name: string): string =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');

test('the packages that the source imports are those that are installed with it', () => {
  const imported = readSource()
    .flatMap(importsOf)
    .filter(({ from, isOurs }) => !isOurs && !isBuiltin(from))
    .map(({ from }) => packageOf(from));
  expect([...new Set([...imported, ...NOT_IMPORTED])].toSorted()).toEqual(
    Object.keys(manifest.dependencies).toSorted(),
  );
});

test('what is published is what a user needs, without tests', () => {
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files }] = JSON.parse(packed) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      ...['README.md', 'LICENSE', 'package.json', manifest.bin['retarget']],
      ...['dist/cli/commands/demo.js', 'dist/runs/lua/record.lua', 'dist/simulator/simulator.js'],
      ...['dist/web/server.js', 'dist/web/client/live.js', 'dist/web/client/page.css'],
      ...['samples/demo.csv', 'samples/demo-tenant.json', 'samples/every-form.csv'],
    ]),
  );
  expect(
    paths.filter(
      (path) =>
        !/^(dist\/.*\.(js|lua|d\.ts)|dist\/web\/client\/\w+\.(css|svg)|samples\/((recipes|night|monitoring|team)\/)?[^/]+|[^/]+)$/.test(
          path,
        ),
    ),
  ).toEqual([]);
});

test('the lockfile names no address: any registry serves it', () => {
  const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Record<string, unknown>> };
  const fetched = Object.entries(lock.packages).filter(([path]) => path !== '');
  expect(fetched.length).toBeGreaterThan(50);
  expect(fetched.filter(([, entry]) => 'resolved' in entry || !('integrity' in entry))).toEqual([]);
});
