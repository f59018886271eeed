import { identify } from '../../app/identity.ts';
import { isProven, type Rehearsal } from '../../app/rehearse/rehearsal.ts';
import { failureInWords, rehearsalFacts, verdictOf } from '../../app/rehearse/rehearsalInWords.ts';
import { rehearseOn, type StandIn } from '../../app/rehearse/rehearse.ts';
import { twinOf } from '../../app/rehearse/twin.ts';
import { visible } from '../../assignments/values/visible.ts';
import { EXIT, UserError } from '../../errors.ts';
import { seedFrom } from '../../simulator/seedFrom.ts';
import { SimulatorInputError } from '../../simulator/settings.ts';
import { startSimulator, type Simulator } from '../../simulator/simulator.ts';
import type { CliCommand, Context } from '../context.ts';
import { numberIn } from '../flags.ts';
import { writeOutput } from '../terminal/output.ts';
import { proofJson, TOLD_BY_DEFAULT } from '../terminal/showProof.ts';

interface RehearseFlags {
  readonly output?: string;
  readonly speed: number;
  readonly json?: boolean;
}

const SPEED = 20;
/** The shortest window that there may be. */
const WINDOW_MIN_MS = 100;
/** What Graph takes for an answer, and what is left of it where windows are shorter: a worker has to be killed before its replies come. */
const LATENCY_MS = 300;
const LATENCY_MIN_MS = 40;

export const rehearseCommand: CliCommand<RehearseFlags> = {
  options: (command) =>
    command
      .option('-o, --output <file>', 'write it as a page for the change ticket: .html, or .md')
      .addOption(
        numberIn(
          '--speed <times>',
          'so many times faster than the tenant: windows and limits are shortened alike',
          { least: 1, most: 200, fraction: true },
          SPEED,
        ),
      )
      .option('--json', 'print what it came to as JSON'),
  async run([path = ''], { output, speed: wanted, json }, context) {
    const render = output === undefined ? undefined : await rendererFor(output);
    const identity = identify({}, context);
    const twin = await twinOf(path, context);
    const windowMs = Math.max(WINDOW_MIN_MS, Math.round(identity.pace.windowMs / wanted));
    const speed = identity.pace.windowMs / windowMs;
    await using simulator = await standInFor(twin, windowMs, speed);
    const standIn: StandIn = {
      url: simulator.url,
      writesArrived: () => simulator.stats().writesArrived,
      writtenAgain: () => simulator.stats().writtenAgain.length,
    };
    const tell = (sentence: string): void => context.print.say(visible(sentence));
    const found = await rehearseOn({ path, twin, standIn, windowMs, speed, identity, tell }, context);
    if (render !== undefined && output !== undefined) {
      await writeOutput(inPieces(render(found)), output, context);
      context.print.say(`Wrote ${output}.`);
    }
    if (json) context.print.json(rehearsalJson(found));
    else show(found, context);
    return isProven(found) ? EXIT.done : EXIT.someRowsFailed;
  },
};

/** @throws UserError (exit 2) for a plan with policies that the simulator has not */
async function standInFor(
  { policies, names, filters }: Awaited<ReturnType<typeof twinOf>>,
  windowMs: number,
  speed: number,
): Promise<Simulator> {
  try {
    const { tenant, groups } = seedFrom(policies, names, filters);
    const latencyMs = Math.max(LATENCY_MIN_MS, Math.round(LATENCY_MS / speed));
    return await startSimulator({ tenant, groups, windowMs, latencyMs });
  } catch (error) {
    if (!(error instanceof SimulatorInputError)) throw error;
    throw new UserError(`Nothing can stand in for this tenant: ${error.message}`, {
      remedy: error.remedy,
      exitCode: EXIT.badInput,
    });
  }
}

/** Loaded when it is asked for: `retarget --version` needs no pages. */
async function rendererFor(output: string): Promise<(rehearsal: Rehearsal) => string> {
  if (/\.html?$/i.test(output)) return (await import('../../report/rehearsalPage.tsx')).rehearsalPage;
  if (/\.(md|markdown)$/i.test(output))
    return (await import('../../report/rehearsalMarkdown.ts')).rehearsalMarkdown;
  throw new UserError(`The extension of ${output} names no page.`, {
    remedy: 'Let it end in .html or .md.',
    exitCode: EXIT.badInput,
  });
}

async function* inPieces(text: string): AsyncGenerator<string> {
  yield await Promise.resolve(text);
}

function show(rehearsal: Rehearsal, { print }: Context): void {
  for (const { about, fact, more } of rehearsalFacts(rehearsal))
    print.say(visible(`${about}: ${fact}${more === '' ? '.' : `. ${more}`}`));
  for (const failure of [...rehearsal.run.failures, ...(rehearsal.undo?.failures ?? [])])
    print.say(visible(failureInWords(failure)));
  print.say(verdictOf(rehearsal));
}

function rehearsalJson(rehearsal: Rehearsal): object {
  const { plan, twin, speed, cost, killed, run, undo, proof, undoProof, different, writtenAgain } = rehearsal;
  const leg = ({ run: { runId, state, counts, throttled, total }, seconds, failures }: Rehearsal['run']) => ({
    ...{ runId, state, total, ...counts, throttled, seconds, failures },
  });
  return {
    ...{ plan: plan.name, fingerprint: plan.end.fingerprint, tenant: plan.header.tenant },
    ...{ decisions: plan.decisions, twin, speed, cost, killed: killed ?? null, writtenAgain },
    ...{ run: leg(run), undo: undo ? leg(undo) : null, different },
    ...{ isRunProven: rehearsal.isRunProven, isUndoProven: rehearsal.isUndoProven },
    proof: proofJson(proof, TOLD_BY_DEFAULT),
    undoProof: proofJson(undoProof, TOLD_BY_DEFAULT),
    verdict: verdictOf(rehearsal),
  };
}
