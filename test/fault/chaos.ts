/**
 * Rounds of a run in real processes to which something is done: workers and producers are killed, Redis goes away, Graph
 * misbehaves. Afterwards the record and the tenant must agree. Each round follows from its seed and replays with it.
 *
 *     npm run chaos -- [--rounds 10] [--seed 1] [--only workerStalled,redisKilled] [--rollback] [--verbose]
 *
 * `--only doubt` plays the deeds that leave the record in doubt, one after the other.
 */
import { parseArgs } from 'node:util';
import { INCIDENT_NAMES, DOUBT_INCIDENTS, planOf, type IncidentName } from './plan.ts';
import { playRound, type Round } from './round.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    rollback: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const isDoubt = values.only === 'doubt';
const only = values.only
  .split(',')
  .filter((name) => name !== '' && !isDoubt)
  .map((name): IncidentName => {
    const known = INCIDENT_NAMES.find((incident) => incident === name);
    if (known === undefined) throw new Error(`--only ${name}: the deeds are ${INCIDENT_NAMES.join(', ')}`);
    return known;
  });

function tell({ plan, struck, tally, takenUpAfterMs, tookMs, violations, said }: Round): void {
  const missed = plan.incidents.filter((incident) => !struck.includes(incident));
  const weather = [plan.weather, ...Object.entries(plan.faults).map(([name, share]) => `${name} ${share}`)];
  const takenUp = takenUpAfterMs.length > 0 ? `, taken up after ${seconds(Math.max(...takenUpAfterMs))}` : '';
  say(
    `seed ${plan.seed}: ${plan.incidents.join(' + ')} (${weather.join(', ')}; ${plan.redis}): ${tally.settled} of ${tally.rows} rows, ` +
      `${tally.settledByRead} by looking${takenUp}, ${seconds(tookMs)}${missed.length > 0 ? `; too late for ${missed.join(', ')}` : ''}`,
  );
  for (const violation of violations) say(`  ${violation}`);
  if (violations.length > 0 || values.verbose) say(said.join('\n'));
  if (violations.length > 0) say(`  Again: npm run chaos -- --rounds 1 --seed ${plan.seed}${flags}`);
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const flags = `${values.only === '' ? '' : ` --only ${values.only}`}${values.rollback ? ' --rollback' : ''}`;

// A round that is cut off would leave its embedded Redis behind. A second signal ends it all the same.
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    say('Ending after this round.');
    stopping.abort();
  });

const first = Number(values.seed);
const rounds: Round[] = [];
for (let seed = first; seed < first + Number(values.rounds) && !stopping.signal.aborted; seed += 1) {
  const doubt = DOUBT_INCIDENTS[(seed - 1) % DOUBT_INCIDENTS.length];
  const incidents = isDoubt && doubt !== undefined ? [doubt] : only;
  const round = await playRound(planOf(seed, incidents, values.rollback));
  rounds.push(round);
  tell(round);
}
const total = (of: (round: Round) => number): number => rounds.reduce((sum, round) => sum + of(round), 0);
const broken = rounds.filter(({ violations }) => violations.length > 0);
const takenUp = rounds.flatMap(({ takenUpAfterMs }) => takenUpAfterMs);
say(
  [
    `${rounds.length} rounds, seeds ${first} to ${first + rounds.length - 1}, ${broken.length} with something wrong`,
    `rows in ${total(({ tally }) => tally.rows)}, settled ${total(({ tally }) => tally.settled)}, lost ${total(({ tally }) => tally.lost)}`,
    `written again ${total(({ tally }) => tally.writtenAgain)}, settled by looking ${total(({ tally }) => tally.settledByRead)}`,
    `longest until what a killed process left was taken up: ${takenUp.length > 0 ? seconds(Math.max(...takenUp)) : 'none was killed'}`,
  ].join('\n'),
);
process.exitCode = broken.length > 0 ? 1 : 0;
