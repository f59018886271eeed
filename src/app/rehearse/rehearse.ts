import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Allowed } from '../../assignments/guard/allow.ts';
import { GUARD_KINDS } from '../../assignments/guard/finding.ts';
import { fingerprintOfList } from '../../assignments/changes/fingerprint.ts';
import { listKey } from '../../assignments/kinds/address.ts';
import { EXIT, UserError } from '../../errors.ts';
import { createEvents } from '../../events.ts';
import { NO_LOG } from '../../log.ts';
import { DEFAULT_OPTIONS, hasEnded, type Run } from '../../runs/run.ts';
import { Draft } from '../draft/draft.ts';
import { openFile, recognised } from '../draft/inputFile.ts';
import { redactorOf, type Host } from '../host.ts';
import { identify, signIn, type Identity } from '../identity.ts';
import { isStopped, type Plan } from '../plan/plan.ts';
import { proveRun, type Proof } from '../prove/prove.ts';
import { draftRollback, publishRollback, writtenBy } from '../rollback/rollback.ts';
import { follow } from '../runs/follow.ts';
import { resultsOf } from '../runs/results.ts';
import { selectorFrom } from '../runs/selection.ts';
import { openServices, type Services } from '../services.ts';
import { diffOf, snapshotSide, tenantSide } from '../snapshots/diff.ts';
import { openSnapshot } from '../snapshots/openSnapshot.ts';
import { takeSnapshot } from '../snapshots/takeSnapshot.ts';
import { count } from '../words.ts';
import type { FailedAlike, Killed, Leg, Rehearsal } from './rehearsal.ts';
import type { Twin } from './twin.ts';
import { twinEnv } from './twinEnv.ts';
import { writeTwinPlan } from './twinPlan.ts';
import { startWorkerProcess, type WorkerProcess } from './workerProcess.ts';

/** A Graph that stands in for the tenant's, on this machine. */
export interface StandIn {
  readonly url: string;
  /** Writes that have arrived there so far. */
  writesArrived(): number;
  /** Assignments and lists that were written once more after their first write had been answered. */
  writtenAgain(): number;
}

export interface RehearsalTerms {
  /** The path of the plan, as it was given. */
  readonly path: string;
  readonly twin: Twin;
  readonly standIn: StandIn;
  /** The windows of the stand-in, and how many times faster they are than those of `identity`. */
  readonly windowMs: number;
  readonly speed: number;
  /** Of whoever rehearses: the pace of its settings counts, and nothing else of them. */
  readonly identity: Identity;
  /** Told how far it is, a sentence at a time. */
  readonly tell: (sentence: string) => void;
}

/** How often the stand-in is asked whether it is time to kill the worker. */
const LOOK_EVERY_MS = 5;
/** Causes of failures, and lines of one, that are told. */
const CAUSES_MAX = 20;
const LINES_MAX = 5;
/** A plan that was made weeks ago is rehearsed as it is. */
const NEVER_TOO_OLD_MS = 10 * 365 * 86_400_000;

/** All that a record keeps. */
const SAMPLES_MAX = 720;

const EVERY_ROW = selectorFrom([]);

const NO_LIMITS = { maxChanges: 'off', maxPercent: 'off', maxAudience: undefined } as const;

/**
 * Carries a plan out on a stand-in for its tenant, kills a worker half-way, proves what came of it, takes it back and proves that. Nothing
 * of it can reach the tenant: see `twinEnv`.
 * @throws UserError (exit 3) for a plan that the guard stops whatever is allowed, or a run that does not come to its end; (exit 4) without a
 * redis-server
 */
export async function rehearseOn(terms: RehearsalTerms, host: Host): Promise<Rehearsal> {
  const dir = await mkdtemp(join(host.env['TMPDIR'] ?? tmpdir(), 'retarget-rehearsal-'));
  try {
    const own = hostIn(dir, terms, host);
    const known = await signIn(identify({}, own), own);
    await using services = await openServices(known, own);
    return await rehearsedBy(terms, dir, services, own, host);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** A host that knows nothing of the tenant. What it would tell is told by the rehearsal itself. */
function hostIn(dir: string, { twin, standIn, windowMs, identity }: RehearsalTerms, host: Host): Host {
  const { config } = identity;
  const env = twinEnv({
    ...{ url: standIn.url, tenant: twin.header.tenant, windowMs, home: dir, dataDir: join(dir, 'data') },
    writesPerWindow: config.env['RETARGET_WRITES_PER_WINDOW'],
    concurrency: config.env['RETARGET_CONCURRENCY'],
    path: host.env['PATH'],
  });
  return {
    ...{ env, cwd: dir, user: host.user, argv: ['rehearse'], log: NO_LOG, events: createEvents() },
    ...{ interrupted: host.interrupted, redactor: redactorOf(env), redisInUse: {} },
  };
}

async function rehearsedBy(
  terms: RehearsalTerms,
  dir: string,
  services: Services,
  own: Host,
  host: Host,
): Promise<Rehearsal> {
  const { twin, tell, speed, path } = terms;
  const snapshot = join(dir, 'before.json');
  const taken = await takeSnapshot(snapshot, services);
  const key = await services.runs.sealKey();
  const unlike = await unlikeIn(snapshot, key, twin, services);
  tell(
    `The stand-in has ${count(taken.policies, 'policy', 'policies')} with ${count(taken.assignments, 'assignment')}, as the plan read them.`,
  );
  const twinPlan = join(dir, 'plan.ndjson');
  await writeTwinPlan(path, twinPlan, services, host);
  const workers: WorkerProcess[] = [];
  const started = (): WorkerProcess => {
    const worker = startWorkerProcess(own.env, dir);
    workers.push(worker);
    return worker;
  };
  const before = await openSnapshot(snapshot, key, services);
  const prove = async (runId: string): Promise<Proof> => {
    const run = await services.runs.run(runId);
    if (run === undefined) throw new Error(`run ${runId} is gone`);
    return proveRun(run, { snapshot: before, planDir: undefined }, services);
  };
  try {
    const first = started();
    const { plan, runId } = await publish(twinPlan, services);
    const killed = await killHalfWay(first, runId, plan.requests, terms, services);
    const second = started();
    const run = await seenToItsEnd(runId, second, services, killed);
    const writtenAgain = terms.standIn.writtenAgain();
    tell(`The run came to its end (${run.state}).`);
    const proof = await prove(runId);
    const undo = await takenBack(runId, second, services);
    if (undo !== undefined) tell('It was taken back.');
    const undoProof = await prove(runId);
    const now = await tenantSide(services);
    const diff = diffOf(await snapshotSide(snapshot, key, services), now, {
      isByName: false,
      renames: undefined,
    });
    await second.end('SIGTERM');
    const different = diff.differences.length + diff.notCompared.length;
    return {
      plan: { name: path, header: twin.header, end: twin.end, decisions: twin.decisions },
      twin: { policies: taken.policies, assignments: taken.assignments, unlike },
      ...{ speed, proof, undoProof, different, undo: undo && (await legOf(undo, services)) },
      cost: {
        requests: plan.requests,
        atLeast: plan.secondsAtLeast * speed,
        about: plan.secondsAbout * speed,
      },
      rehearsedAt: new Date().toISOString(),
      run: await legOf(run, services),
      killed: killed && killedAs(killed),
      writtenAgain,
      isRunProven: hasEnded(run) && run.state === 'completed' && proof.isAsPlanned,
      isUndoProven: undoProof.isAsPlanned && different === 0,
    };
  } finally {
    await Promise.all(workers.map((worker) => worker.end('SIGKILL')));
  }
}

/** Lists of the stand-in that do not read as the plan has read them: rows of these would find something else. */
async function unlikeIn(snapshot: string, key: Buffer, twin: Twin, services: Services): Promise<number> {
  const { policies } = await openSnapshot(snapshot, key, services);
  let unlike = 0;
  for await (const { policy } of policies()) {
    const { kind, id: policyId, assignments } = policy;
    const expected = twin.lists.get(listKey({ kind, policyId, via: [], viaId: '' }));
    if (expected !== undefined && expected !== fingerprintOfList(assignments)) unlike += 1;
  }
  return unlike;
}

/** Makes the twin's plan a run. What its guard found is allowed, as it will have to be. */
async function publish(path: string, services: Services): Promise<{ plan: Plan; runId: string }> {
  const file = await recognised(await openFile(path, undefined, services));
  const options = { ...DEFAULT_OPTIONS, maxAgeMs: NEVER_TOO_OLD_MS };
  const run = { options, keepDays: 1, planDir: undefined, notify: ['off'] };
  await using draft = await Draft.open(file, { given: {}, run }, services);
  const judged = { offline: false, limits: NO_LIMITS, saveTo: [] };
  const { guard } = await draft.plan({ ...judged, allowed: new Map() });
  const allowed: Allowed = new Map(GUARD_KINDS.flatMap((kind) => (guard[kind] ? [[kind, guard[kind]]] : [])));
  const plan = await draft.plan({ ...judged, allowed });
  if (isStopped(plan)) throw stopped(plan);
  const runId = await draft.publish({ again: true, action: 'rehearse', said: {} });
  return { plan, runId };
}

const stopped = ({ blocked, differences }: Plan): UserError =>
  new UserError(
    `The plan can't be carried out: ${[...blocked.map(({ kind, found }) => `${kind}=${found}`), ...differences].join(', ')}.`,
    {
      remedy: 'Look at it with `retarget plan` on the file that it was made of, and mend the rows.',
      exitCode: EXIT.stoppedEarly,
    },
  );

/** A worker that was killed, while it is not known yet when the next one has taken over. */
interface Dying {
  readonly at: number;
  readonly ended: number;
  readonly inFlight: number;
  untilNextSeconds: number | undefined;
}

const killedAs = ({ ended, inFlight, untilNextSeconds }: Dying): Killed => ({
  ended,
  inFlight,
  untilNextSeconds,
});

/** Kills a worker when half of the writes have arrived, while their replies are on the way. */
async function killHalfWay(
  worker: WorkerProcess,
  runId: string,
  requests: number,
  { standIn, tell }: RehearsalTerms,
  services: Services,
): Promise<Dying | undefined> {
  const half = Math.max(1, Math.ceil(requests / 2));
  while (standIn.writesArrived() < half) {
    services.interrupted.throwIfAborted();
    expectAlive(worker);
    const run = requests === 0 || standIn.writesArrived() > 0 ? await services.runs.run(runId) : undefined;
    if (run !== undefined && isOver(run)) return undefined;
    await sleep(LOOK_EVERY_MS);
  }
  await worker.end('SIGKILL');
  const run = await services.runs.run(runId);
  if (run === undefined || hasEnded(run)) return undefined;
  tell(
    `The worker was killed after ${run.ended.toLocaleString('en-US')} of ${count(run.total, 'row')}, with ${count(run.sent, 'write')} on the way.`,
  );
  return { at: performance.now(), ended: run.ended, inFlight: run.sent, untilNextSeconds: undefined };
}

/** A run that waits for somebody does not come to its end here. */
const isOver = (run: Run): boolean =>
  hasEnded(run) || run.state === 'paused' || run.state === 'aborted' || run.state === 'cancelled';

async function seenToItsEnd(
  runId: string,
  worker: WorkerProcess,
  services: Services,
  killed?: Dying,
): Promise<Run> {
  let last: Run | undefined;
  for await (const { run } of follow(runId, services, { until: isOver })) {
    services.interrupted.throwIfAborted();
    if (!isOver(run)) expectAlive(worker);
    if (killed !== undefined && killed.untilNextSeconds === undefined && run.ended > killed.ended)
      killed.untilNextSeconds = Math.round((performance.now() - killed.at) / 100) / 10;
    last = run;
  }
  if (last !== undefined && hasEnded(last)) return last;
  throw new UserError(
    `The rehearsal stopped: its run is ${last?.state ?? 'gone'}${last?.reasonText ? ` (${last.reasonText})` : ''}.`,
    {
      remedy:
        'So would the run in the tenant. Look at the failures with a smaller plan, or mend the rows; nothing was written anywhere.',
      exitCode: EXIT.stoppedEarly,
    },
  );
}

function expectAlive(worker: WorkerProcess): void {
  const said = worker.saidLast();
  if (said === undefined) return;
  throw new UserError(`The worker of the rehearsal has ended by itself: ${said}`, {
    remedy: 'Run `retarget doctor`, and rehearse again; nothing was written anywhere.',
    exitCode: EXIT.environment,
  });
}

/** Takes the run back as `rollback` does. Undefined: there was nothing to be taken back. */
async function takenBack(runId: string, worker: WorkerProcess, services: Services): Promise<Run | undefined> {
  const source = { kind: 'run', name: runId, includeUnrecorded: true } as const;
  const selection = { where: EVERY_ROW, rows: undefined };
  const written = await writtenBy(source, { selection, planDir: undefined, apiVersion: undefined }, services);
  const made = {
    ...{ force: false, isDry: false, planDir: undefined, justification: null, purpose: null },
    ...{ schedule: DEFAULT_OPTIONS, notify: ['off'] },
  };
  const { draft, inverses } = await draftRollback(written, made, services);
  await using _draft = draft;
  if (inverses.rows === 0) return undefined;
  await draft.plan({ offline: false, limits: NO_LIMITS, allowed: new Map(), saveTo: [] });
  const back = await publishRollback(draft, written, { force: false, said: {} }, services);
  return await seenToItsEnd(back, worker, services);
}

async function legOf(run: Run, services: Services): Promise<Leg> {
  const { runs } = services;
  const causes = new Map<string, FailedAlike & { readonly lines: number[]; rows: number }>();
  const { shown } = await resultsOf(
    run,
    {
      where: EVERY_ROW,
      rows: undefined,
      only: new Set(['failed', 'stale', 'unsure', 'awaitingApproval']),
    },
    services,
  );
  for await (const { status, code, message, line } of shown()) {
    const key = `${status} ${code}`;
    const found = causes.get(key) ?? { status, code, message, rows: 0, lines: [] };
    causes.set(key, found);
    found.rows += 1;
    if (found.lines.length < LINES_MAX) found.lines.push(line);
  }
  const { startedAt, finishedAt } = run;
  return {
    run,
    seconds: startedAt === null || finishedAt === null ? 0 : (finishedAt - startedAt) / 1000,
    failures: [...causes.values()].toSorted((a, b) => b.rows - a.rows).slice(0, CAUSES_MAX),
    samples: await runs.samples(run.runId, SAMPLES_MAX),
    log: await runs.told(run.runId),
  };
}
