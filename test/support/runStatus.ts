import type { RunStatus } from '../../src/runs/progress.ts';

/** Of a run at work, as `status` shows it. */
export const STATUS: RunStatus = {
  ...{
    runId: 'r',
    state: 'running',
    reason: null,
    reasonText: null,
    tenant: 't',
    graphUrl: 'g',
    planFingerprint: null,
    operator: 'o',
    approval: null,
    purpose: null,
    lastProgressAt: null,
    reasonSince: null,
    waitsFor: null,
    workers: [],
  },
  source: { name: 'x.csv', sha256: '' },
  ...{ total: 2_000, pending: 1_500, succeeded: 400, skipped: 97, failed: 2, stale: 1 },
  ...{ awaitingApproval: 0, unsure: 0, cancelled: 0, inDoubt: 0, unrecorded: 0 },
  ...{
    throttled: 7,
    maxFailures: '5%',
    writesPerWindow: null,
    families: [],
    channels: [],
    schedule: null,
    revert: null,
  },
  ...{ createdAt: '', startedAt: '', finishedAt: null, ratePerSecond: 24.54, etaSeconds: 61 },
  doneAbout: new Date(new Date().setHours(3, 40)).toISOString(),
  limiter: { limit: 100, budget: 100, charged: 0, used: 0, backoffUntil: null, backoffReason: null },
};
