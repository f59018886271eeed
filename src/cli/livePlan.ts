import { setMaxListeners } from 'node:events';
import { Duplicates } from '../assignments/duplicates.ts';
import { decide, type Look } from '../assignments/plan.ts';
import { listPath } from '../assignments/policyKinds.ts';
import { EXIT, UserError } from '../errors.ts';
import { createGraphClient, type GraphClient } from '../graph/graphClient.ts';
import { presentAssignments } from '../graph/presentAssignments.ts';
import type { Ledger } from '../queue/ledger.ts';
import { readsWithin } from '../queue/reads.ts';
import type { RunStore } from '../runs/runStore.ts';
import { VERSION } from '../version.ts';
import type { Context } from './context.ts';
import { changeOf } from './intake.ts';
import { count, duration, visible } from './print.ts';
import { signedIn, type Identity } from './identity.ts';
import type { Staged } from './stage.ts';

/** How often a look that takes long says how far it is. */
const TELL_LOOK_EVERY_MS = 5_000;

/** What a file would do to the tenant, in numbers. */
export interface LivePlan {
  readonly tenant: string;
  readonly graphUrl: string;
  readonly apiVersion: string;
  readonly source: { readonly name: string; readonly sha256: string };
  readonly rows: number;
  /** Rows to be written; with `--blind` all of them. */
  readonly writes: number;
  readonly alreadySo: number;
  readonly duplicates: number;
  /** Rows that can't be done, as things are: policy or assignment gone, owned by a policy set, not readable. */
  readonly refused: number;
  readonly leftOut: number;
  /** Seconds that the writes take at the configured budget, at least. */
  readonly secondsAtLeast: number;
  readonly looked: boolean;
}

export const graphClientOf = (
  identity: Identity,
  log?: Parameters<typeof createGraphClient>[0]['log'],
  apiVersion = identity.config.apiVersion,
): GraphClient =>
  createGraphClient({
    root: identity.config.graphUrl,
    apiVersion,
    credentials: signedIn(identity).credentials,
    userAgent: `retarget/${VERSION}`,
    log,
    limits: { requestMs: identity.pace.requestTimeoutMs },
  });

/** Looks at every policy of the staged rows, within the tenant's read budget, and counts what is needed. */
export async function planStaged(staged: Staged, context: Context): Promise<LivePlan> {
  const { session, staging, intake, rules, leftOut } = staged;
  const { identity, runs } = session;
  const counts = { writes: 0, alreadySo: 0, refused: 0 };
  if (rules.blind) {
    counts.writes = staging.rows - staging.duplicates;
  } else {
    const graph = graphClientOf(identity);
    const ledger = session.ledgerOn(runs);
    // One wait after the other listens on it, for thousands of policies.
    setMaxListeners(0, context.interrupted);
    let looked = 0;
    const telling = setInterval(() => {
      tellLook(looked, staging.rows, ledger, runs, context).catch(() => undefined);
    }, TELL_LOOK_EVERY_MS);
    try {
      const send = readsWithin({ ledger, graph }, undefined, context.interrupted);
      const duplicates = new Duplicates();
      for await (const batch of staging.rowsByBatch()) {
        // A row that says the same again is settled with the first one.
        const changes = batch
          .map((input) => changeOf(input, rules))
          .filter((change) => duplicates.seen(change) === undefined);
        const looks = await presentAssignments(
          changes.map(({ address }) => address),
          send,
          `${rules.root}/${rules.apiVersion}`,
        );
        for (const change of changes) {
          const look = looks.get(listPath(change.address));
          if (look === undefined || look.kind === 'unread')
            throw unreadable(identity, look?.why ?? 'no answer');
          if (look.kind === 'signIn') throw notSignedIn(identity, look.error.message);
          const decision = decide(change, look satisfies Look);
          if (decision.kind === 'alreadySo') counts.alreadySo += 1;
          else if (decision.kind === 'write' && decision.present !== undefined) counts.writes += 1;
          else counts.refused += 1;
        }
        looked += batch.length;
      }
    } finally {
      clearInterval(telling);
      await graph.close();
    }
  }
  const { pace } = identity;
  return {
    tenant: identity.tenant,
    graphUrl: identity.config.graphUrl,
    apiVersion: rules.apiVersion,
    source: { name: intake.name, sha256: intake.sha256 },
    rows: staging.rows,
    ...counts,
    duplicates: staging.duplicates,
    leftOut,
    secondsAtLeast: Math.ceil(((counts.writes / pace.writesPerWindow) * pace.windowMs) / 1000),
    looked: !rules.blind,
  };
}

/** Says how far a look has come, and what it waits for: thousands of policies take minutes. */
async function tellLook(
  looked: number,
  rows: number,
  ledger: Ledger,
  runs: RunStore,
  { print }: Context,
): Promise<void> {
  const { holdUntil, holdReason } = await runs.ledgerNow(ledger.policy());
  const waits =
    holdUntil === null ? '' : ` (${holdReason}, waits ${duration((holdUntil - Date.now()) / 1000)})`;
  print.say(`Looked at ${looked.toLocaleString('en-US')} of ${count(rows, 'row')}${waits}.`);
}

export function showPlan(plan: LivePlan, { print }: Context): void {
  print.say(
    `${print.bold(visible(plan.source.name))} → tenant ${plan.tenant} at ${plan.graphUrl}/${plan.apiVersion}`,
  );
  const lines: [number, string][] = [
    [
      plan.writes,
      plan.looked
        ? 'to be written'
        : 'to be written, without a look (--blind): nothing is skipped, and there is no undo',
    ],
    [plan.alreadySo, 'already so'],
    [
      plan.refused,
      'that will fail as things are: the assignment or its policy is gone, or belongs to a policy set',
    ],
    [plan.duplicates, 'repeated, taken once'],
    [plan.leftOut, 'left out'],
  ];
  for (const [n, what] of lines) if (n > 0) print.say(`  ${count(n, 'row').padStart(12)} ${what}`);
  if (plan.writes > 0)
    print.say(`${count(plan.writes, 'write')}, at least ${duration(plan.secondsAtLeast)}.`);
}

const unreadable = (identity: Identity, why: string): UserError =>
  new UserError(`Graph at ${identity.config.graphUrl} can't be read: ${why}.`, {
    remedy: 'Check the network and the proxy from this machine, then start again; nothing was queued.',
    exitCode: EXIT.environment,
  });

const notSignedIn = ({ isReadyToken, hint }: Identity, message: string): UserError =>
  new UserError(`Graph refused the sign-in: ${message}`, {
    remedy: isReadyToken
      ? 'Get a new token, set RETARGET_ACCESS_TOKEN to it, then start again; nothing was queued.'
      : `Run \`${hint('doctor')}\`: it tells what is wrong with the sign-in; nothing was queued.`,
    exitCode: EXIT.environment,
  });
