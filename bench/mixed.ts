/**
 * A run over five throttle families beside the same rows of each family alone: about as long as the slowest of them, as each family has
 * limits of its own. Asserts nothing.
 *
 *     npm run bench:mixed -- [--rows 100,400] [--window-ms 5000] [--seeds 3]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { SeedPolicy } from '../src/simulator/tenantFile.ts';
import { median, openRig, RETARGET, whileAlive } from './rig.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '100,400' },
    'window-ms': { type: 'string', default: '5000' },
    seeds: { type: 'string', default: '3' },
  },
});
const WINDOW_MS = Number(values['window-ms']);
const LATENCY_MS = Math.round(WINDOW_MS * 0.02);
const LOOK_MS = 20;
/** A run that takes longer is not waited for. */
const WINDOWS_MAX = 60;

/** One kind of each of five families, all of them written by `assign`. */
const TYPES = [
  ...(['configurationPolicy', 'deviceManagementScript', 'windowsFeatureUpdateProfile'] as const),
  ...(['androidManagedAppProtection', 'deviceEnrollmentConfiguration'] as const),
] as const;
type Type = (typeof TYPES)[number];

const guidOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

const policiesOf = (types: readonly Type[], many: number): SeedPolicy[] =>
  types.flatMap((type) =>
    Array.from({ length: many }, (_, n) => {
      const id = guidOf((TYPES.indexOf(type) + 1) * 100_000 + n);
      const target = { '@odata.type': '#microsoft.graph.groupAssignmentTarget', groupId: guidOf(1) };
      return {
        ...{ type, id, displayName: `${type} ${n}`, properties: { priority: 1 } },
        assignments: [{ id: `${id}_a`, target }],
      };
    }),
  );

const csvOf = (policies: readonly SeedPolicy[]): string =>
  [
    'policyType,policyId,assignmentId,targetType,groupId',
    ...policies.map(({ type, id, assignments: [first] }) => `${type},${id},${first?.id},group,${guidOf(2)}`),
    '',
  ].join('\n');

/** From the first write to the last, in windows. */
async function windowsOf(types: readonly Type[], rows: number, seed: number): Promise<number> {
  const policies = policiesOf(types, rows);
  await using rig = await openRig({
    ...{ rows: policies.length, seed, given: { tenant: { policies }, csv: csvOf(policies) } },
    flags: ['--window-ms', String(WINDOW_MS), '--latency-ms', String(LATENCY_MS), '--request-limit', 'none'],
    env: { RETARGET_WINDOW_MS: String(WINDOW_MS) },
    redis: 'tcp',
  });
  rig.start(RETARGET, ['worker']);
  await rig.retarget('submit', '--no-plan', rig.file);
  const giveUpAt = Date.now() + WINDOWS_MAX * WINDOW_MS;
  for (;;) {
    const { writesDone, throttled, writeArrivals } = await rig.stats();
    const [first = 0] = writeArrivals;
    if (throttled > 0) console.error(`${types.join(', ')}: ${throttled} throttled`);
    if (writesDone >= policies.length) return ((writeArrivals.at(-1) ?? first) - first) / WINDOW_MS;
    if (Date.now() > giveUpAt) return Infinity;
    await sleep(LOOK_MS);
  }
}

await whileAlive(async () => {
  console.log(
    `Windows of ${WINDOW_MS} ms, latency ${LATENCY_MS} ms, median of ${values.seeds} seeds; in windows from the first write to the last\n`,
  );
  console.log('| rows of each family | all five together | slowest alone | ratio | one after the other |');
  console.log('|---|---|---|---|---|');
  for (const rows of values.rows.split(',').map(Number)) {
    const medianOf = async (types: readonly Type[]): Promise<number> => {
      const taken: number[] = [];
      for (let seed = 1; seed <= Number(values.seeds); seed += 1)
        taken.push(await windowsOf(types, rows, seed));
      return median(taken);
    };
    const alone: number[] = [];
    for (const type of TYPES) alone.push(await medianOf([type]));
    const together = await medianOf(TYPES);
    const slowest = Math.max(...alone);
    const sum = alone.reduce((all, each) => all + each, 0);
    const cells = [together.toFixed(2), slowest.toFixed(2), (together / slowest).toFixed(2), sum.toFixed(2)];
    console.log(`| ${[rows, ...cells].join(' | ')} |`);
  }
});
