import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { keysOf } from '../../src/runs/keys.ts';
import { bench, csv, type Bench } from '../support/cli.ts';
import { guid, named } from '../support/guid.ts';
import { startRedisServer, type TestRedis } from '../support/redisServer.ts';
import { SMALL_TENANT } from '../support/simulatorClient.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedisServer({ args: ['--appendonly', 'yes'], tcp: true });
});
afterAll(() => redis.stop());

const row = (policyId: string, assignmentId: string, groupId: string): Record<string, string> => ({
  policyType: 'deviceConfiguration',
  policyId,
  assignmentId,
  targetType: 'group',
  groupId,
});
/** One to be written, one that is so already, one that is not there, one repeated. */
const MIXED = csv([
  row('c1', 'a1', 'new'),
  row('c2', 'a3', 'g3'),
  row('c2', 'gone', 'new'),
  row('c1', 'A1', guid('new').toUpperCase()),
]);
const ONE = csv([row('c1', 'a1', 'new')]);

const small = (env: Record<string, string> = {}): Promise<Bench> =>
  bench(redis.url, { tenant: SMALL_TENANT }, env);
const statesOf = async (here: Bench): Promise<unknown[]> =>
  JSON.parse((await here.run(['status', '--json'])).stdout).map(({ state }: { state: string }) => state);

/** Each plan has an id of its own: it is also of the moment when it was made. */
const withoutId = (shown: string): string => shown.replace(/^Plan [\da-f]{12}$/m, 'Plan');

describe('plan', () => {
  test('counts what would happen and leaves nothing behind', async () => {
    const here = await small();
    const file = here.file('x.csv', MIXED);
    const ran = await here.run(['plan', file, '--json']);
    expect(ran.exitCode).toBe(3);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      blocked: [{ kind: 'gone', found: 1, allowed: 0 }],
      refusedRows: [{ line: 4, policy: 'c2', code: 'AssignmentGone' }],
      ...{ rows: 4, writes: 1, alreadySo: 1, refused: 1, duplicates: 1, leftOut: 0, tenantRead: true },
      source: { name: file },
    });
    const shown = await here.run(['plan', file]);
    expect(shown).toMatchObject({ exitCode: 3, stdout: '' });
    expect(shown.stderr).toMatch(/^1 row to write \(.*\), 1 already so, 1 gone, 1 repeated\.$/m);
    const dry = await here.run(['apply', file, '--dry-run']);
    expect(withoutId(dry.stderr)).toBe(withoutId(shown.stderr));
    expect(await statesOf(here)).toEqual([]);
    expect(here.simulator.stats().writesArrived).toBe(0);
  });

  test('of a blind run says that there is no read and no undo', async () => {
    const here = await small();
    const file = here.file(
      'x.csv',
      MIXED.replaceAll('groupId', 'groupId,filterType').replaceAll(/([\da-f-]{36})$/gim, '$1,none'),
    );
    const ran = await here.run(['plan', file, '--blind']);
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toContain('Nothing was read (--blind): nothing is skipped, and there is no undo.\n');
    expect(here.simulator.stats().envelopes).toBe(0);
  });
});

describe('apply', () => {
  test('asks, and a no changes nothing and leaves nothing', async () => {
    const here = await small();
    const stdin = new PassThrough();
    const running = here.start(['apply', here.file('x.csv', ONE)], { isTerminal: true, stdin });
    await running.said('Change 1 assignment in tenant');
    stdin.write('no\n');
    expect(await running.ended).toMatchObject({ exitCode: 3, stdout: '' });
    expect(await statesOf(here)).toEqual([]);
    expect(here.simulator.stats().writesArrived).toBe(0);
  });

  test('takes the end of the input for a no, and a signal for an interrupt', async () => {
    const here = await small();
    const file = here.file('x.csv', ONE);
    const stdin = new PassThrough();
    const ending = here.start(['apply', file], { isTerminal: true, stdin });
    await ending.said('[y/N]');
    stdin.end();
    expect((await ending.ended).exitCode).toBe(3);
    const interrupted = here.start(['apply', file], { isTerminal: true });
    await interrupted.said('[y/N]');
    interrupted.interrupt('SIGINT');
    const ran = await interrupted.ended;
    expect(ran.exitCode).toBe(130);
    expect(ran.stderr).toContain('Nothing was queued.');
    expect(await statesOf(here)).toEqual([]);
  });

  test('on a terminal draws a bar after a yes; with NO_COLOR it says plain lines', async () => {
    const here = await small();
    const stdin = new PassThrough();
    const running = here.start(['apply', here.file('x.csv', ONE)], { isTerminal: true, stdin });
    await running.said('[y/N]');
    stdin.write('Yes\n');
    const ran = await running.ended;
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).toContain('█ 100% 1/1');
    const plain = await here.run(['apply', here.file('y.csv', csv([row('c2', 'a3', 'other')])), '--yes'], {
      isTerminal: true,
      env: { NO_COLOR: '1' },
    });
    expect(plain.stderr).toContain('100% 1/1');
    expect(plain.stderr).not.toContain('█');
    expect(plain.stderr).not.toContain('\u001b');
  });

  test('with nothing to write asks nothing, and says of each row what became of it', async () => {
    const here = await small();
    const ran = await here.run(['apply', here.file('x.csv', csv([row('c2', 'a3', 'g3')]))], {
      isTerminal: true,
    });
    expect(ran.exitCode).toBe(0);
    expect(ran.stderr).not.toContain('[y/N]');
    expect(ran.stderr).toContain('1 skipped');
  });

  test('refuses the same file while its run is unfinished, unless told so', async () => {
    const here = await small();
    const file = here.file('x.csv', ONE);
    const runId = (await here.run(['submit', '--no-plan', file])).stdout.trim();
    const refused = await here.run(['submit', '--no-plan', file]);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain(`retarget watch ${runId}`);
    expect((await here.run(['submit', '--no-plan', file, '--again'])).exitCode).toBe(0);
    expect(await statesOf(here)).toHaveLength(2);
  });

  test('says which run it waits for when another one of the tenant is at work', async () => {
    const here = await small();
    const first = (await here.run(['submit', '--no-plan', here.file('x.csv', ONE)])).stdout.trim();
    const second = await here.run([
      'apply',
      here.file('y.csv', csv([row('c1', 'a2', 'other')])),
      ...['--yes', '--with-queued', '--allow', 'run-overlap=1'],
    ]);
    expect(second.exitCode, second.stderr).toBe(0);
    expect(second.stderr).toMatch(
      new RegExp(`waits for run ${first} \\(x.csv of ada@desk, \\d of 1 row\\), which is at work first`),
    );
    expect(await statesOf(here)).toEqual(['completed', 'completed']);
  });

  test('ends with 3 when somebody else pauses its run, and names the command that goes on', async () => {
    const here = await bench(redis.url, { tenant: SMALL_TENANT, latencyMs: 400 });
    const running = here.start(['apply', here.file('x.csv', ONE), '--yes']);
    await running.said('Run ');
    expect((await here.run(['pause', '@last'])).exitCode).toBe(0);
    const ran = await running.ended;
    expect(ran.exitCode).toBe(3);
    expect(ran.stderr).toMatch(
      /paused in .*\n {2}by ada@desk\n {2}Go on with: +retarget resume \S+ --work\n/,
    );
  });
});

describe('submit, worker and the commands that show a run', () => {
  test('submit prints the id alone; worker --until-idle does the work; status, watch and results agree', async () => {
    const here = await small();
    const submitted = await here.run(['submit', '--no-plan', here.file('x.csv', MIXED)]);
    expect(submitted.exitCode).toBe(0);
    expect(submitted.stdout).toMatch(/^\d{8}-\d{6}-\w{4}\n$/);
    expect(submitted.stderr).toContain(
      'No worker is at work for this tenant: start one with `retarget worker`',
    );
    const runId = submitted.stdout.trim();

    const worker = await here.run(['worker', '--until-idle']);
    expect(worker).toMatchObject({ exitCode: 1, stdout: '' });
    const watched = await here.run(['watch', runId, '--json']);
    expect(watched.exitCode).toBe(1);
    const status = JSON.parse(watched.stdout);
    expect(status).toMatchObject({
      runId,
      state: 'completed',
      total: 4,
      succeeded: 1,
      skipped: 2,
      failed: 1,
    });
    expect(Object.keys(status).sort()).toEqual(
      [
        ...[
          'runId',
          'state',
          'reason',
          'reasonText',
          'tenant',
          'graphUrl',
          'source',
          'operator',
          'approval',
          'total',
          'pending',
          'planFingerprint',
          'revert',
        ],
        ...[
          'succeeded',
          'skipped',
          'failed',
          'stale',
          'awaitingApproval',
          'unsure',
          'inDoubt',
          'unrecorded',
          'cancelled',
          'throttled',
          'createdAt',
        ],
        ...['startedAt', 'finishedAt', 'ratePerSecond', 'etaSeconds', 'doneAbout', 'limiter', 'families'],
        ...['maxFailures', 'writesPerWindow', 'schedule'],
        ...['lastProgressAt', 'purpose', 'reasonSince', 'waitsFor', 'workers', 'channels'],
      ].sort(),
    );
    expect(JSON.parse((await here.run(['status', '--json'])).stdout)).toMatchObject([{ runId }]);
    const table = (await here.run(['status'])).stdout.split('\n');
    expect(table[0]?.split(/ +/)).toEqual([
      ...['RUN', 'STATE', 'STARTED', 'WHO', 'TOTAL', 'PENDING', 'SUCCEEDED', 'SKIPPED', 'FAILED'],
      ...['STALE', 'APPROVAL', 'UNSURE', 'CANCELLED', 'FILE', 'WHY'],
    ]);
    expect(table[1]).toContain(`${runId}  completed`);
    const one = await here.run(['status', '@last']);
    expect(one.stdout).toMatch(/^rows +4 in all$/m);
    expect(one.stderr).toContain(`@last is ${runId}`);
    expect((await here.run(['status', `${runId.slice(0, -1)}_`])).stderr).toContain(`Did you mean ${runId}?`);
  });

  test('results come as CSV, JSON and NDJSON, by flag and by extension, whole and in part', async () => {
    const here = await small();
    await here.run(['apply', here.file('x.csv', MIXED), '--yes', '--allow', 'gone=1']);
    const asCsv = (await here.run(['results', '@last'])).stdout.trimEnd().split('\n');
    expect(asCsv[0]).toBe(
      'policyType,policyId,assignmentId,targetType,groupId,policyName,platform,groupName,status,httpStatus,errorCode,errorMessage,attempts,throttledMs,requestId,clientRequestId,finishedAt,before,after,assignmentIdAfter',
    );
    expect(asCsv.slice(1).map((line) => line.split(',')[8])).toEqual([
      'succeeded',
      'skipped',
      'failed',
      'skipped',
    ]);
    const rows = JSON.parse((await here.run(['results', '@last', '--format', 'JSON'])).stdout);
    expect(rows).toMatchObject([
      { row: 2, assignmentId: 'a1', status: 'succeeded', httpStatus: 200, attempts: 1, errorCode: null },
      { row: 3, status: 'skipped', attempts: 0, requestId: null },
      { row: 4, status: 'failed', errorCode: 'AssignmentGone' },
      {
        row: 5,
        status: 'skipped',
        errorCode: 'DuplicateRow',
        errorMessage: expect.stringContaining('Line 2'),
      },
    ]);
    const path = join(here.dir, 'part.ndjson');
    const part = await here.run(['results', '@last', '-o', 'part.ndjson', '--only', 'failed, Skipped']);
    expect(part).toMatchObject({ exitCode: 0, stdout: '' });
    expect(part.stderr).toContain('Wrote 3 rows of 4 to part.ndjson, as plan ');
    const part2 = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(part2.map(({ row: line }) => line)).toEqual([3, 4, 5]);
    expect(statSync(path).mode & 0o077).toBe(0);
    const nowhere = await here.run(['results', '@last', '-o', 'no/such/dir.csv']);
    expect(nowhere.exitCode).toBe(2);
    expect(nowhere.stderr).toContain('Cannot write');
  });

  test('results are selected by cells and by the assignments of another file, and can be fed back', async () => {
    const here = await small();
    const noted = [
      { ...row('c1', 'a1', 'new'), note: 'Alpha' },
      { ...row('c2', 'gone', 'new'), note: 'alps' },
      { ...row('c2', 'gone-too', 'new'), note: 'Beta' },
    ];
    await here.run(['apply', here.file('x.csv', csv(noted)), '--yes', '--allow', 'gone=2']);
    const selected = async (...flags: string[]): Promise<Record<string, unknown>[]> =>
      JSON.parse((await here.run(['results', '@last', '--format', 'json', ...flags])).stdout);

    expect(await selected('--where', 'assignmentId=a1')).toMatchObject([
      {
        before: { id: 'a1', target: { groupId: 'g1' } },
        after: { target: { groupId: 'new' } },
        assignmentIdAfter: null,
      },
    ]);
    expect(await selected('--where', 'status=failed', '--where', 'note=a*')).toMatchObject([
      { row: 3, note: 'alps', before: null, after: null },
    ]);
    expect(await selected('--where', 'errorCode=AssignmentGone', '--where', 'row=4')).toMatchObject([
      { row: 4 },
    ]);
    expect(await selected('--where', 'note=x')).toEqual([]);

    const few = here.file('few.csv', 'url\n/deviceManagement/deviceConfigurations/C2/assignments/GONE\n');
    expect(await selected('--rows', few)).toMatchObject([{ row: 3 }]);
    expect(await selected('--rows', few, '--where', 'status=succeeded')).toEqual([]);

    const part = join(here.dir, 'part.csv');
    await here.run(['results', '@last', '--where', 'status=succeeded', '-o', part]);
    expect(named(readFileSync(part, 'utf8'))).toContain('""groupId"":""g1""');
    expect((await here.run(['apply', part, '--yes', '--json'])).exitCode).toBe(0);
    expect(await selected('--rows', part)).toMatchObject([{ status: 'skipped', before: null, after: null }]);
  });

  test('what selects nothing that there can be is refused, with the file and the line', async () => {
    const here = await small();
    await here.run(['apply', here.file('x.csv', ONE), '--yes']);
    const bad = here.file('bad.csv', 'policyType,policyId\ndeviceConfiguration,c1\n');
    const ran = await here.run(['results', '@last', '--rows', bad]);
    expect(ran).toMatchObject({ exitCode: 2, stdout: '' });
    expect(ran.stderr).toContain(`${bad}:2:1 assignmentId: assignmentId is missing.`);
    expect(ran.stderr).toContain('; no row was selected.');
    const none = await here.run(['results', '@last', '--rows', join(here.dir, 'none.csv')]);
    expect(none.exitCode).toBe(2);
    expect(none.stderr).toContain('Cannot read');
    const where = await here.run(['results', '@last', '--where', 'statuss=failed']);
    expect(where).toMatchObject({ exitCode: 2, stdout: '' });
    expect(where.stderr).toContain('Did you mean status?');
    // A column of ours, but not of this file: nothing would be selected, and it would look as if there were nothing.
    for (const command of [['results'], ['retry'], ['rollback', '--yes']]) {
      const missing = await here.run([...command, '@last', '--where', 'filterName=x']);
      expect(missing).toMatchObject({ exitCode: 2, stdout: '' });
      expect(missing.stderr).toMatch(/Run \S+ has no column filterName\.\n.*policyType, policyId, .*status/);
    }
  });

  test('of many runs the newest twenty and the open ones are listed with their sums, and the others are counted', async () => {
    const here = await small();
    const file = here.file('x.csv', ONE);
    const open = (await here.run(['submit', file, '--no-plan'])).stdout.trim();
    for (let n = 0; n < 22; n += 1) {
      const ended = (await here.run(['submit', file, '--no-plan', '--again'])).stdout.trim();
      await here.run(['cancel', ended]);
    }
    const listed = await here.run(['status']);
    expect(listed.stdout.trimEnd().split('\n')).toHaveLength(1 + 20 + 1 + 1);
    expect(listed.stdout).toMatch(/^21 runs +21 /m);
    expect(listed.stdout).toContain(open);
    expect(listed.stderr).toContain('… and 2 older runs that ended: retarget status --all');
    const json = await here.run(['status', '--json']);
    expect(JSON.parse(json.stdout)).toHaveLength(21);
    expect(json.stderr).toContain('… and 2 older runs');
    const all = await here.run(['status', '--all', '--json']);
    expect(JSON.parse(all.stdout)).toHaveLength(23);
    expect(all.stderr).toBe('');
  });

  test('a file that is read from stdin is a run like any other', async () => {
    const here = await small();
    const ran = await here.run(['apply', '-', '--yes', '--json', '--input-format', 'ndjson'], {
      stdin: `${JSON.stringify(row('c1', 'a1', guid('new')))}\n`,
    });
    expect(ran.exitCode).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ source: { name: '-' }, succeeded: 1 });
  });

  test('a run that another version has recorded is shown and left alone, and nothing is read of its rows', async () => {
    const here = await small();
    const runId = (await here.run(['submit', '--no-plan', here.file('x.csv', ONE)])).stdout.trim();
    const client = new Redis(redis.socketPath);
    onTestFinished(() => client.disconnect());
    await client.hset(keysOf(here.env['AZURE_TENANT_ID'] ?? '').run(runId).header, 'format', '2');
    const worker = here.start(['worker']);
    const why = 'recorded by another version of retarget (format 2)';
    await worker.said(`Run ${runId} is left alone. It is ${why}`);
    worker.interrupt('SIGTERM');
    await worker.ended;
    const status = JSON.parse((await here.run(['status', runId, '--json'])).stdout);
    expect(status).toMatchObject({ state: 'queued', reason: 'otherVersion', total: 1 });
    for (const verb of [['results'], ['cancel'], ['update', '--max-failures', '3'], ['rollback', '--yes']]) {
      const ran = await here.run([...verb, runId]);
      expect(ran, verb[0]).toMatchObject({ exitCode: 2, stdout: '' });
      expect(ran.stderr).toContain('Use the version that made it');
    }
  });

  test('a worker leaves runs of another Graph alone and says why; status says it too', async () => {
    const here = await small();
    const other = await small({ AZURE_TENANT_ID: here.env['AZURE_TENANT_ID'] ?? '' });
    const runId = (await other.run(['submit', '--no-plan', other.file('x.csv', ONE)])).stdout.trim();
    const worker = here.start(['worker']);
    await worker.said(`Run ${runId} is left alone. It is for ${other.simulator.url}`);
    worker.interrupt('SIGTERM');
    expect((await worker.ended).exitCode).toBe(0);
    expect((await here.run(['status'])).stderr).toContain(
      `${runId}: for ${other.simulator.url}: only workers with`,
    );
    const status = JSON.parse((await here.run(['status', runId, '--json'])).stdout);
    expect(status.reasonText).toContain('--graph-url');
    expect(here.simulator.stats().envelopes).toBe(0);
    await here.run(['pause', runId]);
    const refused = await here.run(['resume', runId, '--work']);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('nothing was changed');
    expect(await statesOf(here)).toEqual(['paused']);
  });

  test('a worker writes a run with the API version of the run, whatever its own', async () => {
    const here = await bench(redis.url, { tenant: SMALL_TENANT, pageSize: 1 });
    await here.run(['submit', '--no-plan', here.file('x.csv', ONE), '--api-version', 'v1.0']);
    await here.run(['worker', '--until-idle']);
    expect(JSON.parse((await here.run(['status', '@last', '--json'])).stdout)).toMatchObject({
      succeeded: 1,
    });
  });
});

describe('the embedded Redis', () => {
  test('that one command stops and the next one starts is no restart to the limiter, which would hold all work', async () => {
    const here = await bench(undefined, { tenant: SMALL_TENANT });
    const file = here.file('x.csv', ONE);
    expect((await here.run(['apply', file, '--yes'])).exitCode).toBe(0);
    const { limiter } = JSON.parse((await here.run(['status', '@last', '--json'])).stdout);
    expect(limiter).toMatchObject({ backoffUntil: null, backoffReason: null });
  });
});

describe('pause, resume, cancel and retry', () => {
  test('a paused run rests, a resumed one goes on, and what does not fit is refused', async () => {
    const here = await small();
    const runId = (await here.run(['submit', '--no-plan', here.file('x.csv', MIXED)])).stdout.trim();
    const paused = await here.run(['pause', runId, '--json']);
    expect(JSON.parse(paused.stdout)).toMatchObject({
      state: 'paused',
      reason: 'operator',
      reasonText: 'by ada@desk',
      pending: 3,
    });
    expect((await here.run(['worker', '--until-idle'])).exitCode).toBe(3);
    expect(here.simulator.stats().envelopes).toBe(0);
    // What else does not fit, and what is said of it: unit/app/runs/runControl.test.ts.
    const again = await here.run(['pause', runId]);
    expect(again).toMatchObject({ exitCode: 2, stdout: '' });
    expect(again.stderr).toContain(`Run ${runId} is paused`);
    const resumed = await here.run(['resume', '@last', '--work', '--json']);
    expect(resumed.exitCode).toBe(1);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ state: 'completed', succeeded: 1, failed: 1 });
    expect((await here.run(['cancel', runId])).exitCode).toBe(2);
  });

  test('a cancelled run writes nothing more; retry takes up what it left', async () => {
    const here = await small();
    const runId = (await here.run(['submit', '--no-plan', here.file('x.csv', MIXED)])).stdout.trim();
    const cancelled = await here.run(['cancel', runId]);
    expect(cancelled).toMatchObject({ exitCode: 0, stdout: '' });
    expect(cancelled.stderr).toContain('3 rows not written');
    expect((await here.run(['watch', runId])).exitCode).toBe(3);
    const results = JSON.parse((await here.run(['results', runId, '--format', 'json'])).stdout);
    expect(results.map(({ status }: { status: string }) => status)).toEqual([
      'cancelled',
      'cancelled',
      'cancelled',
      'skipped',
    ]);
    await here.run(['worker', '--until-idle']);
    expect(here.simulator.stats().envelopes).toBe(0);
    const retried = await here.run(['retry', runId, '--work']);
    expect(retried.stderr).toContain('3 rows of run');
    expect(retried.exitCode).toBe(1);
    expect((await here.run(['retry', runId])).stderr).toContain('1 row of run');
  });

  test('resume --work without a token changes nothing', async () => {
    const here = await small();
    await here.run(['submit', '--no-plan', here.file('x.csv', ONE)]);
    await here.run(['pause', '@last']);
    const ran = await here.run(['resume', '@last', '--work'], {
      env: { RETARGET_ACCESS_TOKEN: '', AZURE_TOKEN_CREDENTIALS: 'AzureCliCredential' },
    });
    expect(ran.exitCode).toBe(4);
    expect(await statesOf(here)).toEqual(['paused']);
  });

  test('the commands that are named repeat the flags that were given', async () => {
    const here = await small();
    const ran = await here.run([
      'apply',
      here.file('x.csv', MIXED),
      '--yes',
      '--allow',
      'gone=1',
      '--tenant',
      'contoso.com',
    ]);
    expect(ran.stderr).toMatch(/retarget results \S+ --only failed,stale --tenant contoso.com\n/);
  });
});

describe('simulate and demo', () => {
  test('simulate prints its address alone and ends with a signal', async () => {
    const here = await small();
    const running = here.start(['simulate', '--write-limit', 'none', '--configurations', '2']);
    await running.said('It ends with Ctrl-C');
    running.interrupt('SIGINT');
    const ran = await running.ended;
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\n$/);
  });
});
