import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { readIn } from '../../../../src/app/draft/intake.ts';
import { createPrinter } from '../../../../src/cli/terminal/print.ts';
import { showProblems } from '../../../../src/cli/terminal/problems.ts';
import { formatOf } from '../../../../src/formats/format.ts';
import { guid } from '../../../support/guid.ts';
import { FROM_FILE } from '../../../support/inputRow.ts';
import { inChunks } from '../../../support/readAll.ts';

// What a person is shown of a file that is no good, from its bytes to the line on the terminal.

const HEAD = 'policyType,policyId,assignmentId,targetType,groupId,filterId,filterType';
const G7 = guid('g7');
const GOOD = `deviceConfiguration,c1,a1,group,${G7},,`;
const lines = (...rows: string[]): string => `${rows.join('\n')}\n`;
const inBatch = (request: object): string => JSON.stringify({ requests: [request] });
const patch = (more: object): string =>
  inBatch({
    id: '1',
    method: 'PATCH',
    url: '/deviceManagement/deviceConfigurations/c1/assignments/a1',
    headers: { 'Content-Type': 'application/json' },
    body: { target: { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: G7 } },
    ...more,
  });
const row = (more: object): string =>
  JSON.stringify([
    {
      policyType: 'deviceConfiguration',
      policyId: 'c1',
      assignmentId: 'a1',
      targetType: 'group',
      groupId: G7,
      ...more,
    },
  ]);

interface Malformed {
  readonly what: string;
  readonly name?: string;
  readonly content: string | Uint8Array;
  /** Where it is wrong: `line:column`, or the line alone where the column is the file's own affair. */
  readonly at: string;
  readonly says: RegExp;
}

const MALFORMED: readonly Malformed[] = [
  {
    what: 'a mistyped header',
    content: lines(HEAD.replace('filterId', 'filtrId'), GOOD),
    at: '1:6',
    says: /filterId/i,
  },
  {
    what: 'a repeated header',
    content: lines(`${HEAD},Group ID`, `${GOOD},g8`),
    at: '1:8',
    says: /groupId/i,
  },
  { what: 'an unknown header', content: lines(`${HEAD},colour`, `${GOOD},red`), at: '1:8', says: /colour/ },
  {
    what: 'an unknown policy type',
    content: lines(HEAD, GOOD.replace('deviceConfiguration', 'deviceConfigration')),
    at: '2:1',
    says: /did you mean "deviceConfiguration"/i,
  },
  {
    what: 'an unknown target type',
    content: lines(HEAD, GOOD.replace(',group,', ',grp,')),
    at: '2:4',
    says: /targetType/i,
  },
  {
    what: 'the abstract target',
    content: lines(HEAD, GOOD.replace(',group,', ',deviceAndAppManagementAssignmentTarget,')),
    at: '2:4',
    says: /abstract/i,
  },
  {
    what: 'a missing policy id',
    content: lines(HEAD, GOOD.replace(',c1,', ',,')),
    at: '2:',
    says: /policyId is missing/i,
  },
  {
    what: 'a missing assignment id',
    content: lines(HEAD, GOOD.replace(',a1,', ',,')),
    at: '2:',
    says: /assignmentId is missing/i,
  },
  {
    what: 'a missing group',
    content: lines(HEAD, GOOD.replace(G7, '')),
    at: '2:',
    says: /needs groupId/i,
  },
  {
    what: 'an id with a slash',
    content: lines(HEAD, GOOD.replace(',c1,', ',c1/assign,')),
    at: '2:2',
    says: /c1\/assign/i,
  },
  {
    what: 'an id that steps out',
    content: lines(HEAD, GOOD.replace(',a1,', ',..,')),
    at: '2:3',
    says: /step out/i,
  },
  { what: 'an escaped id', content: lines(HEAD, GOOD.replace(',a1,', ',a%2F1,')), at: '2:3', says: /%/ },
  {
    what: 'a group for all devices',
    content: lines(HEAD, GOOD.replace(',group,', ',allDevices,')),
    at: '2:5',
    says: /takes no groupId/i,
  },
  {
    what: 'a filter without its kind',
    content: lines(HEAD, GOOD.replace(',,', `,${guid('f1')},`)),
    at: '2:',
    says: /filterType/i,
  },
  {
    what: 'a filter on an exclusion',
    content: lines(HEAD, `deviceConfiguration,c1,a1,exclusionGroup,${G7},${guid('f1')},include`),
    at: '2:',
    says: /takes no filter/i,
  },
  {
    what: 'contradicting rows',
    content: lines(HEAD, GOOD, `deviceConfigurations,C1,A1,group,${guid('g8')},,`),
    at: '3:',
    says: /line 2 wants something else/i,
  },
  {
    what: 'an open quote',
    content: lines(HEAD, GOOD, `"deviceConfiguration,c1,a2,group,${G7},,`),
    at: '3:1',
    says: /never closed/i,
  },
  { what: 'a short row', content: lines(HEAD, 'deviceConfiguration,c1,a1'), at: '2:', says: /3 cells/ },
  { what: 'a long row', content: lines(HEAD, `${GOOD},,`), at: '2:', says: /9 cells/ },
  {
    what: 'a zero width space in a name of a column',
    content: lines(`${HEAD}\u200b`, GOOD),
    at: '1:7',
    says: /"filterType\\u200b"\. It holds an invisible character, U\+200B \(zero width space\), as its character 11\..*Did you mean filterType\?/,
  },
  {
    what: 'a right-to-left mark in a word',
    content: lines(HEAD, GOOD.replace(',group,', ',gr\u200foup,')),
    at: '2:4',
    says: /"gr\\u200foup" is no targetType/,
  },
  {
    what: 'a soft hyphen in an id',
    content: lines(HEAD, GOOD.replace(',a1,', ',a\u00ad1,')),
    at: '2:3',
    says: /"a\\u00ad1" holds an invisible character, U\+00AD \(soft hyphen\), as its character 2/,
  },
  {
    what: 'a zero width space before a GUID',
    content: lines(HEAD, GOOD.replace(G7, `\u200b${G7}`)),
    at: '2:5',
    says: /holds an invisible character, U\+200B/,
  },
  { what: 'a NUL', content: lines(HEAD, GOOD.replace(G7, 'g\u00007')), at: '2:', says: /./ },
  {
    what: 'Latin-1',
    content: Buffer.from(lines(`${HEAD},note`, `${GOOD},Zürich`), 'latin1'),
    at: '2:',
    says: /UTF-8/i,
  },
  {
    what: 'UTF-16 without its mark',
    content: Buffer.from(lines(HEAD, GOOD), 'utf16le'),
    at: '1:',
    says: /UTF-(8|16)/i,
  },
  { what: 'an empty file', content: '', at: '1:', says: /no rows|empty/i },
  { what: 'a header alone', content: lines(HEAD), at: '1:', says: /no rows/ },
  { what: 'a line of 10 MB', content: lines(HEAD, 'x'.repeat(10_000_000)), at: '2:', says: /longer than/ },
  {
    what: 'a cell of 500 kB',
    content: lines(HEAD, GOOD.replace(G7, 'g'.repeat(500_000))),
    at: '2:5',
    says: /500000 characters/i,
  },
  {
    what: 'a URL of another host',
    content: lines(
      'url,targetType',
      'https://evil.example/beta/deviceManagement/deviceConfigurations/c1/assignments/a1,allDevices',
    ),
    at: '2:1',
    says: /not under/i,
  },
  {
    what: 'a URL of another form',
    content: lines('url,targetType', '/deviceManagement/deviceConfigurations/c1/assign,allDevices'),
    at: '2:1',
    says: /none of the forms/i,
  },
  {
    what: 'a URL and an id',
    content: lines(
      'url,policyId,targetType',
      '/deviceManagement/deviceConfigurations/c1/assignments/a1,c1,allDevices',
    ),
    at: '2:2',
    says: /both/i,
  },
  { what: 'a way there is not', content: lines(`${HEAD},via`, `${GOOD},assign`), at: '2:8', says: /via|way/ },
  {
    what: 'intent of a compliance policy',
    content: lines(`${HEAD},intent`, `deviceCompliancePolicy,p1,a5,group,${G7},,,remove`),
    at: '2:8',
    says: /no intent/i,
  },
  {
    what: 'source of a configuration',
    content: lines(`${HEAD},source`, `${GOOD},direct`),
    at: '2:8',
    says: /read-only/i,
  },
  {
    what: 'an action that is none',
    content: lines(`${HEAD},action`, `${GOOD},delete`),
    at: '2:8',
    says: /action/i,
  },
  { what: 'broken JSON', name: 'x.json', content: '[{"policyId": "c1",]', at: '1:', says: /./ },
  { what: 'JSON that is no list', name: 'x.json', content: '"policyId"', at: '1:', says: /./ },
  { what: 'a JSON list of texts', name: 'x.json', content: '["c1"]', at: '1:', says: /./ },
  {
    what: 'a JSON key twice',
    name: 'x.json',
    content: row({}).replace('"groupId"', '"groupId":"g8","groupId"'),
    at: '1:',
    says: /groupId/i,
  },
  {
    what: 'a prototype key',
    name: 'x.json',
    content: row({}).replace('{"policyType"', '{"__proto__":{"groupId":"g9"},"policyType"'),
    at: '1:',
    says: /__proto__/i,
  },
  {
    what: 'an unknown JSON key',
    name: 'x.json',
    content: row({ constructor: 'x' }),
    at: '1:',
    says: /constructor/i,
  },
  {
    what: 'a broken NDJSON line',
    name: 'x.ndjson',
    content: `${row({}).slice(1, -1)}\n{"policyId":\n`,
    at: '2:',
    says: /./i,
  },
  {
    what: 'DELETE in a saved batch',
    name: 'x.json',
    content: patch({ method: 'DELETE' }),
    at: '1:',
    says: /PATCH/i,
  },
  {
    what: 'another collection in a saved batch',
    name: 'x.json',
    content: patch({ url: '/deviceManagement/deviceConfigurations/c1' }),
    at: '1:',
    says: /none of the forms/i,
  },
  {
    what: 'the abstract target in a saved batch',
    name: 'x.json',
    content: patch({
      body: { target: { '@odata.type': '#microsoft.graph.deviceAndAppManagementAssignmentTarget' } },
    }),
    at: '1:',
    says: /abstract/i,
  },
  {
    what: 'a body without target',
    name: 'x.json',
    content: patch({ body: { intent: 'apply' } }),
    at: '1:',
    says: /target/i,
  },
];

/** What is said of the problems of a file. */
async function saidOf(name: string, content: string | Uint8Array): Promise<string> {
  const bytes = inChunks(Buffer.from(content), 65_536);
  const intake = await readIn({ name, format: formatOf(name), bytes }, FROM_FILE, async () => undefined);
  let said = '';
  const screen = new Writable({
    write(chunk: Buffer, _encoding, done) {
      said += chunk.toString();
      done();
    },
  });
  showProblems(intake, createPrinter(screen, screen, {}));
  return said;
}

test.each(MALFORMED)(
  '$what is told with its place and a remedy',
  async ({ name = 'x.csv', content, at, says }) => {
    const said = await saidOf(name, content);
    const problem = said.split('\n').find((line) => line.startsWith(`${name}:${at}`)) ?? said;
    expect(problem).toMatch(says);
    // Place, what is wrong, what to write; of a size that can be read.
    expect(problem).toMatch(/^\S+:\d+:\d+( [\w\\ ]+)?: .+[.?:] \S.+/);
    expect(problem.length).toBeLessThan(1_500);
  },
);

test('of more problems than are shown the others are counted', async () => {
  const said = await saidOf(
    'x.csv',
    lines(HEAD, ...Array.from({ length: 1_200 }, () => GOOD.replace(G7, ''))),
  );
  expect(said.match(/^x\.csv:/gm)).toHaveLength(1_000);
  expect(said).toContain('… and 200 more problems.');
});

test('what a cell holds cannot steer the terminal', async () => {
  const said = await saidOf('x.csv', lines(HEAD, GOOD.replace(',group,', ',"\u001b[2Jgroup\nfake",')));
  expect(said).not.toContain('\u001b');
  expect(said.trimEnd().split('\n')).toHaveLength(1);
});
