import { stopInWords } from '../../app/runs/whyWaiting.ts';
import type { RunHealth, TenantHealth } from '../../app/runs/tenantHealth.ts';
import type { Health } from '../../app/runs/health.ts';
import type { Identity } from '../../app/identity.ts';
import { baseName, count, duration, shortened } from '../../app/words.ts';
import { visible } from '../../assignments/values/visible.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import type { Run } from '../../runs/run.ts';

/** Runs that one line names. */
const NAMED_MAX = 3;
/** A reason may have any length, and this is one line. */
const WHY_CHARS_MAX = 200;

/** How a tenant is, in one line, the worst first. */
export function healthLine({ stop, runs, now }: TenantHealth, { hint }: Pick<Identity, 'hint'>): string {
  const troubled = runs.filter(({ health }) => health.kind !== 'fine');
  const stopped = stop === undefined ? [] : [`stopped: the tenant ${stopInWords(stop, hint)}`];
  // What is stopped with the tenant need not be told one by one.
  const told = stop === undefined ? troubled : troubled.filter(({ health }) => health.kind !== 'stopped');
  const parts = [...stopped, ...told.map((each) => runLine(each, now))];
  if (parts.length === 0) return fineLine(runs.map(({ run }) => run));
  const more = parts.length - NAMED_MAX;
  return visible([...parts.slice(0, NAMED_MAX), ...(more > 0 ? [`and ${more} more`] : [])].join('; '));
}

function runLine({ run, health }: RunHealth, now: number): string {
  const { runId, source, total, counts } = run;
  const which = `${runId} ${baseName(source.name)} ${total - counts.pending}/${total}`;
  switch (health.kind) {
    case 'fine':
      return which;
    case 'failedRows':
      return `failed rows: ${which}, ${health.rows.toLocaleString('en-US')} did not come through`;
    case 'stopped':
      return `stopped: ${which}, ${run.state}: ${shortened(health.why, WHY_CHARS_MAX)}`;
    case 'overdue':
      return `overdue for ${duration((now - health.since) / 1000)}: ${which}, ${shortened(health.why, WHY_CHARS_MAX)}`;
    case 'stalled':
      return `stalled for ${duration((now - health.since) / 1000)}: ${which}, ${shortened(health.why, WHY_CHARS_MAX)}`;
  }
}

function fineLine(runs: readonly Run[]): string {
  const open = runs.filter(({ finishedAt }) => finishedAt === null);
  const sum = (of: (run: Run) => number): number => open.reduce((total, run) => total + of(run), 0);
  if (open.length === 0) return 'fine: no run is open';
  const done = sum(({ total, counts }) => total - counts.pending);
  return `fine: ${count(open.length, 'open run')}, ${done.toLocaleString('en-US')} of ${count(
    sum(({ total }) => total),
    'row',
  )}`;
}

const EXIT_OF: Readonly<Record<Health['kind'], ExitCode>> = {
  fine: EXIT.done,
  failedRows: EXIT.someRowsFailed,
  stopped: EXIT.stoppedEarly,
  overdue: EXIT.stoppedEarly,
  stalled: EXIT.stoppedEarly,
};

/** 0: fine, 1: rows failed, 3: something is stopped, stalled or overdue. */
export function healthExitCode({ stop, runs }: TenantHealth): ExitCode {
  const codes = runs.map(({ health }) => EXIT_OF[health.kind]);
  if (stop !== undefined || codes.includes(EXIT.stoppedEarly)) return EXIT.stoppedEarly;
  return codes.includes(EXIT.someRowsFailed) ? EXIT.someRowsFailed : EXIT.done;
}

export const healthJson = (health: TenantHealth, identity: Pick<Identity, 'hint' | 'tenant'>) => ({
  tenant: identity.tenant,
  exitCode: healthExitCode(health),
  text: healthLine(health, identity),
  stopped: health.stop ?? null,
  runs: health.runs.map(({ run, health: { kind, ...more } }) => ({
    ...{ runId: run.runId, file: run.source.name, state: run.state, health: kind },
    ...('rows' in more && { rows: more.rows }),
    ...('why' in more && { why: more.why }),
    ...('since' in more && { since: new Date(more.since).toISOString() }),
  })),
});
