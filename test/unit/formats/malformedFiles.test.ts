import { describe, expect, test } from 'vitest';
import type { FileFormat } from '../../../src/formats/format.ts';
import { comparable, readAll } from '../../support/readAll.ts';

const HEADER = 'policyId,assignmentId,groupId,note\n';
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

type Case = [
  what: string,
  content: string | Uint8Array,
  format: FileFormat | undefined,
  place: string,
  message: RegExp,
  remedy: RegExp,
];

/** The reading ends here, whatever would follow. */
const ENDING: Case[] = [
  ['Latin-1', latin1(`${HEADER}p,a,g,caf\xe9\n`), 'csv', '2:10', /byte 0xE9\) is not UTF-8/, /as UTF-8/],
  ['Latin-1 in JSON', latin1('[\n {"note":"\xfc"}]'), 'json', '2:11', /byte 0xFC/, /as UTF-8/],
  [
    'a character cut off by the end',
    Buffer.from('policyId\n\xe2\x82', 'latin1'),
    'csv',
    '2:1',
    /byte 0xE2/,
    /as UTF-8/,
  ],
  [
    'UTF-16 that is cut within a character',
    Buffer.concat([Buffer.from([0xff, 0xfe]), utf16(HEADER), Buffer.of(0x70)]),
    'csv',
    '2:1',
    /half a character/,
    /cut or damaged/,
  ],
  ['UTF-16 without its mark', utf16(HEADER), undefined, '1:2', /NUL byte/, /as UTF-8/],
  ['NUL', `${HEADER}p,a,g,x\u0000y\n`, 'csv', '2:8', /NUL byte/, /as UTF-8/],
  ['a workbook', 'PK\u0003\u0004....', 'csv', '1:1', /Excel workbook/, /CSV UTF-8/],
  ['gzip', Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0]), undefined, '1:1', /gzip/, /gunzip/],
  ['an open quote', `${HEADER}p,a,g,x\np,"a,g\nq,b,h,y\n`, 'csv', '3:2', /never closed/, /Close the cell/],
  [
    'an open quote for megabytes',
    `${HEADER}p,"a,g\n${'q,b,h,y\n'.repeat(200_000)}`,
    'csv',
    '2:2',
    /not closed within/,
    /Close the cell/,
  ],
  ['a quote within a cell', `${HEADER}p,a,g,5" disk\n`, 'csv', '2:4', /within a cell/, /twice/],
  ['text behind a closing quote', `${HEADER}p,a,g,"x"y\n`, 'csv', '2:4', /Text follows the quote/, /twice/],
  [
    'text behind a closing quote and spaces',
    `${HEADER}p,"a" b,g,x\n`,
    'csv',
    '2:2',
    /Text follows the quote/,
    /twice/,
  ],
  [
    'a 10 MB line',
    `${HEADER}p,a,g,${'x'.repeat(10_000_000)}\n`,
    'csv',
    '2:4',
    /longer than/,
    /one record a line/,
  ],
  [
    'a 10 MB line of NDJSON',
    `{"note":"a"}\n{"note":"${'x'.repeat(10_000_000)}"}\n`,
    'ndjson',
    '2:1',
    /longer than/,
    /one object/,
  ],
  [
    'a 10 MB record of JSON',
    `[{"note":"a"},\n{"note":"${'x'.repeat(10_000_000)}"}]`,
    'json',
    '2:1',
    /longer than/,
    /flat object/,
  ],
  ['columns between bars', 'policyId|groupId\np|g\n', 'csv', '1:1', /separated by "\|"/, /with commas/],
  ['columns between colons', 'policyId:groupId\np:g\n', 'csv', '1:1', /separated by ":"/, /with commas/],
  [
    'another delimiter than the first line says',
    'sep=,\npolicyId;groupId\np;g\n',
    'csv',
    '2:1',
    /separated by ";"/,
    /as in sep=;, or remove the line/,
  ],
  ['no known name in the header', 'a,b\n1,2\n', 'csv', '1:1', /names no column/, /policyType,policyId/],
  ['too many columns', `policyId${',x'.repeat(200)}\n`, 'csv', '1:101', /201 columns/, /Remove/],
  ['old Macintosh line ends', 'policyId,note\rp,x\r', 'csv', '1:2', /carriage return/, /Unix line ends/],
  ['JSON named CSV', '[{"policyId":"p"}]', 'csv', '1:1', /looks like JSON/, /--input-format json/],
  ['CSV named JSON', HEADER, 'json', '1:1', /starts with \[/, /--input-format csv/],
  ['an array named NDJSON', '[\n{"policyId":"p"}\n]', 'ndjson', '1:1', /array/, /--input-format json/],
  [
    'NDJSON named JSON',
    '{"policyId":"p"}\n{"policyId":"q"}\n',
    'json',
    '1:2',
    /object with "policyId"/,
    /--input-format ndjson/,
  ],
  ['an array that stays open', '[{"note":"a"}\n', 'json', '2:1', /a comma or \], not the end/, /cut short/],
  ['a record that stays open', '[{"note":"a"},\n{"note":', 'json', '2:9', /a value, not the end/, /Mend/],
  ['an empty file of one bracket', '[', 'json', '1:2', /a value, not the end/, /cut short/],
  [
    'a comma too much in an array',
    '[{"note":"a"},\n]',
    'json',
    '2:1',
    /a value, not "]"/,
    /Remove the comma/,
  ],
  [
    'a comma too much in a record',
    '[{"note":"a",}]',
    'json',
    '1:14',
    /a name in double quotes/,
    /Remove the comma/,
  ],
  ['no comma between records', '[{"note":"a"}\n {"note":"b"}]', 'json', '2:2', /a comma or \]/, /Mend/],
  ['no comma between members', '[{"note":"a" "url":"b"}]', 'json', '1:14', /a comma or \}/, /Mend/],
  ['no colon', '[{"note" "a"}]', 'json', '1:10', /a colon/, /Mend/],
  ['single quotes', "[{'note':'a'}]", 'json', '1:3', /a name in double quotes/, /double quotes/],
  ['a comment', '[{"note":"a"}, // why\n{}]', 'json', '1:16', /a value, not "\/"/, /comment/],
  ['a line end within a text', '[{"note":"a\nb"}]', 'json', '1:12', /closing quote/, /Mend/],
  ['an unknown escape', '[\n{"note":"C:\\Users"}]', 'json', '2:12', /an escape such as/, /backslash twice/],
  ['a word that is no value', '[{"note": NaN}]', 'json', '1:11', /a value, not "N"/, /Mend/],
  ['brackets that cross', '[{"note": [1}]', 'json', '1:13', /a comma or \]/, /Mend/],
  ['text behind the array', '[{"note":"a"}]\n[]', 'json', '2:1', /the end of the file/, /Mend/],
  ['a megabyte of open brackets', '['.repeat(1_500_000), 'json', '1:35', /levels of nesting/, /Mend/],
  [
    'a member beside requests',
    '{"requests":[],\n "@odata.context":"x"}',
    'json',
    '2:2',
    /"requests" only/,
    /Remove that member/,
  ],
  [
    'an answer of Graph',
    '{"value":[{"id":"1"}]}',
    'json',
    '1:11',
    /a policy as Graph shows it, without its assignments/,
    /\$expand=assignments/,
  ],
  ['requests twice', '{"requests":[],"requests":[]}', 'json', '1:16', /twice/, /one array/],
  ['requests that are no array', '{"requests":{"id":"1"}}', 'json', '1:13', /the array of requests/, /Mend/],
  ['an empty object', '{ }', 'json', '1:3', /no "requests"/, /saved batch/],
];

/** The file as a whole is no good, but the rest of it is read to find more. */
const OF_THE_FILE: Case[] = [
  [
    'the header once more',
    `${HEADER}p,a,g,x\n${HEADER}`,
    'csv',
    '3:1',
    /names of the columns once more/,
    /Remove it/,
  ],
  [
    'the header of another file behind it',
    `${HEADER}p,a,g,x\nNote,"group id",,assignment_ID\n`,
    'csv',
    '3:1',
    /names of the columns once more/,
    /same order/,
  ],
  ['an empty file', '', undefined, '1:1', /no rows/, /one record per assignment/],
  ['only blank lines', '\n \r\n\n', undefined, '1:1', /no rows/, /one record/],
  ['only a byte order mark', '\ufeff', 'json', '1:1', /no rows/, /one record/],
  ['only a header', HEADER, 'csv', '1:1', /no rows/, /one record/],
  ['an empty array', '[ ]', 'json', '1:1', /no rows/, /one record/],
  ['a batch without requests', '{"requests":[]}', undefined, '1:1', /no rows/, /one record/],
  ['an unknown column', 'policyId,colour\np,red\n', 'csv', '1:2', /no column "colour"/, /Remove it/],
  [
    'a mistyped column',
    'policyId,filterI\np,f\n',
    'csv',
    '1:2',
    /no column "filterI"/,
    /Did you mean filterId\?/,
  ],
  [
    'a repeated column',
    'policyId,note,policyId\np,x,q\n',
    'csv',
    '1:3',
    /policyId is there twice/,
    /Keep one/,
  ],
  [
    'one column in two spellings',
    'policyId,Policy ID\np,q\n',
    'csv',
    '1:2',
    /"Policy ID" is the column policyId/,
    /Keep one/,
  ],
  [
    'a prototype as a column',
    'policyId,__proto__\np,x\n',
    'csv',
    '1:2',
    /no column "__proto__"/,
    /Remove it/,
  ],
];

/** One row is no good, the others are. */
const OF_A_ROW: Case[] = [
  ['a short row', `${HEADER}p,a,g,x\np,a\n`, 'csv', '3:3', /2 cells; the header has 4/, /every cell/],
  ['a long row', `${HEADER}p,a,g,x,y\n`, 'csv', '2:5', /5 cells; the header has 4/, /double quotes/],
  [
    'a row with another delimiter',
    `${HEADER}p;a;g;x\n`,
    'csv',
    '2:1',
    /separated by ";", the columns of the header by something else/,
    /one delimiter/,
  ],
  [
    'a short row behind a cell of three lines',
    `${HEADER}p,a,g,"x\ny\r\nz"\n\np\n`,
    'csv',
    '6:2',
    /1 cell/,
    /every cell/,
  ],
  [
    'a carriage return in the middle',
    `${HEADER}p,"a,b",g\rh,x\n`,
    'csv',
    '2:3',
    /carriage return/,
    /line ends/,
  ],
  [
    'a cell without a name above',
    'policyId,,note\np,x,y\n',
    'csv',
    '2:2',
    /no column name/,
    /Name the column/,
  ],
  ['a control character', `${HEADER}p,a,g,\u001b[2J\n`, 'csv', '2:4', /U\+001B/, /Remove/],
  ['a huge cell', `${HEADER}p,a,g,${'x'.repeat(40_000)}\n`, 'csv', '2:4', /40000 characters/, /Shorten/],
  [
    'an unknown name',
    '[\n  {"policyId":"p", "filterI":"f"}\n]',
    'json',
    '2:20',
    /no column "filterI"/,
    /filterId\?/,
  ],
  [
    'a prototype as a name',
    '[{"policyId":"p","__proto__":{"groupId":"g"}}]',
    'json',
    '1:18',
    /"__proto__"/,
    /Remove/,
  ],
  [
    'a constructor as a name',
    '{"policyId":"p","constructor":1}\n',
    'ndjson',
    '1:17',
    /"constructor"/,
    /Remove/,
  ],
  [
    'a name twice',
    '[{"policyId":"p","policyId":"q"}]',
    'json',
    '1:18',
    /"policyId" is there twice/,
    /Keep one/,
  ],
  [
    'a name twice by an escape',
    '[{"note":"p","not\\u0065":"q"}]',
    'json',
    '1:14',
    /"note" is there twice/,
    /Keep one/,
  ],
  [
    'a name twice, deep',
    '[{"target":{"groupId":"a","groupId":"b"}}]',
    'json',
    '1:27',
    /"groupId" is there twice/,
    /Keep/,
  ],
  [
    'a name in two spellings',
    '[{"policyId":"p","policy_id":"q"}]',
    'json',
    '1:18',
    /"policy_id" is the column/,
    /Keep/,
  ],
  [
    'a record that is a text',
    '["a", {"policyId":"p"}]',
    'json',
    '1:2',
    /must be an object, not "\\"a\\""/,
    /Write each record/,
  ],
  ['a record that is a number', '[\n 12\n]', 'json', '2:2', /must be an object/, /Write each record/],
  ['a record that is null', '[null]', 'json', '1:2', /must be an object/, /Write each record/],
  ['a record that is an array', '[[{}]]', 'json', '1:2', /must be an object/, /Write each record/],
  [
    'a record that nests too deep',
    `[{"body":${'['.repeat(40)}${']'.repeat(40)}}]`,
    'json',
    '1:41',
    /32 levels/,
    /flat object/,
  ],
  ['a broken line', '{"note":"a"}\n{"note":}\n{"note":"c"}\n', 'ndjson', '2:9', /a value, not "}"/, /Mend/],
  ['two objects in a line', '{"note":"a"} {"note":"b"}\n', 'ndjson', '1:14', /nothing more/, /Mend/],
  [
    'a line that is a text',
    '{"note":"a"}\n\n "b"\n',
    'ndjson',
    '3:2',
    /must be an object/,
    /Write each record/,
  ],
  ['a NUL by escape', '[{"note":"a\\u0000b"}]', 'json', '1:3', /U\+0000/, /Remove/],
  ['half a character', '[{"body":{"note":"\\ud83d"}}]', 'json', '1:3', /lone surrogate/, /whole character/],
  [
    'a number that would change',
    '[{"versionNumber":12345678901234567890}]',
    'json',
    '1:3',
    /too large/,
    /double quotes/,
  ],
  [
    'DELETE in a batch',
    '{"requests":[\n{"id":"1","method":"DELETE","url":"/x"}]}',
    'json',
    '2:11',
    /"DELETE"; only PATCH/,
    /"PATCH"/,
  ],
  ['no method in a batch', '{"requests":[{"id":"1","url":"/x"}]}', 'json', '1:14', /no method/, /"PATCH"/],
  [
    'dependsOn in a batch',
    '{"requests":[{"method":"PATCH","dependsOn":["2"]}]}',
    'json',
    '1:32',
    /dependsOn is not kept: rows are sent in other batches/,
    /Remove it where the order does not matter.*split the file/,
  ],
  [
    'a POST of a whole list in a batch',
    '{"requests":[{"method":"POST","url":"/deviceManagement/deviceConfigurations/p/assign","body":{}}]}',
    'json',
    '1:15',
    /only PATCH is sent/,
    /--strategy assign/,
  ],
  [
    'a header that would be lost',
    '{"requests":[{"method":"PATCH","headers":{"If-Match":"x"}}]}',
    'json',
    '1:32',
    /"If-Match"/,
    /Content-Type/,
  ],
];

const placeOf = ({ line, column }: { line: number; column: number }): string => `${line}:${column}`;

describe.each([
  ['what ends the reading', ENDING],
  ['what makes a file no good', OF_THE_FILE],
  ['what makes a row no good', OF_A_ROW],
])('%s', (group, cases) => {
  test.each(cases)(
    '%s is told with its place and a remedy',
    async (_, content, format, place, message, remedy) => {
      const file = await readAll(content, format);
      const problem = file.problems.at(group === 'what makes a file no good' ? 0 : -1);
      expect({
        place: problem && placeOf(problem),
        message: problem?.message,
        remedy: problem?.remedy,
      }).toEqual({
        place,
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(remedy),
      });
      expect(file.problems).toHaveLength(1);
      expect(file.complete).toBe(group !== 'what ends the reading');
      expect(file.fileProblems).toHaveLength(group === 'what makes a row no good' ? 0 : 1);
    },
  );

  // Where a stream happens to be cut must not change what is found. Long files would take as many steps as bytes.
  test.each(cases.filter(([, content]) => content.length < 1000))(
    '%s is told the same when it comes byte by byte',
    async (_, content, format) => {
      expect(comparable(await readAll(content, format, { chunkBytes: 1 }))).toEqual(
        comparable(await readAll(content, format)),
      );
    },
  );
});
