// What somebody writes who uses the use cases without a command line: see integration/appScript.test.ts.
import { openFile, recognised } from '../../dist/app/draft/inputFile.js';
import { Draft } from '../../dist/app/draft/draft.js';
import { createEvents } from '../../dist/events.js';
import { redactorOf } from '../../dist/app/host.js';
import { identify, signIn } from '../../dist/app/identity.js';
import { findRun } from '../../dist/app/runs/findRun.js';
import { cancelRun } from '../../dist/app/runs/runControl.js';
import { statusOf } from '../../dist/app/runs/status.js';
import { openServices } from '../../dist/app/services.js';
import { NO_LOG } from '../../dist/log.js';
import { DEFAULT_OPTIONS } from '../../dist/runs/run.js';

const { env } = process;
const interrupted = new AbortController().signal;
const host = { env, cwd: process.cwd(), user: { name: 'ada', host: 'desk' }, argv: ['script'], interrupted };
const context = { ...host, redactor: redactorOf(env), log: NO_LOG, events: createEvents(), redisInUse: {} };
await using services = await openServices(await signIn(identify({}, context), context), context);

const file = await recognised(await openFile(process.argv[2], undefined, context));
const run = { options: DEFAULT_OPTIONS, keepDays: 1, planDir: undefined };
await using draft = await Draft.open(file, { given: {}, unplanned: true, run }, services);
const runId = await draft.publish({ again: false, action: 'submit', said: { reason: 'CHG-7' } });
const cancelled = await cancelRun(await findRun(runId, services), { reason: 'CHG-8' }, services);
const status = await statusOf(await findRun(runId, services), services);
process.stdout.write(JSON.stringify({ runId, rows: draft.rows, cancelled, status }));
