import { describe, expect, test } from 'vitest';
import { KINDS } from '../src/assignments/kinds/registry.ts';
import { importsOf, readSource, sourceFile, type Import, type SourceFile } from './support/sourceFiles.ts';

/** What each folder may import besides itself; `errors` is the exit codes and `UserError`, which says remedies. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  assignments: [],
  formats: ['assignments'],
  graph: ['assignments', 'errors', 'log'],
  redis: ['errors'],
  runs: ['assignments', 'redis', 'errors'],
  notify: ['assignments', 'graph', 'runs', 'dotEnv', 'errors'],
  worker: ['assignments', 'graph', 'redis', 'runs', 'errors', 'events', 'log'],
  events: ['assignments', 'graph', 'runs'],
  simulator: [],
  app: [
    'assignments',
    'formats',
    'graph',
    'redis',
    'runs',
    'notify',
    'worker',
    'config',
    'errors',
    'events',
    'log',
    'version',
  ],
  view: ['assignments', 'runs', 'app'],
  report: ['app', 'assignments', 'formats', 'runs', 'view', 'errors', 'version'],
  web: ['app', 'view', 'report', 'assignments', 'runs', 'config', 'errors', 'events', 'log', 'version'],
  cli: ['app', 'web', 'report', 'assignments', 'formats', 'runs', 'config', 'errors', 'events', 'log'],
  main: ['cli', 'errors', 'version'],
  config: ['assignments', 'graph', 'worker', 'redis', 'runs', 'dotEnv', 'errors'],
  dotEnv: ['errors'],
  errors: [],
  log: [],
  version: [],
};

/** The commands that start the stand-in for Graph. Nothing else may know it. */
const STARTS_SIMULATOR = ['cli/commands/simulate.ts', 'cli/commands/demo.ts', 'cli/commands/rehearse.ts'];

/** Only these files may do what the pattern finds. */
interface Reserved {
  readonly what: string;
  readonly pattern: RegExp;
  readonly only: (path: string) => boolean;
  /** A line that does it. */
  readonly example: string;
}

const inFolder = (folder: string) => (path: string) => path.startsWith(`${folder}/`);
const inFiles =
  (...files: readonly string[]) =>
  (path: string) =>
    files.includes(path);

const RESERVED: readonly Reserved[] = [
  {
    what: 'imports bullmq: only worker/',
    pattern: /['"]bullmq(\/[^'"]*)?['"]/,
    only: inFolder('worker'),
    example: `import { Queue } from 'bullmq';`,
  },
  {
    what: 'makes Redis clients: only redis/',
    pattern: /\bnew\s+(Redis|Cluster|IORedis)\b|\.duplicate\(/,
    only: inFolder('redis'),
    example: `const redis = new Redis();`,
  },
  {
    what: 'spells a key: only runs/keys.ts',
    pattern: /['"`]retarget:|:\{|\bkeyPrefix\b/,
    only: inFiles('runs/keys.ts'),
    example: 'const key = `retarget:{${tenant}}:runs`;',
  },
  {
    what: 'ends the process: only main.ts',
    pattern: /\bprocess\s*\.\s*(exit|exitCode|abort|reallyExit)\b/,
    only: inFiles('main.ts'),
    example: 'process.exit(2);',
  },
  {
    what: 'touches the terminal of the process: only main.ts, which hands it in',
    pattern: /\bconsole\b|\bprocess\s*\.\s*(stdout|stderr|stdin)\b/,
    only: inFiles('main.ts'),
    example: `console.log('done');`,
  },
  {
    // Besides print.ts: main.ts before anything else is loaded, commander's own help, and a bug's trace, which must
    // come out whatever else is broken.
    what: 'writes to the terminal: only cli/terminal/print.ts',
    pattern: /\b(stdout|stderr)\s*\.\s*(write|end)\b/,
    only: inFiles('cli/terminal/print.ts', 'main.ts', 'cli/program.ts', 'cli/terminal/reportBug.ts'),
    example: `context.stderr.write('done');`,
  },
  {
    what: 'reads what is typed: only cli/terminal/ask.ts',
    pattern: /['"](node:readline(\/promises)?|node:tty)['"]/,
    only: inFiles('cli/terminal/ask.ts'),
    example: `import { createInterface } from 'node:readline';`,
  },
];

/** The domain is pure: these would be a clock, chance, the process, or a way out of it. */
const IMPURE =
  /\b(Date|performance|setTimeout|setInterval|setImmediate|queueMicrotask|fetch|process|console|globalThis|(?<!node:)crypto)\b|\bMath\.random\b/;

/** What the domain may use of others: pure functions, by name. */
const PURE_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': ['hash'],
  'fastest-levenshtein': ['closest', 'distance'],
};

const isPureImport = ({ from, names }: Import): boolean =>
  Object.hasOwn(PURE_IMPORTS, from) &&
  names.split(/[{},]/).every((name) => name.trim() === '' || PURE_IMPORTS[from]?.includes(name.trim()));

/** The registry, the stand-in for Graph, and the record's dictionary, whose words are bytes of its format. */
const KNOWS_KINDS = (path: string): boolean =>
  path.startsWith('assignments/kinds/') ||
  path.startsWith('simulator/') ||
  // The words of other tools' files are those tools' own.
  ['runs/batchCodec.ts', 'formats/tools/refusedTables.ts'].includes(path);

/** Words of kinds that mean other things as well: who owns an assignment, what it is for. */
const ALSO_MEANT = new Set(['policySet', 'policySets', 'intents']);

const KIND_WORDS = KINDS.flatMap(({ policyType, collection, assignmentType }) => [
  policyType,
  collection,
  assignmentType.replace('#microsoft.graph.', ''),
]).filter((word) => !ALSO_MEANT.has(word));

/** What would have to be touched for every kind of policies more. What has no kind may be asked for anywhere. */
const KIND_SPELLINGS: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'asks which kind it is', pattern: /\bpolicyType\b\s*[!=]==?/ },
  {
    what: 'spells a path of policies',
    pattern: /\/device(App)?Management\/(?!assignmentFilters|auditEvents|deployments|operationApproval)/i,
  },
  {
    what: 'knows a kind by its word',
    pattern: new RegExp(`['"\`/.(](${KIND_WORDS.join('|')})(?=['"\`/?(])`, 'i'),
  },
  { what: 'knows an assignment by its type', pattern: /['"`.][a-z]\w+Assignment['"`]/ },
];

const kindSpellings = ({ path, code }: SourceFile): string[] =>
  KNOWS_KINDS(path)
    ? []
    : KIND_SPELLINGS.filter(({ pattern }) => pattern.test(code)).map(
        ({ what }) => `${path} ${what}: only assignments/kinds/`,
      );

const folderOf = (path: string): string => path.split('/')[0]?.replace(/\.tsx?$/, '') ?? '';

/** Everything in these files that the architecture forbids, a line each. */
function offences(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [
    ...crossings(file),
    ...RESERVED.filter(({ pattern, only }) => !only(file.path) && pattern.test(file.code)).map(
      ({ what }) => `${file.path} ${what}`,
    ),
    ...kindSpellings(file),
    ...(folderOf(file.path) === 'assignments' ? impurities(file) : []),
  ]);
}

function crossings(file: SourceFile): string[] {
  const folder = folderOf(file.path);
  const allowed = ARROWS[folder];
  if (allowed === undefined) return [`${file.path} is in a folder without arrows: add it to ARROWS`];
  return importsOf(file).flatMap(({ from, isOurs }) => {
    const to = folderOf(from);
    if (!isOurs || to === folder || allowed.includes(to)) return [];
    if (to === 'simulator' && STARTS_SIMULATOR.includes(file.path)) return [];
    return [`${file.path} imports ${from}: ${folder} may not know ${to}`];
  });
}

/** Circles of imports, those of types alone included: whoever reads one file of a circle has to read all of them. */
function circles(files: readonly SourceFile[]): string[] {
  const importsBy = new Map(
    files.map((file) => [file.path, importsOf(file).flatMap(({ from, isOurs }) => (isOurs ? [from] : []))]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push([...trail.slice(start), path].join(' → '));
    if (start >= 0 || done.has(path)) return;
    for (const next of importsBy.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of importsBy.keys()) walk(path, []);
  return found;
}

/** Names that were words of the project's own for what the field calls otherwise: what each is called is in `src/README.md`. */
const OLD_WORDS =
  /\b(\w*([lL]edger|[wW]ish)\w*|leave|Leave\w*|leave(Valid|Row|Answer)\w*|hold|hold(Ms|Until|Of|Reason)|Hold\w*|isHeld|[lL]ook(s|ed)?|[pP]resent(Assignment|Of)?|\w*Edges?|edges?|spoken|SPOKEN|narrows|steer|[gG]ates?|making|[dD]eeds?|DEEDS?)\b/;

/** Identifiers, without what stands in texts. */
const oldWords = ({ path, code }: SourceFile): string[] => {
  const found = OLD_WORDS.exec(code.replace(/\/\/.*$|'[^'\n]*'|"[^"\n]*"|`[^`]*`/gm, "''"));
  return found === null ? [] : [`${path} says ${found[0]}`];
};

/** Names that are exported by more than one file; the simulator is a world of its own. */
function exportedTwice(files: readonly SourceFile[]): string[] {
  const EXPORT = /^export (?:async )?(?:const|function\*?|class|interface|type)\s+(\w+)/gm;
  const named = files
    .filter(({ path }) => folderOf(path) !== 'simulator')
    .flatMap(({ path, code }) => [...code.matchAll(EXPORT)].map(([, name = '']) => ({ name, path })));
  const paths = Map.groupBy(named, ({ name }) => name);
  return [...paths].flatMap(([name, of]) =>
    new Set(of.map(({ path }) => path)).size > 1
      ? [`${name} is exported by ${of.map(({ path }) => path).join(' and ')}`]
      : [],
  );
}

const impurities = (file: SourceFile): string[] => [
  ...importsOf(file)
    .filter((found) => !found.isOurs && !isPureImport(found))
    .map(({ from, names }) => `${file.path} imports ${names} of ${from}`),
  ...(IMPURE.test(file.code) ? [`${file.path} uses ${IMPURE.exec(file.code)?.[0]}`] : []),
];

const offencesOf = (path: string, text: string): string[] => offences([sourceFile(path, text)]);

describe('the source', () => {
  const files = readSource();

  test('holds to the architecture', () => {
    expect(offences(files)).toEqual([]);
  });

  test('has no circles of imports, of types neither', () => {
    expect(circles(files)).toEqual([]);
  });

  test('says what it means by the words of the field, and each name means one thing', () => {
    expect(files.flatMap(oldWords)).toEqual([]);
    expect(exportedTwice(files)).toEqual([]);
  });

  test('is all there when it is checked: every folder, and imports of every kind', () => {
    expect(
      Object.keys(ARROWS).filter((folder) => !files.some(({ path }) => folderOf(path) === folder)),
    ).toEqual([]);
    const froms = files.flatMap(importsOf).map(({ from }) => from);
    expect(froms).toEqual(expect.arrayContaining(['bullmq', 'cli/program.ts', 'node:sqlite', 'errors.ts']));
  });

  test('files that are reserved for something are there and do it', () => {
    for (const { what, pattern, only } of RESERVED) {
      expect(
        files.some(({ path, code }) => only(path) && pattern.test(code)),
        what,
      ).toBe(true);
    }
  });
});

describe('the check finds', () => {
  test.each(RESERVED)('a file that $what', ({ what, example, only }) => {
    const stranger = only('worker/stray.ts') ? 'runs/stray.ts' : 'worker/stray.ts';
    expect(offencesOf(stranger, example)).toEqual([`${stranger} ${what}`]);
  });

  test.each([
    ['assignments/a.ts', `import { EXIT } from '../errors.ts';`],
    ['formats/a.ts', `import { EXIT } from '../errors.ts';`],
    ['graph/a.ts', `import type { Run } from '../runs/run.ts';`],
    ['redis/a.ts', `import type { Row } from '../assignments/row.ts';`],
    ['runs/a.ts', `export { paceOf } from '../worker/limits.ts';`],
    ['worker/a.ts', `const x = await import('../cli/work.ts');`],
    ['worker/a.ts', `import '../formats/csv.ts';`],
    ['app/a.ts', `import { showPlan } from '../cli/terminal/showPlan.ts';`],
    ['cli/a.ts', `import { worker } from '../worker/worker.ts';`],
    ['cli/a.ts', `import { startSimulator } from '../simulator/simulator.ts';`],
    ['simulator/a.ts', `import { targetBody } from '../assignments/target.ts';`],
    ['simulator/deep/a.ts', `import {\n  one,\n  two,\n} from "../../assignments/target.ts";`],
    ['errors.ts', `import type { Run } from './runs/run.ts';`],
  ])('that %s crosses its border with %s', (path, text) => {
    expect(offencesOf(path, text)).toHaveLength(1);
  });

  test.each([
    `import { readFileSync } from 'node:fs';`,
    `import { request } from 'node:http';`,
    `import type { Redis } from 'ioredis';`,
    `import { hash, randomBytes } from 'node:crypto';`,
    `import 'node:fs';`,
    `const at = Date.now();`,
    `const at = new Date();`,
    `const chance = Math.random();`,
    `const home = process.env['HOME'];`,
    `await fetch(url);`,
  ])('that the domain is no longer pure: %s', (text) => {
    expect(offencesOf('assignments/a.ts', text)).toHaveLength(1);
  });

  test.each([
    `if (address.kind.policyType === 'mobileApp') return;`,
    `const isOther = policyType !== other;`,
    `case 'deviceConfiguration':`,
    'const url = `/deviceManagement/${collection}/${id}`;',
    `const url = '/deviceAppManagement/mobileApps';`,
    `const url = '/DeviceManagement/intents';`,
    `const words = type in { x: 'deviceCompliancePolicy' };`,
    `const path = \`\${root}/deviceConfigurations?$top=1\`;`,
    `const type = '#microsoft.graph.mobileAppAssignment';`,
    `const type = odataType('deviceHealthScriptAssignment');`,
  ])('that a file outside the registry knows a kind of policies: %s', (text) => {
    expect(offencesOf('cli/a.ts', text).length).toBeGreaterThan(0);
    expect(offencesOf('assignments/kinds/a.ts', text)).toEqual([]);
  });

  test.each([
    `const url = '/deviceManagement/assignmentFilters?$select=id';`,
    `const url = '/deviceManagement/operationApprovalPolicies';`,
    `import { deviceConfiguration } from '../assignments/kinds/deviceConfiguration.ts';`,
    `const words = kind.policyType;`,
  ])('no kind of policies in %s', (text) => {
    expect(offencesOf('graph/a.ts', text)).toEqual([]);
  });

  test('a circle, also one of types that goes round three folders', () => {
    const files = [
      sourceFile('worker/a.ts', `import type { B } from '../runs/b.ts';`),
      sourceFile('runs/b.ts', `import { c } from '../redis/c.ts';`),
      sourceFile('redis/c.ts', `import type { A } from '../worker/a.ts';`),
    ];
    expect(circles(files)).toEqual(['worker/a.ts → runs/b.ts → redis/c.ts → worker/a.ts']);
    expect(circles(files.slice(1))).toEqual([]);
  });

  test('an old word, and a name for two things', () => {
    expect(oldWords(sourceFile('worker/a.ts', 'const ledgerOf = holdMs + look;'))).toEqual([
      'worker/a.ts says ledgerOf',
    ]);
    expect(oldWords(sourceFile('worker/a.ts', 'interface Edges extends Deed {'))).toHaveLength(1);
    expect(oldWords(sourceFile('worker/a.ts', 'let wish: Row | Wish<string>;'))).toHaveLength(1);
    expect(oldWords(sourceFile('worker/a.ts', `say('a look at it'); // leave`))).toEqual([]);
    const both = ['app/a.ts', 'cli/b.ts'].map((path) => sourceFile(path, 'export const x = 1;\n'));
    expect(exportedTwice(both)).toEqual(['x is exported by app/a.ts and cli/b.ts']);
  });

  test('a folder that nobody has decided about', () => {
    expect(offencesOf('utils/a.ts', '')).toHaveLength(1);
  });

  test('nothing in comments, nor in what is allowed', () => {
    expect(offencesOf('assignments/a.ts', `/**\n * Date.now() of node:fs\n */\n// new Date()\n`)).toEqual([]);
    expect(
      offencesOf('cli/commands/demo.ts', `import { startSimulator } from '../../simulator/simulator.ts';`),
    ).toEqual([]);
    expect(
      offencesOf('worker/a.ts', `import { Redis } from 'ioredis';\nimport { a } from './b.ts';`),
    ).toEqual([]);
  });
});
