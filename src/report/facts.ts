import { timeInZone } from '../runs/schedule/localTime.ts';
import type { Run } from '../runs/run.ts';
import type { LogEntry } from '../runs/runReader.ts';
import { count, duration } from '../app/words.ts';
import { commandLine } from '../app/shellWord.ts';
import type { PlanHeader } from '../formats/planFile.ts';

/** Something to be known of a change: what it is, and its value, or several. */
export interface ReportFact {
  readonly label: string;
  readonly values: readonly string[];
  /** An id, a digest or a command, to be read letter by letter. */
  readonly isCode?: boolean;
}

const fact = (label: string, ...values: readonly (string | null | undefined)[]): ReportFact[] => {
  const said = values.filter((value): value is string => !!value);
  return said.length === 0 ? [] : [{ label, values: said }];
};
const code = (label: string, value: string | null): ReportFact[] =>
  value === null || value === '' ? [] : [{ label, values: [value], isCode: true }];

/** Which tenant, by the name that it was signed in to with, where there is one. */
export interface ReportedTenant {
  readonly id: string;
  readonly name: string | undefined;
}

const tenantFact = ({ id, name }: ReportedTenant): ReportFact[] =>
  fact('Tenant', ...(name === undefined || name === id ? [id] : [name, id]));

export function runFacts(run: Run, tenant: ReportedTenant, log: readonly LogEntry[]): readonly ReportFact[] {
  const { options, runId } = run;
  const time = (at: number | null): string | undefined =>
    at === null ? undefined : timeInZone(at, options.timeZone);
  const takenBackBy = log.flatMap(({ action, details }) =>
    action === 'rolled back' && typeof details?.['by'] === 'string' ? [details['by']] : [],
  );
  return [
    ...tenantFact(tenant),
    ...fact('Why', options.purpose ?? 'no reason was given'),
    ...fact('Who', run.operator, run.appId === 'unknown' ? undefined : `with app ${run.appId}`),
    ...approvalFact(run, time),
    ...fact('Recorded', time(run.createdAt)),
    ...fact('May work', ...windowWords(run)),
    ...fact('Began', time(run.startedAt) ?? 'not yet'),
    ...fact('Ended', time(run.finishedAt), tookWords(run)),
    ...code('Run', runId),
    ...fact('File', run.source.name, run.leftOut > 0 ? `${count(run.leftOut, 'row')} left out` : undefined),
    ...code('File’s SHA-256', run.source.sha256),
    ...fact('Tenant read for the plan', run.blind ? 'never: it was made blind' : time(options.plannedAt)),
    ...code('Plan’s fingerprint', run.planFingerprint),
    ...fact('Takes back', options.revertOf),
    ...fact('Taken back by', ...takenBackBy),
    ...fact('Told the second administrator', options.justification),
    ...fact(
      'Limits',
      options.maxFailures === 'off'
        ? 'no failure budget'
        : `stops when more than ${options.maxFailures} fail`,
      options.canary === null ? undefined : `waits for a yes after ${count(options.canary, 'row')}`,
      options.writesPerWindow === null ? undefined : `${options.writesPerWindow} writes a window`,
    ),
    ...fact('Written through', `${run.graphUrl}/${run.apiVersion}`, howWords(options.strategy)),
    ...code('Command', run.arguments.length === 0 ? null : commandLine(run.arguments)),
  ];
}

/** Whose yes it has, to which plan. */
function approvalFact(
  { approval, planFingerprint, reason }: Run,
  time: (at: number | null) => string | undefined,
): ReportFact[] {
  if (approval === null)
    return fact('Approved', reason === 'approval' ? 'by nobody yet: it waits for it' : null);
  return fact(
    'Approved',
    `by ${approval.name} (${approval.oid}), ${time(approval.at)}`,
    approval.reason,
    approval.fingerprint === planFingerprint
      ? undefined
      : `another plan, ${approval.fingerprint}: this one is not`,
  );
}

/** When a run may be at work. */
export function windowWords({ options }: Pick<Run, 'options'>): readonly string[] {
  const { startAt, windows, timeZone, deadlineAt } = options;
  const said = [
    ...(startAt === null ? [] : [`from ${timeInZone(startAt, timeZone)} on`]),
    ...(windows.length === 0 ? [] : [`within ${windows.join(', ')} (${timeZone ?? 'UTC'})`]),
    ...(deadlineAt === null ? [] : [`until ${timeInZone(deadlineAt, timeZone)}`]),
  ];
  return said.length === 0 ? ['at any time'] : said;
}

function tookWords({ startedAt, finishedAt, workedMs }: Run): string | undefined {
  if (startedAt === null || finishedAt === null) return undefined;
  const took = duration((finishedAt - startedAt) / 1000);
  const worked = duration(workedMs / 1000);
  return took === worked ? `after ${took}` : `after ${took}, ${worked} of it at work`;
}

const howWords = (strategy: Run['options']['strategy']): string =>
  strategy === 'patch' ? 'an assignment at a time, where its kind can' : 'a policy’s whole list at a time';

export function planFacts(
  header: PlanHeader,
  tenant: ReportedTenant,
  { fingerprint, isOurs }: { readonly fingerprint: string; readonly isOurs: boolean },
): readonly ReportFact[] {
  return [
    ...tenantFact(tenant),
    ...fact(
      'Tenant read',
      header.offline || header.blind
        ? 'never: nothing of what is there stands in it'
        : timeInZone(Date.parse(header.createdAt), null),
    ),
    ...fact('File', header.source.name),
    ...code('File’s SHA-256', header.source.sha256),
    ...code('Plan’s fingerprint', fingerprint),
    ...fact(
      'Seal',
      isOurs
        ? 'whole: nobody has edited it since it was made'
        : 'of another Redis: it is planned anew before anything is written',
    ),
    ...fact('Writes through', `${header.graphUrl}/${header.apiVersion}`, howWords(header.strategy)),
  ];
}
