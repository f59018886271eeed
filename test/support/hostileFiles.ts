import { gzipSync } from 'node:zlib';
import type { FileFormat } from '../../src/formats/format.ts';
import { guid } from './guid.ts';

/** A file that was made to do harm, or came out of an accident that looks like it. None of them has a row that may be queued. */
export interface HostileFile {
  readonly what: string;
  readonly content: string | Uint8Array;
  /** As its name would tell. */
  readonly format: FileFormat | undefined;
}

const HEAD = 'policyType,policyId,assignmentId,targetType,groupId,note\n';
const GOOD = `deviceConfiguration,c1,a1,group,${guid('g7')},x\n`;
const GOOD_JSON = `{"policyType":"deviceConfiguration","policyId":"c1","assignmentId":"a1","targetType":"group","groupId":"${guid('g7')}"}`;
const jsonWith = (member: string): string => `[${GOOD_JSON.slice(0, -1)},${member}}]`;
const manyOf = (count: number, one: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => one(index)).join(',');
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

/** As much as one record may have: work that grows faster than its size would not end here. */
const MEGABYTE = 1_000_000;
const MANY = 80_000;

export const HOSTILE_FILES: readonly HostileFile[] = [
  // What is no text at all.
  { what: 'gzip', content: gzipSync(HEAD + GOOD), format: 'csv' },
  { what: 'gzip named JSON', content: gzipSync(`[${GOOD_JSON}]`), format: 'json' },
  { what: 'a ZIP archive', content: `PK\u0003\u0004${HEAD}${GOOD}`, format: undefined },
  {
    what: 'UTF-16 with a mark, cut within a character',
    content: Buffer.concat([Buffer.from([0xff, 0xfe]), utf16(HEAD + GOOD), Buffer.of(0x70)]),
    format: 'csv',
  },
  { what: 'UTF-16 without a mark', content: utf16(`[${GOOD_JSON}]`), format: 'json' },
  { what: 'NULs', content: Buffer.alloc(100_000), format: undefined },
  { what: 'a NUL behind good rows', content: `${HEAD}${GOOD}${GOOD.replace('x', '\u0000')}`, format: 'csv' },
  {
    what: 'an overlong encoding of /',
    content: Buffer.from(`${HEAD}${GOOD}\xc0\xaf\n`, 'latin1'),
    format: 'csv',
  },
  {
    what: 'a surrogate in UTF-8',
    content: Buffer.from(`${HEAD}${GOOD}\xed\xa0\x80\n`, 'latin1'),
    format: 'csv',
  },
  { what: 'a byte order mark cut short', content: Buffer.from([0xef, 0xbb]), format: undefined },
  // Marks and line ends in the wrong place.
  { what: 'a byte order mark within an id', content: HEAD + GOOD.replace('c1', 'c\ufeff1'), format: 'csv' },
  { what: 'two byte order marks and no header', content: `\ufeff\ufeff${GOOD}`, format: 'csv' },
  { what: 'a byte order mark between records', content: `[${GOOD_JSON},\ufeff${GOOD_JSON}]`, format: 'json' },
  { what: 'mixed line ends', content: `${HEAD}${GOOD}${GOOD.trim()}\r${GOOD.trim()}\r\n`, format: 'csv' },
  {
    what: 'a line separator of Unicode within an id',
    content: HEAD + GOOD.replace('c1', 'c\u20281'),
    format: 'csv',
  },
  { what: 'blank lines only', content: '\n'.repeat(1.2 * MEGABYTE), format: undefined },
  { what: 'a long line behind a blank one', content: `\n${'x'.repeat(MEGABYTE)}`, format: undefined },
  // Records without measure.
  { what: 'a header of many names', content: `${'a,'.repeat(MANY)}\n1\n`, format: 'csv' },
  { what: 'a header of nothing but delimiters', content: `${',;\t'.repeat(MANY)}\n`, format: undefined },
  { what: 'a row of many cells', content: `${HEAD}${'x,'.repeat(MANY)}\n`, format: 'csv' },
  { what: 'a cell of carriage returns', content: `${HEAD}"${'\r'.repeat(MEGABYTE)}"\n`, format: 'csv' },
  { what: 'a cell of doubled quotes', content: `${HEAD}"${'""'.repeat(MEGABYTE / 2)}"\n`, format: 'csv' },
  { what: 'a cell of spaces between letters', content: `${HEAD}x${' '.repeat(MEGABYTE)}x\n`, format: 'csv' },
  { what: 'a quote that stays open', content: `${HEAD}"${GOOD.trim().repeat(50_000)}`, format: 'csv' },
  { what: 'a name without end', content: `${'n'.repeat(MEGABYTE)},policyId\n`, format: 'csv' },
  { what: 'a key without end', content: `{"${'n'.repeat(MEGABYTE)}":1}\n`, format: 'ndjson' },
  { what: 'a record of many names', content: `[{${manyOf(MANY, (n) => `"k${n}":1`)}}]`, format: 'json' },
  {
    what: 'a request of many names',
    content: `{"requests":[{${manyOf(MANY, (n) => `"k${n}":1`)}}]}`,
    format: 'json',
  },
  {
    what: 'a request of many headers',
    content: `{"requests":[{"method":"PATCH","headers":{${manyOf(MANY, (n) => `"h${n}":1`)}}}]}`,
    format: 'json',
  },
  {
    what: 'one name many times',
    content: jsonWith(`"body":{${manyOf(MANY, () => '\n"k":1')}}`),
    format: 'json',
  },
  { what: 'a value without end', content: jsonWith(`"note":"${'x'.repeat(MEGABYTE)}"`), format: 'json' },
  { what: 'a number without end', content: `[${'1'.repeat(2 * MEGABYTE)}]`, format: 'json' },
  {
    what: 'escapes without end',
    content: jsonWith(`"note":"${'\\\\'.repeat(MEGABYTE / 2)}"`),
    format: 'json',
  },
  // Depth.
  { what: 'open brackets', content: '['.repeat(2 * MEGABYTE), format: 'json' },
  { what: 'open braces', content: '{"a":'.repeat(200_000), format: undefined },
  {
    what: 'deep nesting in a line',
    content: `${'{"a":'.repeat(90_000)}1${'}'.repeat(90_000)}\n`,
    format: undefined,
  },
  {
    what: 'deep nesting in a cell',
    content: `${HEAD.trim()},body\n${GOOD.trim()},"${'['.repeat(30_000)}"\n`,
    format: 'csv',
  },
  { what: 'deep nesting in JSON text', content: jsonWith(`"body":"${'['.repeat(30_000)}"`), format: 'json' },
  // Names and values that mean something to the program.
  { what: '__proto__ as a column', content: `${HEAD.trim()},__proto__\n${GOOD.trim()},x\n`, format: 'csv' },
  { what: '__proto__ as a name', content: jsonWith('"__proto__":{"groupId":"g9"}'), format: 'json' },
  {
    what: 'constructor as a policy type',
    content: HEAD + GOOD.replace('deviceConfiguration', 'constructor'),
    format: 'csv',
  },
  { what: 'toString as a target', content: HEAD + GOOD.replace('group', 'toString'), format: 'csv' },
  {
    what: '__proto__ within a body',
    content: jsonWith('"target":{"__proto__":{"groupId":"g9"}}'),
    format: 'json',
  },
  { what: 'a name twice', content: jsonWith('"policyId":"c2"'), format: 'json' },
  { what: 'a name twice by an escape', content: jsonWith('"policy\\u0049d":"c2"'), format: 'json' },
  { what: 'half a character', content: jsonWith('"note":"\\ud83d"'), format: 'json' },
  { what: 'half a character as a name', content: jsonWith('"\\udc00":1'), format: 'json' },
  { what: 'a number beyond all bounds', content: jsonWith('"versionNumber":1e999'), format: 'json' },
  { what: 'terminal controls', content: HEAD + GOOD.replace('x', '\u001b]0;owned\u0007'), format: 'csv' },
  { what: 'a way out of the path', content: HEAD + GOOD.replace('c1', '../../users'), format: 'csv' },
  { what: 'an encoded way out of the path', content: HEAD + GOOD.replace('c1', '%2e%2e%2f'), format: 'csv' },
  {
    what: 'another host',
    content:
      'url,targetType,groupId\nhttps://evil.example/beta/deviceManagement/deviceConfigurations/c1/assignments/a1,group,g\n',
    format: 'csv',
  },
];
