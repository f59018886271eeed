// Runs before `npm test` and `npm run demo`, so that both work in a fresh clone on a bare machine: no packages
// installed yet, any Node from 20 on, no Redis. It says what it changes, and is silent when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const REDIS_BINARIES = ['redis-server', 'valkey-server'];

/** How a system gets a Redis: the first manager that is there is used, the first of its packages that installs wins. */
const PACKAGE_MANAGERS = [
  {
    // The lists of a bare image are empty and those of an old one name files that are gone.
    command: 'apt-get',
    refresh: ['update', '-q'],
    install: ['install', '-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=60'],
    packages: ['redis-server', 'valkey-server'],
  },
  { command: 'dnf', install: ['install', '-y'], packages: ['redis', 'valkey'] },
  { command: 'apk', install: ['add', '--no-cache'], packages: ['redis', 'valkey'] },
  { command: 'brew', install: ['install'], packages: ['redis', 'valkey'], refusesRoot: true },
];

installPackages();
installRedis();
buildForDemo();

function installPackages() {
  const wanted = lockedPackages('package-lock.json');
  const present = lockedPackages('node_modules/.package-lock.json');
  const differs = Object.entries(wanted).some(([path, { version, optional }]) => {
    const there = present[path];
    // The root entry has no folder, and an optional package of another platform is rightly not there.
    return path !== '' && (there === undefined ? !optional : there.version !== version);
  });
  if (!differs) return;
  say('node_modules is missing or not what package-lock.json says: running `npm ci`.');
  // Without the warnings of packages that want a newer Node: `node` is one of the packages, and comes with this.
  if (!runShown('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund'])) {
    giveUp('`npm ci` failed.', 'Mend what it says above, then run it again.');
  }
}

function installRedis() {
  if (REDIS_BINARIES.some(onPath)) return;
  const manager = PACKAGE_MANAGERS.find(({ command }) => onPath(command));
  const byHand = `Install redis-server (6.2 or newer) or valkey-server so that it is on the PATH, then start again.`;
  if (!manager) {
    giveUp(`Found neither redis-server nor valkey-server, and no package manager known here.`, byHand);
  }
  const asRoot = process.getuid?.() === 0;
  const needsSudo = !asRoot && !manager.refusesRoot;
  if ((needsSudo && !onPath('sudo')) || (asRoot && manager.refusesRoot)) {
    giveUp(
      `Found neither redis-server nor valkey-server, and this user may not run ${manager.command}.`,
      byHand,
    );
  }
  const prefix = needsSudo ? ['sudo', '-n'] : [];
  const outputs = [];
  if (manager.refresh) {
    say(`Reading the package lists: ${[...prefix, manager.command, ...manager.refresh].join(' ')}`);
    // One broken source of many fails this step, and the package may still be there: the install decides.
    outputs.push(runQuietly([...prefix, manager.command, ...manager.refresh]).output);
  }
  for (const name of manager.packages) {
    const command = [...prefix, manager.command, ...manager.install, name];
    say(`Neither redis-server nor valkey-server is installed. Installing it: ${command.join(' ')}`);
    const { ok, output } = runQuietly(command);
    if (ok && REDIS_BINARIES.some(onPath)) return;
    outputs.push(output);
  }
  process.stderr.write(outputs.join(''));
  giveUp(`${manager.command} could not install a Redis; its output is above.`, byHand);
}

/** `npm test` builds by itself; the demo would run the code of before the last `git pull`. */
function buildForDemo() {
  if (process.env.npm_lifecycle_event === 'pretest') return;
  const built = changedAt('dist/main.js');
  const isStale = readdirSync(join(ROOT, 'src'), { recursive: true })
    .filter((name) => /\.(ts|lua)$/.test(name))
    .some((name) => changedAt(join('src', name)) > built);
  if (!isStale) return;
  say('dist/ is missing or older than src/: running `npm run build`.');
  if (!runShown('npm', ['run', '--silent', 'build'])) giveUp('The build failed.', 'Mend what it says above.');
}

/** @returns {Record<string, { version?: string, optional?: boolean }>} by folder; empty when the file is not there */
function lockedPackages(name) {
  const path = join(ROOT, name);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {};
}

function changedAt(name) {
  return statSync(join(ROOT, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function onPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

function runShown(command, args) {
  return spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2] }).status === 0;
}

function runQuietly([command, ...args]) {
  // RUNLEVEL=1 keeps Debian's package from starting a Redis on port 6379 where there is no systemd: nothing here needs it.
  const env = {
    ...process.env,
    DEBIAN_FRONTEND: 'noninteractive',
    RUNLEVEL: '1',
    HOMEBREW_NO_AUTO_UPDATE: '1',
  };
  const result = spawnSync(command, args, {
    cwd: ROOT,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { ok: result.status === 0, output: `${result.stdout ?? ''}${result.stderr ?? ''}` };
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function giveUp(what, remedy) {
  say(`${what}\n${remedy}`);
  process.exit(1);
}
