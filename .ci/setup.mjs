// Runs before `npm test` and `npm run demo`, so that both work in a fresh clone on a bare machine: no packages
// installed yet, any Node from 20 on, no Redis; before `npm run test:long` also no browser. It says what it changes, and is silent
// when there is nothing to do.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const REDIS = {
  binaries: ['redis-server', 'valkey-server'],
  missing: 'neither redis-server nor valkey-server',
  byHand: 'Install redis-server (6.2 or newer) or valkey-server so that it is on the PATH, then start again.',
};
/** What the tests of pages open them in. */
const BROWSER = {
  binaries: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  missing: 'no Chromium',
  byHand:
    'Install Chromium or Chrome so that it is on the PATH or named by CHROME_PATH, then start again; `npm test` does without.',
};

/** How a system gets them: the first manager that is there is used, the first of its packages that installs wins. */
const PACKAGE_MANAGERS = [
  {
    // The lists of a bare image are empty and those of an old one name files that are gone.
    command: 'apt-get',
    refresh: ['update', '-q'],
    install: ['install', '-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=60'],
    redis: ['redis-server', 'valkey-server'],
    browser: ['chromium'],
  },
  { command: 'dnf', install: ['install', '-y'], redis: ['redis', 'valkey'], browser: ['chromium'] },
  { command: 'apk', install: ['add', '--no-cache'], redis: ['redis', 'valkey'], browser: ['chromium'] },
  { command: 'brew', install: ['install'], redis: ['redis', 'valkey'], browser: [], refusesRoot: true },
];

installPackages();
install(REDIS, 'redis');
// CHROME_PATH names one that is not on the PATH, as on a Mac.
if (process.env.npm_lifecycle_event === 'pretest:long' && !process.env.CHROME_PATH)
  install(BROWSER, 'browser');
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

function install({ binaries, missing, byHand }, what) {
  if (binaries.some(onPath)) return;
  const manager = PACKAGE_MANAGERS.find(({ command }) => onPath(command));
  if (!manager || manager[what].length === 0) {
    giveUp(`Found ${missing}, and no package manager known here that has it.`, byHand);
  }
  const asRoot = process.getuid?.() === 0;
  const needsSudo = !asRoot && !manager.refusesRoot;
  if ((needsSudo && !onPath('sudo')) || (asRoot && manager.refusesRoot)) {
    giveUp(`Found ${missing}, and this user may not run ${manager.command}.`, byHand);
  }
  const prefix = needsSudo ? ['sudo', '-n'] : [];
  const outputs = [];
  if (manager.refresh) {
    say(`Reading the package lists: ${[...prefix, manager.command, ...manager.refresh].join(' ')}`);
    // One broken source of many fails this step, and the package may still be there: the install decides.
    outputs.push(runQuietly([...prefix, manager.command, ...manager.refresh]).output);
  }
  for (const name of manager[what]) {
    const command = [...prefix, manager.command, ...manager.install, name];
    say(`There is ${missing}. Installing it: ${command.join(' ')}`);
    const { ok, output } = runQuietly(command);
    if (ok && binaries.some(onPath)) return;
    outputs.push(output);
  }
  process.stderr.write(outputs.join(''));
  giveUp(`${manager.command} could not install it; its output is above.`, byHand);
}

/** `npm test` builds by itself; the demo would run the code of before the last `git pull`. */
function buildForDemo() {
  if (process.env.npm_lifecycle_event?.startsWith('pretest')) return;
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
