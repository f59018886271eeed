import { describe, expect, test } from 'vitest';
import { readRows } from '../../../src/formats/readRows.ts';
import { inChunks, readAll, placesOf, valuesOf } from '../../support/readAll.ts';

describe('CSV', () => {
  test.each([
    ['a comma', ','],
    ['a semicolon', ';'],
    ['a tab', '\t'],
  ])('is read with %s as its delimiter, by the header line alone', async (_, delimiter) => {
    const content = `policyId${delimiter}note\np${delimiter}"a,b;c\td"\n`;
    const { rows, problems } = await readAll(content, 'csv');
    expect(problems).toEqual([]);
    expect(rows.map(valuesOf)).toEqual([{ policyId: 'p', note: 'a,b;c\td' }]);
  });

  test('takes a byte order mark, CR LF, quoted names, and no line end at the end', async () => {
    const { rows, problems } = await readAll('\ufeff"policyId",note\r\np,x\r\n"q" , "y"', 'csv');
    expect(problems).toEqual([]);
    expect(rows.map(valuesOf)).toEqual([
      { policyId: 'p', note: 'x' },
      { policyId: 'q', note: 'y' },
    ]);
  });

  test('names ignore case, spaces, _ and -, and keep their order', async () => {
    const { rows, columns } = await readAll('Group ID,POLICY_ID,filter-type\ng,p,include\n', 'csv');
    expect(columns).toEqual(['groupId', 'policyId', 'filterType']);
    expect(rows.map(valuesOf)).toEqual([{ groupId: 'g', policyId: 'p', filterType: 'include' }]);
  });

  test('cells are trimmed, blank ones are not there, and each knows the number of its field', async () => {
    const { rows } = await readAll('policyId,groupId,note\n p , ,"  x "\n', 'csv');
    expect([...(rows[0]?.cells ?? [])]).toEqual([
      ['policyId', 'p'],
      ['note', 'x'],
    ]);
    expect(placesOf(rows[0], 'policyId', 'note')).toEqual([1, 1, 3]);
  });

  test('the line is where the record starts, behind blank lines and cells of several lines', async () => {
    const content = '\n \npolicyId,note\r\np,"1\r\n2\n\n4"\n\n\r\n  \nq,"""\n"""\nr,z\n,\ns,z';
    const { rows, problems } = await readAll(content, 'csv');
    expect(problems).toEqual([]);
    expect(rows.map(({ line, cells }) => [line, cells.get('note')])).toEqual([
      [4, '1\r\n2\n\n4'],
      [11, '"\n"'],
      [13, 'z'],
      [15, 'z'],
    ]);
  });

  test('result columns of a file that is fed back are not read', async () => {
    const { rows, problems, columns } = await readAll(
      'policyId,status,error_message,row\np,failed,\u0007,3\n',
      'csv',
    );
    expect(problems).toEqual([]);
    expect(columns).toEqual(['policyId']);
    expect(rows.map(valuesOf)).toEqual([{ policyId: 'p' }]);
  });

  test('columns without name and content are a habit of spreadsheets, not a problem', async () => {
    const { rows, problems } = await readAll('policyId,,\np,,\n', 'csv');
    expect([rows.length, problems]).toEqual([1, []]);
  });

  test('a carriage return is content within quotes', async () => {
    const { rows, problems } = await readAll('policyId,note\np,"a\rb"\n', 'csv');
    expect([rows.map(valuesOf), problems]).toEqual([[{ policyId: 'p', note: 'a\rb' }], []]);
  });

  test('rows before a bad byte are read', async () => {
    const { rows } = await readAll(Buffer.from('policyId\np\nq\nlonger\xe9\n', 'latin1'), 'csv');
    expect(rows.map(valuesOf)).toEqual([{ policyId: 'p' }, { policyId: 'q' }]);
  });
});

describe('JSON', () => {
  test('keeps values as they are, trims texts, and takes null and "" for absent', async () => {
    const target = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: ' g ' };
    const record = { Policy_Id: ' p ', versionNumber: 3, target, groupId: null, note: ' ', status: 'failed' };
    const { rows, columns, problems } = await readAll(JSON.stringify([record]), 'json');
    expect(problems).toEqual([]);
    expect(rows.map(valuesOf)).toEqual([{ policyId: 'p', versionNumber: 3, target }]);
    expect(columns).toEqual(['policyId', 'versionNumber', 'target', 'groupId', 'note']);
  });

  test('a row knows the place of its record, a cell the place of its value', async () => {
    const { rows } = await readAll(
      '[ {"policyId": "p"},\n\n   {\n  "note":"x",\n  "body": {"note": 1}\n}\n]',
      'json',
    );
    expect(rows.map(({ line }) => line)).toEqual([1, 3]);
    expect(placesOf(rows[0], 'policyId')).toEqual([3, 16]);
    expect(placesOf(rows[1], 'note', 'body')).toEqual([4, 10, 11]);
  });

  test('a problem of one record leaves its cells and the others', async () => {
    const { rows, problems, complete } = await readAll('[{"policyId":"p","x":1},5,{"policyId":"q"}]', 'json');
    expect(rows.map(valuesOf)).toEqual([{ policyId: 'p' }, {}, { policyId: 'q' }]);
    expect([problems.length, complete]).toEqual([2, true]);
  });

  test('a saved batch gives url and body of each request', async () => {
    const body = { target: { '@odata.type': '#microsoft.graph.allDevicesAssignmentTarget' } };
    const headers = { 'content-type': 'application/json' };
    const content = JSON.stringify({
      requests: [{ id: '1', method: 'patch', url: '/deviceManagement/x', headers, body }],
    });
    const { rows, columns, problems } = await readAll(content, 'json');
    expect(problems).toEqual([]);
    expect(columns).toEqual(['url', 'body']);
    expect(rows.map(valuesOf)).toEqual([{ url: '/deviceManagement/x', body }]);
  });
});

describe('NDJSON', () => {
  test('counts every line, reads on behind a broken one, and needs no line end at the end', async () => {
    const { rows, problems, complete } = await readAll(
      '{"note":"a"}\r\n\n{"note":\n  {"note":"b"}',
      'ndjson',
    );
    expect(rows.map((row) => [row.line, ...placesOf(row), valuesOf(row)])).toEqual([
      [1, 1, { note: 'a' }],
      [3, 1, {}],
      [4, 3, { note: 'b' }],
    ]);
    expect(problems.map(({ line }) => line)).toEqual([3]);
    expect(complete).toBe(true);
  });
});

describe('a file without a telling name', () => {
  test.each([
    ['CSV', 'policyId,note\np,x\n'],
    ['a JSON array', '\n [{"policyId":"p","note":"x"}]'],
    ['NDJSON', '{"policyId":"p","note":"x"}\n{}\n'],
    ['NDJSON of one line', '{"policyId":"p","note":"x"}'],
  ])('is known for %s by its first line', async (_, content) => {
    const { rows, problems } = await readAll(content);
    expect(problems).toEqual([]);
    expect(valuesOf(rows[0])).toEqual({ policyId: 'p', note: 'x' });
  });

  test.each([
    ['on one line', 0],
    ['on many lines', 2],
  ])('is known for a saved batch %s', async (_, indent) => {
    const batch = { requests: [{ id: '1', method: 'PATCH', url: '/x', body: { a: 1 } }] };
    const { rows, problems } = await readAll(JSON.stringify(batch, null, indent));
    expect([rows.map(valuesOf), problems]).toEqual([[{ url: '/x', body: { a: 1 } }], []]);
  });
});

test('a reader that stops early lets go of the file', async () => {
  let isOpen = true;
  const file = async function* (): AsyncGenerator<Uint8Array, void> {
    try {
      yield* inChunks(Buffer.from('policyId\n' + 'p\n'.repeat(50_000)), 100);
    } finally {
      isOpen = false;
    }
  };
  for await (const read of readRows(file(), { format: 'csv' })) if (read.kind === 'row') break;
  expect(isOpen).toBe(false);
});

test('what the file system throws is not taken for a problem of the file', async () => {
  const unreadable = async function* (): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from('policyId\np\n');
    throw new Error('EIO');
  };
  const reading = async (): Promise<void> => {
    for await (const read of readRows(unreadable(), { format: undefined })) expect(read.kind).toBe('row');
  };
  await expect(reading()).rejects.toThrow('EIO');
});

// A file of any length must fit into a small process: what was read is let go.
test('rows of a long file come while it is still being read', async () => {
  let given = 0;
  const endless = async function* (): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from('[');
    for (; ; given += 1) yield Buffer.from('{"policyId":"p"},\n'.repeat(100));
  };
  let rows = 0;
  for await (const read of readRows(endless(), { format: 'json' }))
    if (read.kind === 'row' && ++rows === 1000) break;
  expect(given).toBeLessThan(20);
});
